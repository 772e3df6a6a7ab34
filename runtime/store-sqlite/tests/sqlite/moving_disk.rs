//! Imports and backups on a disk that is too small for them.

use protocol::{AccountId, WorkerId};
use store::contract::sample::{Sample, assert_holds};
use store::{ConflictPolicy, ConversationExport, ImportSink, ImportSource, Outage, Store as _};
use store_sqlite::{ReadOnlyStore, Sqlite};

use crate::disk::{integrity, outage};
use crate::small_disk::on_a_small_disk;

fn copies(log: &ConversationExport, count: u64) -> ImportSource {
    let log = log.clone();
    Box::new(move |take: &mut ImportSink<'_>| {
        (1..=count).try_for_each(|number| {
            let mut log = log.clone();
            log.worker.worker_id = WorkerId::from_parts(number, [99; 10]);
            take(log)
        })
    })
}

#[test]
fn an_import_too_large_for_the_disk_leaves_nothing_and_a_smaller_one_works() {
    let test =
        "moving_disk::an_import_too_large_for_the_disk_leaves_nothing_and_a_smaller_one_works";
    on_a_small_disk(test, 24 * 1024, async |disk| {
        let store = Sqlite::open(disk.path()).unwrap();
        let mut sample = Sample::created(1, &store).await;
        sample.asked(&store, "q", &[&"日".repeat(30_000)]).await;
        let log = store.whole(sample.id()).await.unwrap().unwrap();
        let refused =
            store.import(AccountId::FIRST, copies(&log, 500), ConflictPolicy::Refuse).await;
        assert_eq!(outage(refused), Outage::Full);
        assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 1);
        assert_holds(&store, &sample).await;
        // Other writes still succeed, and so does an import that fits.
        sample.asked(&store, "more?", &["yes"]).await;
        let done =
            store.import(AccountId::FIRST, copies(&log, 5), ConflictPolicy::Refuse).await.unwrap();
        assert_eq!(done.added.len(), 5);
        // The rows that did not fit are removed, so the same imports fail and fit again and again.
        assert_eq!(
            outage(store.import(AccountId::FIRST, copies(&log, 500), ConflictPolicy::Keep).await),
            Outage::Full
        );
        sample.asked(&store, "and more?", &["yes"]).await;
        store.close().await;
        drop(store);
        assert_eq!(integrity(disk.path()), "ok");
        assert_holds(&Sqlite::open(disk.path()).unwrap(), &sample).await;
    });
}

#[test]
fn a_backup_too_large_for_the_disk_leaves_nothing() {
    let test = "moving_disk::a_backup_too_large_for_the_disk_leaves_nothing";
    on_a_small_disk(test, 2048, async |disk| {
        let folder = disk.path().join("data");
        let store = Sqlite::open(&folder).unwrap();
        let mut sample = Sample::created(1, &store).await;
        sample.asked(&store, "q", &["a"]).await;
        disk.fill();
        let copy = disk.path().join("copy");
        assert!(ReadOnlyStore::open(&folder).unwrap().back_up(&copy).is_err());
        let names = || std::fs::read_dir(disk.path()).unwrap().map(|e| e.unwrap().file_name());
        assert!(!names().any(|name| name.to_string_lossy().contains("copy")));
        disk.free();
        let backup = ReadOnlyStore::open(&folder).unwrap().back_up(&copy).unwrap();
        assert_eq!((backup.conversations, backup.events), (1, sample.last_seq()));
        assert_holds(&store, &sample).await;
    });
}
