//! The SQLite store on a full or read-only disk: errors are typed, acknowledged data stays, and the
//! store recovers by itself.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use protocol::AccountId;
use rusqlite::Connection;
use store::contract::sample::{Sample, assert_holds, moment};
use store::{Durability, Outage, Store, StoreError};
use store_sqlite::{OpenError, Sqlite};

use crate::moved_files;
use crate::small_disk::{SmallDisk, as_root_with_loop_devices, mount, on_a_small_disk};

pub(crate) fn outage<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Outage {
    match result {
        Err(StoreError::Outage { outage, .. }) => outage,
        other => panic!("no outage: {other:?}"),
    }
}

/// The result of SQLite's own integrity check.
pub(crate) fn integrity(folder: &Path) -> String {
    let db = Connection::open(folder.join("companion.db")).unwrap();
    db.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap()
}

#[test]
fn every_write_fails_on_a_full_disk_and_works_again_when_there_is_space() {
    let test = "disk::every_write_fails_on_a_full_disk_and_works_again_when_there_is_space";
    on_a_small_disk(test, 2048, async |disk| {
        let store = Sqlite::open(disk.path()).unwrap();
        let mut sample = Sample::created(1, &store).await;
        sample.asked(&store, "q", &["日", "本"]).await;
        disk.fill();
        for _ in 0..3 {
            let mut refused = sample.clone();
            assert_eq!(outage(store.append(refused.renamed("x")).await), Outage::Full);
            let question = refused_question(&sample);
            assert_eq!(outage(store.append(question).await), Outage::Full);
            let mut new = Sample::new(2);
            assert_eq!(
                outage(store.create(AccountId::FIRST, new.log, new.first()).await),
                Outage::Full
            );
            assert_eq!(outage(store.delete(sample.id(), moment(9)).await), Outage::Full);
            assert_holds(&store, &sample).await;
            assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 1);
        }
        disk.free();
        sample.asked(&store, "q", &["a"]).await;
        assert_holds(&store, &sample).await;
        store.close().await;
        drop(store);
        assert_eq!(integrity(disk.path()), "ok");
        assert_holds(&Sqlite::open(disk.path()).unwrap(), &sample).await;
    });
}

fn refused_question(sample: &Sample) -> store::Append {
    let head = sample.head;
    sample.clone().question("refused", head)
}

/// The write-ahead log grows until the disk is full, so that the checkpoint, for which the database
/// has to grow as well, fails in the middle.
#[test]
fn no_commit_is_lost_if_the_disk_fills_up_during_a_checkpoint() {
    let test = "disk::no_commit_is_lost_if_the_disk_fills_up_during_a_checkpoint";
    on_a_small_disk(test, 32 * 1024, async |disk| {
        let store = Sqlite::open(disk.path()).unwrap();
        let mut sample = Sample::created(1, &store).await;
        let long = "x".repeat(30_000);
        let mut rounds = 0;
        let refused = loop {
            let mut before = sample.clone();
            let head = sample.head;
            let mut done = store.append(sample.question(&long, head)).await;
            if done.is_ok() {
                rounds += 1;
                before = sample.clone();
                done = store.append(sample.ended()).await;
            }
            if let Err(error) = done {
                sample = before;
                break error;
            }
        };
        assert!(rounds > 100, "{rounds} rounds");
        assert_eq!(outage::<()>(Err(refused)), Outage::Full);
        assert_holds(&store, &sample).await;
        // A crash now would leave these files, and they are sound as well.
        let copy = tempfile::tempdir_in("/var/tmp").unwrap();
        crate::files::copy_as_it_is(disk.path(), copy.path());
        assert_holds(&Sqlite::open(copy.path()).unwrap(), &sample).await;

        grow(&disk, 64 * 1024);
        sample.asked(&store, "q", &["a"]).await;
        store.close().await;
        drop(store);
        assert_eq!(integrity(disk.path()), "ok");
        assert_holds(&Sqlite::open(disk.path()).unwrap(), &sample).await;
    });
}

fn grow(disk: &SmallDisk, kib: u32) {
    mount(&["-o", &format!("remount,size={kib}k")], disk.path()).unwrap();
}

/// Opens the store. The connections of an earlier one may still be closing, and until then the space
/// of its removed files is not free.
async fn opened(folder: &Path) -> Sqlite {
    for _ in 0..500 {
        if let Ok(store) = Sqlite::open(folder) {
            return store;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Sqlite::open(folder).unwrap()
}

#[test]
fn a_start_on_a_full_disk_is_refused_and_leaves_no_partial_files() {
    let test = "disk::a_start_on_a_full_disk_is_refused_and_leaves_no_partial_files";
    on_a_small_disk(test, 1024, async |disk| {
        // No amount of space that is too small for an empty database may leave anything behind.
        let mut refused = 0;
        for kib in (0..400).step_by(4) {
            disk.fill_but(kib);
            match Sqlite::open(disk.path()) {
                Err(OpenError::Full { .. }) => refused += 1,
                Err(error) => panic!("{kib} KiB: {error:?}"),
                Ok(store) => store.close().await,
            }
            disk.free();
            let store = opened(disk.path()).await;
            assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 0, "{kib} KiB");
            store.close().await;
            drop(store);
            for file in ["companion.db", "companion.db-wal", "companion.db-shm"] {
                let _ = std::fs::remove_file(disk.path().join(file));
            }
        }
        assert!((10..90).contains(&refused), "{refused} of 100");
        let sample = {
            let store = Sqlite::open(disk.path()).unwrap();
            let sample = Sample::created(1, &store).await;
            store.close().await;
            sample
        };
        disk.fill();
        match Sqlite::open(disk.path()) {
            Err(OpenError::Full { .. }) => {}
            // The earlier attempt may have left some of its side files, so this one needs less
            // space.
            Ok(store) => {
                assert_holds(&store, &sample).await;
                let refused = store.append(sample.clone().renamed("x")).await;
                assert_eq!(outage(refused), Outage::Full);
            }
            Err(error) => panic!("{error:?}"),
        }
        disk.free();
        assert_holds(&moved_files::opened(disk.path()).await, &sample).await;
    });
}

#[test]
fn a_read_only_folder_or_file_is_reported_and_not_changed() {
    let test = "disk::a_read_only_folder_or_file_is_reported_and_not_changed";
    on_a_small_disk(test, 1024, async |disk| {
        let store = Sqlite::open(disk.path()).unwrap();
        let sample = Sample::created(1, &store).await;
        store.close().await;
        drop(store);
        let file = disk.path().join("companion.db");
        let before = std::fs::read(&file).unwrap();

        while mount(&["-o", "remount,ro"], disk.path()).is_err() {
            // The reading threads keep their files open for a moment longer.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(matches!(Sqlite::open(disk.path()), Err(OpenError::ReadOnly { .. })));
        mount(&["-o", "remount,rw"], disk.path()).unwrap();

        let at = file.to_str().unwrap();
        mount(&["--bind", at], &file).unwrap();
        mount(&["-o", "remount,bind,ro"], &file).unwrap();
        let refused = Sqlite::open(disk.path());
        assert!(matches!(refused, Err(OpenError::ReadOnly { .. })), "{:?}", refused.err());
        assert!(Command::new("umount").arg(&file).status().unwrap().success());

        assert_eq!(std::fs::read(&file).unwrap(), before);
        assert_holds(&Sqlite::open(disk.path()).unwrap(), &sample).await;
    });
}

/// A file system does this by itself when its disk fails: it turns read-only from one moment to the
/// next, even for open files.
#[test]
fn writes_fail_and_reads_work_after_the_disk_turns_read_only() {
    let test = "disk::writes_fail_and_reads_work_after_the_disk_turns_read_only";
    on_a_small_disk(test, 16 * 1024, async |disk| {
        if !as_root_with_loop_devices() {
            return;
        }
        let (image, folder) = (disk.path().join("image"), disk.path().join("mounted"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
        assert!(Command::new("mkfs.ext4").arg("-q").arg(&image).status().unwrap().success());
        let image = image.to_str().unwrap().to_owned();
        mount(&["-o", "loop", &image], &folder).unwrap();
        let store = Sqlite::open(&folder).unwrap();
        let mut sample = Sample::created(1, &store).await;
        sample.asked(&store, "q", &["a"]).await;
        let mut synced = sample.renamed("synced");
        synced.durability = Durability::Power;
        store.append(synced).await.unwrap();

        mount(&["-o", "remount,abort"], &folder).unwrap();
        for _ in 0..2 {
            assert_eq!(outage(store.append(refused_question(&sample)).await), Outage::ReadOnly);
            assert_holds(&store, &sample).await;
        }
        store.close().await;
        drop(store);
        // The reading threads end a moment after the store.
        while !Command::new("umount").arg(&folder).output().unwrap().status.success() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        mount(&["-o", "loop", &image], &folder).unwrap();
        let store = Sqlite::open(&folder).unwrap();
        assert_holds(&store, &sample).await;
        drop(store);
        Command::new("umount").arg("--lazy").arg(&folder).status().unwrap();
    });
}
