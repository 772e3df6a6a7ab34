//! The SQLite store's files in bad states: truncated, overwritten, partly missing, or from a newer
//! version. A start either works with everything that was committed, or is refused and leaves the
//! files unchanged; it never starts an empty database over a damaged one.

use protocol::AccountId;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use store::contract::sample::{Sample, assert_holds};
use store::{Store, StoreError};
use store_sqlite::{OpenError, Sqlite};
use tempfile::{TempDir, tempdir};

use crate::files::copy_as_it_is;

const PAGE: u64 = 4096;

/// A cleanly closed database with enough data that it has pages of every kind.
pub(crate) async fn closed() -> (TempDir, Vec<Sample>) {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let mut samples = Vec::new();
    for number in 1..=3 {
        let mut sample = Sample::created(number, &store).await;
        for n in 0..8 {
            sample.asked(&store, &format!("question {n}"), &[&"answer ".repeat(150)]).await;
        }
        samples.push(sample);
    }
    store.close().await;
    (folder, samples)
}

/// A changed copy of the database file only.
fn changed(folder: &TempDir, change: impl FnOnce(&std::fs::File)) -> TempDir {
    let copy = tempdir().unwrap();
    std::fs::copy(database(folder.path()), database(copy.path())).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(database(copy.path())).unwrap();
    change(&file);
    copy
}

fn database(folder: &Path) -> PathBuf {
    folder.join("companion.db")
}

fn wal(folder: &Path) -> PathBuf {
    folder.join("companion.db-wal")
}

/// Checks that opening is refused, twice, and changes nothing.
fn refused(folder: &Path) -> OpenError {
    let bytes = || [database(folder), wal(folder)].map(|file| std::fs::read(file).ok());
    let before = bytes();
    for _ in 0..2 {
        let refused = Sqlite::open(folder).map(drop).unwrap_err();
        assert_eq!(bytes(), before, "{refused}");
    }
    assert!(Sqlite::look(folder).is_err());
    assert_eq!(bytes(), before);
    Sqlite::open(folder).map(drop).unwrap_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_database_is_refused_and_not_changed() {
    let (folder, _) = closed().await;
    let length = std::fs::metadata(database(folder.path())).unwrap().len();
    assert!(length > 20 * PAGE, "{length}");
    let mut cuts = vec![0, 1, 15, 16, 50, 99, 100, 101, 1_000, PAGE / 2, PAGE - 1, length - 1];
    cuts.extend((1..length / PAGE).flat_map(|page| [page * PAGE, page * PAGE + PAGE / 2]));
    for cut in cuts {
        let copy = changed(&folder, |file| file.set_len(cut).unwrap());
        let error = refused(copy.path());
        let told = matches!(error, OpenError::Damaged { .. } | OpenError::Foreign { .. });
        assert!(told, "cut at {cut}: {error:?}");
        // Without a complete header the file does not show whose it is.
        assert!(cut < 100 || matches!(error, OpenError::Damaged { .. }), "cut at {cut}: {error:?}");
    }
}

/// SQLite's check verifies the structure and not the contents: changed bytes in the middle of a
/// text are found when the text is read, if they are not valid text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_in_any_page_is_reported_and_never_shown() {
    let (folder, samples) = closed().await;
    let length = std::fs::metadata(database(folder.path())).unwrap().len();
    let (mut at_start, mut at_reading, mut harmless) = (0, 0, 0);
    for page in 0..length / PAGE {
        for (offset, bytes) in [(0, 64), (PAGE / 2, 64), (PAGE - 200, 64), (0, PAGE as usize)] {
            let garbage: Vec<u8> = (0..bytes).map(|n| (n * 37 + 129) as u8 | 0x80).collect();
            let copy = changed(&folder, |file| {
                file.write_all_at(&garbage, page * PAGE + offset).unwrap();
            });
            let store = match Sqlite::open(copy.path()) {
                Ok(store) => store,
                Err(OpenError::Damaged { .. } | OpenError::Foreign { .. }) => {
                    refused(copy.path());
                    at_start += 1;
                    continue;
                }
                Err(error) => panic!("page {page} at {offset}: {error:?}"),
            };
            let mut damaged = false;
            for sample in &samples {
                match store.tail(sample.id(), 0, u32::MAX).await {
                    Ok(Some(_)) => assert_eq!(sample.resumed(&store, 0).await, sample.view()),
                    Err(StoreError::Damaged(_)) => damaged = true,
                    other => panic!("page {page} at {offset}: {other:?}"),
                }
            }
            if damaged { at_reading += 1 } else { harmless += 1 }
        }
    }
    assert!(at_start > 20 && at_reading > 3, "{at_start}, {at_reading}, {harmless}");
}

/// A database whose last commits are only in the write-ahead log.
async fn crashed() -> (TempDir, Vec<Sample>) {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let mut sample = Sample::created(1, &store).await;
    let mut states = vec![sample.clone()];
    for _ in 0..3 {
        sample.asked(&store, "q", &["a"]).await;
        states.push(sample.clone());
    }
    let copy = tempdir().unwrap();
    copy_as_it_is(folder.path(), copy.path());
    (copy, states)
}

/// A power cut may leave such a log: without its end, or with an end that was only partly written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_ahead_log_with_a_bad_end_keeps_every_commit_before_it() {
    let (folder, states) = crashed().await;
    let last = states.last().unwrap();
    let length = std::fs::metadata(wal(folder.path())).unwrap().len();
    let mut lost_most = 0;
    for step in 1..=40 {
        let at = length * step / 40;
        for garbage in [false, true] {
            let copy = tempdir().unwrap();
            copy_as_it_is(folder.path(), copy.path());
            let file = std::fs::OpenOptions::new().write(true).open(wal(copy.path())).unwrap();
            match garbage {
                true => file.write_all_at(&[0xa5; 5_000], at).unwrap(),
                false => file.set_len(at).unwrap(),
            }
            let store = Sqlite::open(copy.path()).unwrap();
            let Some(stored) = store.worker(last.id()).await.unwrap() else {
                assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 0);
                continue;
            };
            // The store shows an earlier state, completely.
            let events = store.tail(last.id(), 0, u32::MAX).await.unwrap().unwrap();
            assert_eq!(events.last().unwrap().seq, stored.last_seq);
            assert!(stored.last_seq <= last.last_seq());
            lost_most = lost_most.max(last.last_seq() - stored.last_seq);
            if at == length {
                assert_holds(&store, last).await;
            }
            let mut again = Sample::created(2, &store).await;
            again.asked(&store, "q", &["a"]).await;
            assert_holds(&store, &again).await;
        }
    }
    assert!(lost_most > 0, "the log was cut");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_ahead_log_without_its_database_is_refused_and_not_changed() {
    let (folder, _) = crashed().await;
    std::fs::remove_file(database(folder.path())).unwrap();
    assert!(matches!(refused(folder.path()), OpenError::Damaged { .. }));
    std::fs::write(database(folder.path()), b"").unwrap();
    assert!(matches!(refused(folder.path()), OpenError::Damaged { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_or_newer_database_keeps_its_write_ahead_log() {
    let (folder, _) = crashed().await;
    let db = Connection::open(database(folder.path())).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    // The files are copied because SQLite would checkpoint the log when it closes the database.
    let copy = tempdir().unwrap();
    copy_as_it_is(folder.path(), copy.path());
    assert!(matches!(refused(copy.path()), OpenError::Newer { found: 99, .. }));
    assert!(std::fs::metadata(wal(copy.path())).unwrap().len() > 0);

    let (folder, _) = crashed().await;
    let file = std::fs::OpenOptions::new().write(true).open(database(folder.path())).unwrap();
    file.write_all_at(&[0xa5; 64], 0).unwrap();
    refused(folder.path());
    assert!(std::fs::metadata(wal(folder.path())).unwrap().len() > 0);
}

/// The database of another program is not even switched to WAL mode.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_another_program_is_refused_and_not_changed() {
    let folder = tempdir().unwrap();
    std::fs::write(database(folder.path()), "not a database, a letter to a friend").unwrap();
    assert!(matches!(refused(folder.path()), OpenError::Foreign { .. }));
    std::fs::remove_file(database(folder.path())).unwrap();
    let other = Connection::open(database(folder.path())).unwrap();
    other.execute("CREATE TABLE t (x)", []).unwrap();
    drop(other);
    assert!(matches!(refused(folder.path()), OpenError::Foreign { .. }));
    let names = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 2, "the database and our lock");
}

/// A crash while the empty database was created for the first time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incomplete_database_of_a_first_start_is_created_again() {
    let folder = tempdir().unwrap();
    for name in ["companion.db.part", "companion.db.part-journal", "companion.db.part-wal"] {
        std::fs::write(folder.path().join(name), "half of it").unwrap();
    }
    let store = Sqlite::open(folder.path()).unwrap();
    let sample = Sample::created(1, &store).await;
    assert_holds(&store, &sample).await;
    assert!(!folder.path().join("companion.db.part").exists());
}
