//! The SQLite store's files are moved away, put back, replaced, or held by another program while
//! the store is in use. A commit that could not be found again is never acknowledged.

use protocol::AccountId;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use store::contract::sample::{Sample, assert_holds, moment};
use store::{Outage, Store};
use store_sqlite::{OpenError, Sqlite};
use tempfile::tempdir;

use crate::disk::{integrity, outage};
use crate::files::copy_as_it_is;

async fn at_work(folder: &Path) -> (Sqlite, Sample) {
    let store = Sqlite::open(folder).unwrap();
    let mut sample = Sample::created(1, &store).await;
    sample.asked(&store, "q", &["日", "本"]).await;
    (store, sample)
}

/// Checks that writes are refused with this outage, and that nothing changes.
async fn refuses(store: &Sqlite, sample: &Sample, expected: Outage) {
    for _ in 0..2 {
        assert_eq!(outage(store.append(sample.clone().renamed("x")).await), expected);
        assert_eq!(outage(store.delete(sample.id(), moment(9)).await), expected);
        let mut new = Sample::new(9);
        assert_eq!(outage(store.create(AccountId::FIRST, new.log, new.first()).await), expected);
        assert_holds(store, sample).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_fail_while_the_database_is_moved_away_and_work_when_it_is_back() {
    let folder = tempdir().unwrap();
    let (store, mut sample) = at_work(folder.path()).await;
    let (here, away) = (folder.path().join("companion.db"), folder.path().join("away"));
    std::fs::rename(&here, &away).unwrap();
    refuses(&store, &sample, Outage::Missing).await;
    std::fs::rename(&away, &here).unwrap();
    sample.asked(&store, "q", &["a"]).await;
    assert_holds(&store, &sample).await;
    store.close().await;
    drop(store);
    assert_eq!(integrity(folder.path()), "ok");
    assert_holds(&Sqlite::open(folder.path()).unwrap(), &sample).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_fail_while_the_folder_is_moved_away_and_work_when_it_is_back() {
    let above = tempdir().unwrap();
    let (here, away) = (above.path().join("data"), above.path().join("away"));
    let (store, mut sample) = at_work(&here).await;
    std::fs::rename(&here, &away).unwrap();
    refuses(&store, &sample, Outage::Missing).await;
    // A copy of the folder in its place is not accepted.
    std::fs::create_dir(&here).unwrap();
    copy_as_it_is(&away, &here);
    refuses(&store, &sample, Outage::Changed).await;
    std::fs::remove_dir_all(&here).unwrap();
    std::fs::rename(&away, &here).unwrap();
    sample.asked(&store, "q", &["a"]).await;
    assert_holds(&store, &sample).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_database_refuses_writes_and_can_still_be_read() {
    let folder = tempdir().unwrap();
    let (store, sample) = at_work(folder.path()).await;
    for file in ["companion.db", "companion.db-wal", "companion.db-shm"] {
        std::fs::remove_file(folder.path().join(file)).unwrap();
    }
    refuses(&store, &sample, Outage::Missing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_database_is_detected() {
    let folder = tempdir().unwrap();
    let (store, sample) = at_work(folder.path()).await;
    let copy = tempdir().unwrap();
    copy_as_it_is(folder.path(), copy.path());
    std::fs::rename(copy.path().join("companion.db"), folder.path().join("companion.db")).unwrap();
    refuses(&store, &sample, Outage::Changed).await;
}

/// No data is lost, even if the process is killed afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_write_ahead_log_is_detected_and_its_contents_are_saved() {
    let folder = tempdir().unwrap();
    let (store, mut sample) = at_work(folder.path()).await;
    std::fs::remove_file(folder.path().join("companion.db-wal")).unwrap();
    refuses(&store, &sample, Outage::Changed).await;
    let copy = tempdir().unwrap();
    std::fs::copy(folder.path().join("companion.db"), copy.path().join("companion.db")).unwrap();
    assert_holds(&Sqlite::open(copy.path()).unwrap(), &sample).await;
    // A restart works with the same data.
    store.close().await;
    drop(store);
    let store = Sqlite::open(folder.path()).unwrap();
    sample.asked(&store, "q", &["a"]).await;
    assert_holds(&store, &sample).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_work_without_the_shared_memory_file() {
    let folder = tempdir().unwrap();
    let (store, mut sample) = at_work(folder.path()).await;
    std::fs::remove_file(folder.path().join("companion.db-shm")).unwrap();
    sample.asked(&store, "q", &["a"]).await;
    assert_holds(&store, &sample).await;
    let copy = tempdir().unwrap();
    copy_as_it_is(folder.path(), copy.path());
    assert_holds(&Sqlite::open(copy.path()).unwrap(), &sample).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_fail_while_another_program_locks_the_database_and_work_later() {
    let folder = tempdir().unwrap();
    let (store, mut sample) = at_work(folder.path()).await;
    let other = Connection::open(folder.path().join("companion.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let since = Instant::now();
    assert_eq!(outage(store.append(sample.clone().renamed("x")).await), Outage::Locked);
    assert!(since.elapsed() < Duration::from_secs(10), "nobody waits much longer");
    assert_holds(&store, &sample).await;
    other.execute_batch("ROLLBACK").unwrap();
    sample.asked(&store, "q", &["a"]).await;
    assert_holds(&store, &sample).await;
}

/// Opens the store again. After a drop without a close, the writing thread may hold the folder for
/// a moment longer.
pub(crate) async fn opened(folder: &Path) -> Sqlite {
    loop {
        match Sqlite::open(folder) {
            Ok(store) => return store,
            Err(OpenError::Locked { .. }) => tokio::time::sleep(Duration::from_millis(1)).await,
            Err(error) => panic!("{error}"),
        }
    }
}
