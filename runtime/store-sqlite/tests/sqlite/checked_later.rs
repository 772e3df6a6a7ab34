//! Starts on a database that is checked and repaired beside the service.

use protocol::AccountId;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::Connection;
use store::contract::sample::{Sample, assert_holds};
use store::contract::search::found;
use store::{Outage, Repaired, Store, StoreError, VisibilityFilter};
use store_sqlite::{OpenError, Sqlite};
use tempfile::{TempDir, tempdir};

use crate::damage::closed;
use crate::files::copy_as_it_is;

const PAGE: u64 = 4096;

/// An index that the reads and writes of these tests do not use.
const UNUSED: &str = "prompt_uses_by_digest";

/// A database with some conversations, in a state that does not follow a clean stop, and with an
/// empty write-ahead log.
async fn unchecked() -> (TempDir, Vec<Sample>) {
    let (folder, samples) = closed().await;
    std::fs::remove_file(folder.path().join("companion.db.closed")).unwrap();
    (folder, samples)
}

/// Opens the database and serves at once.
fn open_soon(folder: &Path) -> Sqlite {
    Sqlite::open_soon(folder, 0).unwrap()
}

fn bytes(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("companion.db")).unwrap()
}

fn change(folder: &Path, sql: &str) {
    let db = Connection::open(folder.join("companion.db")).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    db.execute_batch(sql).unwrap();
}

/// The number of the first page of a table or index.
fn root_of(folder: &Path, name: &str) -> u64 {
    let db = Connection::open(folder.join("companion.db")).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
    db.query_row(sql, [name], |row| row.get(0)).unwrap()
}

/// Overwrites the header of a page, so that it is none any more.
fn spoil(folder: &Path, page: u64) {
    let file = std::fs::OpenOptions::new().write(true).open(folder.join("companion.db")).unwrap();
    file.write_all_at(&[0xa5; 64], (page - 1) * PAGE).unwrap();
}

async fn refuses(store: &Sqlite, sample: &Sample) {
    let refused = [
        store.append(sample.clone().renamed("x")).await,
        store.check().await,
        store.delete(sample.id(), sample.worker.updated_at).await.map(drop),
    ];
    for refused in refused {
        let is_damage = matches!(refused, Err(StoreError::Outage { outage: Outage::Damaged, .. }));
        assert!(is_damage, "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_that_is_found_while_serving_ends_all_writing_and_the_next_start_is_refused() {
    let (folder, mut samples) = unchecked().await;
    spoil(folder.path(), root_of(folder.path(), UNUSED));
    let before = bytes(folder.path());
    let store = open_soon(folder.path());
    // The check may already have ended.
    let acknowledged = match store.append(samples[0].clone().renamed("new words")).await {
        Ok(()) => {
            samples[0].renamed("new words");
            true
        }
        Err(StoreError::Outage { outage: Outage::Damaged, .. } | StoreError::Damaged(_)) => false,
        Err(error) => panic!("{error:?}"),
    };
    store.checked().await;
    refuses(&store, &samples[1]).await;
    for sample in &samples {
        assert_holds(&store, sample).await;
    }
    store.close().await;
    drop(store);
    assert!(bytes(folder.path()) == before, "the file was not written");
    for _ in 0..2 {
        let look = Sqlite::look(folder.path()).map(drop).unwrap_err();
        let open = Sqlite::open_soon(folder.path(), 0).map(drop).unwrap_err();
        for error in [look, open] {
            assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        }
    }
    assert!(bytes(folder.path()) == before);
    // What was acknowledged is still in the write-ahead log, for an export.
    let reading = store_sqlite::ReadOnlyStore::open(folder.path()).unwrap();
    let whole = reading.whole(samples[0].id()).unwrap().unwrap();
    assert_eq!(whole.worker.title.as_deref() == Some("new words"), acknowledged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_replaces_a_damaged_one_is_opened() {
    let (folder, samples) = unchecked().await;
    let backup = tempdir().unwrap();
    copy_as_it_is(folder.path(), backup.path());
    spoil(folder.path(), root_of(folder.path(), UNUSED));
    let store = open_soon(folder.path());
    store.checked().await;
    store.close().await;
    drop(store);
    assert!(Sqlite::open(folder.path()).is_err());
    for name in ["companion.db-wal", "companion.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    std::fs::remove_file(folder.path().join("companion.db")).unwrap();
    std::fs::copy(backup.path().join("companion.db"), folder.path().join("companion.db")).unwrap();
    let store = open_soon(folder.path());
    store.checked().await;
    assert_holds(&store, &samples[0]).await;
    store.check().await.unwrap();
    assert!(!folder.path().join("companion.db.damaged").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_in_any_page_is_found_and_never_written_over() {
    let (folder, samples) = unchecked().await;
    let length = std::fs::metadata(folder.path().join("companion.db")).unwrap().len();
    let (mut at_start, mut later, mut harmless) = (0, 0, 0);
    for page in 1..=length / PAGE {
        let copy = tempdir().unwrap();
        std::fs::copy(folder.path().join("companion.db"), copy.path().join("companion.db"))
            .unwrap();
        spoil(copy.path(), page);
        let before = bytes(copy.path());
        let store = match Sqlite::open_soon(copy.path(), 0) {
            Ok(store) => store,
            Err(OpenError::Damaged { .. } | OpenError::Foreign { .. }) => {
                assert!(bytes(copy.path()) == before, "page {page}");
                at_start += 1;
                continue;
            }
            Err(error) => panic!("page {page}: {error:?}"),
        };
        store.checked().await;
        match store.check().await {
            Ok(()) => harmless += 1,
            Err(StoreError::Outage { outage: Outage::Damaged, .. }) => {
                store.close().await;
                assert!(bytes(copy.path()) == before, "page {page}");
                later += 1;
                continue;
            }
            Err(error) => panic!("page {page}: {error:?}"),
        }
        for sample in &samples {
            match store.tail(sample.id(), 0, u32::MAX).await {
                Ok(Some(_)) => assert_eq!(sample.resumed(&store, 0).await, sample.view()),
                Err(StoreError::Damaged(_)) => {}
                other => panic!("page {page}: {other:?}"),
            }
        }
    }
    assert!(at_start > 3 && later > 10 && harmless < 10, "{at_start}, {later}, {harmless}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_repaired_beside_the_service_and_the_runtime_is_told() {
    let (folder, samples) = unchecked().await;
    change(
        folder.path(),
        "UPDATE workers SET used_ms = 0 WHERE id = 1;
         UPDATE workers SET worker_id = x'00' WHERE id = 2;
         DELETE FROM workers WHERE id = 3;",
    );
    let store = open_soon(folder.path());
    store.checked().await;
    let mut repaired = Vec::new();
    while let Some(Repaired::Worker(id)) = store.repaired().await {
        repaired.push(id);
    }
    assert_eq!(repaired[..2], [samples[0].id(), samples[1].id()]);
    assert_eq!(repaired.len(), 3);
    for sample in &samples[..2] {
        assert_holds(&store, sample).await;
    }
    let listed = store.workers(AccountId::FIRST, VisibilityFilter::InView, None, 10).await.unwrap();
    assert_eq!(listed.len(), 3);
    let adopted = listed.iter().find(|worker| worker.worker_id == repaired[2]).unwrap();
    assert!(adopted.unreadable);
    store.close().await;
    drop(store);
    // After a complete check the next start trusts the file.
    assert!(folder.path().join("companion.db.closed").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_turns_that_misses_one_is_rebuilt() {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let mut sample = Sample::created(1, &store).await;
    store.append(sample.question("unfinished", None)).await.unwrap();
    store.close().await;
    drop(store);
    std::fs::remove_file(folder.path().join("companion.db.closed")).unwrap();
    // The index is built with another condition, which no row fulfils.
    change_schema(folder.path(), "IS NULL", "= -5");
    change(folder.path(), "REINDEX turns_unfinished");
    change_schema(folder.path(), "= -5", "IS NULL");
    let store = open_soon(folder.path());
    store.checked().await;
    assert_eq!(store.repaired().await, Some(Repaired::Lookups));
    assert_eq!(store.unfinished().await.unwrap(), [(sample.id(), sample.turn.unwrap())]);
}

fn change_schema(folder: &Path, from: &str, to: &str) {
    let sql = format!(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}')
         WHERE name = 'turns_unfinished';"
    );
    change(folder, &sql);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_of_texts_is_rebuilt_beside_the_service() {
    let (folder, _) = unchecked().await;
    change(folder.path(), "DELETE FROM grams_docsize WHERE id IN (SELECT min(id) FROM texts)");
    let store = open_soon(folder.path());
    // Texts that are written meanwhile are found, too.
    let mut new = Sample::created(9, &store).await;
    new.asked(&store, "while it is rebuilt", &["meanwhile"]).await;
    store.checked().await;
    assert_eq!(found(&store, "meanwhile").await.len(), 1);
    assert_eq!(found(&store, "question 7").await.len(), 3);
    new.asked(&store, "later", &["afterwards"]).await;
    assert_eq!(found(&store, "afterwards").await.len(), 1);
    store.close().await;
    drop(store);
    let db = Connection::open(folder.path().join("companion.db")).unwrap();
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

/// The log is not written into the file before the file was checked, also at a stop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_during_the_check_keeps_the_log_and_the_next_start_checks_again() {
    let (folder, mut samples) = unchecked().await;
    // Some 20 MB, so that the check takes longer than two commits.
    change(
        folder.path(),
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
         INSERT INTO prompts SELECT 'of a test ' || n, hex(randomblob(2000)) FROM n;
         PRAGMA wal_checkpoint(TRUNCATE);",
    );
    let before = bytes(folder.path());
    for _ in 0..3 {
        let store = open_soon(folder.path());
        samples[0].asked(&store, "q", &["a"]).await;
        store.close().await;
        drop(store);
        assert!(!folder.path().join("companion.db.closed").exists());
        assert!(bytes(folder.path()) == before);
    }
    let store = open_soon(folder.path());
    store.checked().await;
    assert_holds(&store, &samples[0]).await;
    store.close().await;
    assert!(folder.path().join("companion.db.closed").exists());
    assert!(bytes(folder.path()) != before);
}
