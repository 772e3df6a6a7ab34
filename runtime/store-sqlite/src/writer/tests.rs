use protocol::{Timestamp, WorkerId};
use store::Outage;

use super::*;
use crate::file;
use crate::schema::Schema;

fn writer(folder: &std::path::Path) -> Writer {
    let file = folder.join("companion.db");
    let lock = Arc::new(FolderLock::take(folder).unwrap());
    let opened = file::open(&file, &Schema::current()).unwrap();
    let identity = FileIdentity::of(&file).unwrap();
    Writer::start(opened, Default::default(), identity, lock).unwrap()
}

fn delete() -> Change {
    Change::Delete(WorkerId::from_parts(1, [1; 10]), Timestamp::from_unix_ms(1))
}

#[tokio::test]
async fn only_after_a_stop_in_order_is_the_file_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let checked = || {
        file::open(&folder.path().join("companion.db"), &Schema::current())
            .unwrap()
            .checked
            .unwrap()
    };
    let first = checked();
    let crashed = checked();
    assert!(crashed > first);
    // Clean stops carry the time of the last check forward.
    writer(folder.path()).close().await;
    let stopped = std::time::SystemTime::now();
    writer(folder.path()).close().await;
    assert!(checked() < stopped);
    assert!(checked() > stopped, "the start before has not stopped in order");
}

#[tokio::test]
async fn when_a_job_panics_only_that_job_fails() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    for _ in 0..3 {
        // The results are the same whether the three are committed in one group or in several.
        let (before, panics, after) = tokio::join!(
            writer.change(delete()),
            writer.write(Work::Panic),
            writer.change(delete()),
        );
        assert!(matches!(panics, Err(StoreError::Panicked)), "{panics:?}");
        assert!(matches!((&before, &after), (Ok(false), Ok(false))), "{before:?}, {after:?}");
    }
    writer.check().await.unwrap();
    writer.close().await;
    assert!(matches!(writer.check().await, Err(StoreError::Closed)), "that is what a close is");
}

/// A job that was sent while the thread ended was never answered. The future is polled without a
/// pause, because a task that is woken would look too late.
#[test]
fn no_job_is_taken_after_a_close() {
    for _ in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(folder.path());
        let mut close = std::pin::pin!(writer.close());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        while close.as_mut().poll(&mut context).is_pending() {}
        assert!(writer.jobs.is_closed());
    }
}

#[tokio::test]
async fn a_commit_that_has_to_survive_a_power_cut_is_synced_after_an_import_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    let level = async || writer.alone(|db| Ok(db.synchronous())).await.unwrap();
    writer.change(delete()).await.unwrap();
    assert_eq!(level().await, 2);
    writer.alone(|db| db.stage(&mut std::collections::VecDeque::new(), true)).await.unwrap();
    assert_eq!(level().await, 1);
    writer.change(delete()).await.unwrap();
    assert_eq!(level().await, 2);
}

#[tokio::test]
async fn when_work_on_the_whole_database_panics_only_that_work_fails() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    let failed = writer.alone::<(), _>(|_| panic!("of a test")).await;
    assert!(matches!(failed, Err(StoreError::Panicked)), "{failed:?}");
    assert!(matches!(writer.change(delete()).await, Ok(false)));
}

#[tokio::test]
async fn a_check_fails_while_the_database_file_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let writer = writer(folder.path());
    writer.check().await.unwrap();
    let (file, away) = (folder.path().join("companion.db"), folder.path().join("away"));
    std::fs::rename(&file, &away).unwrap();
    let gone = writer.check().await;
    assert!(matches!(gone, Err(StoreError::Outage { outage: Outage::Missing, .. })), "{gone:?}");
    std::fs::rename(&away, &file).unwrap();
    writer.check().await.unwrap();
}

#[test]
fn no_connection_makes_temporary_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("companion.db");
    let written = file::open(&file, &Schema::current()).unwrap().connection;
    let read = file::open_to_read(&file).unwrap();
    for connection in [written, read] {
        let place: u8 = connection.query_row("PRAGMA temp_store", [], |row| row.get(0)).unwrap();
        assert_eq!(place, 2, "2 is memory (https://sqlite.org/pragma.html#pragma_temp_store)");
    }
}
