//! Each worker belongs to one account, and everything that finds workers finds those of one account.

use std::time::Duration;

use protocol::{AccountId, EventBody, LogId, WorkerId};
use search::Query;

use crate::contract::sample::{Sample, moment};
use crate::contract::{Part, TestStore};
use crate::{
    ConflictPolicy, ConversationExport, ImportSink, ImportSource, Imported, Search, Store,
    VisibilityFilter, own_id,
};

const FIRST: AccountId = AccountId::FIRST;

fn other() -> AccountId {
    AccountId::new(2).unwrap()
}

/// A worker of an account with one question and its answer.
async fn owned(owner: AccountId, number: u8, store: &dyn Store) -> Sample {
    let mut sample = Sample::new(number);
    let first = sample.first();
    store.create(owner, sample.log, first).await.unwrap();
    sample.asked(store, "tides and harbours", &["the same words: tides and harbours"]).await;
    sample
}

async fn listed(store: &dyn Store, owner: AccountId) -> Vec<WorkerId> {
    let found = store.workers(owner, VisibilityFilter::InView, None, 50).await.unwrap();
    found.into_iter().map(|worker| worker.worker_id).collect()
}

async fn iterated(store: &dyn Store, owner: AccountId) -> Vec<WorkerId> {
    let (mut all, mut last) = (Vec::new(), None);
    while let Some(id) = store.next_worker(owner, last).await.unwrap() {
        all.push(id);
        last = Some(id);
    }
    all
}

async fn hits(store: &dyn Store, owner: AccountId, worker: Option<WorkerId>) -> Vec<WorkerId> {
    let query = Query::parse("harbours").unwrap();
    let within = Duration::from_secs(30);
    let search = Search { owner, query, worker, before: None, limit: 50, within };
    let found = store.search(search).await.unwrap();
    found.hits.into_iter().map(|hit| hit.worker.worker_id).collect()
}

fn giving(logs: Vec<ConversationExport>) -> ImportSource {
    Box::new(move |take: &mut ImportSink<'_>| logs.into_iter().try_for_each(take))
}

async fn put(store: &dyn Store, owner: AccountId, logs: Vec<ConversationExport>) -> Imported {
    store.import(owner, giving(logs), ConflictPolicy::Refuse).await.unwrap()
}

pub async fn lists_counts_searches_and_iterations_are_of_one_account(test_store: &impl TestStore) {
    let store = test_store.open();
    let store = store.as_ref();
    let (one, two) = (owned(FIRST, 1, store).await, owned(other(), 2, store).await);
    let three = owned(other(), 3, store).await;
    assert_eq!(listed(store, FIRST).await, [one.id()]);
    assert_eq!(listed(store, other()).await.len(), 2);
    assert_eq!(iterated(store, FIRST).await, [one.id()]);
    assert_eq!(iterated(store, other()).await, [two.id(), three.id()]);
    assert_eq!(store.count(FIRST).await.unwrap(), 1);
    assert_eq!(store.count(other()).await.unwrap(), 2);
    let nobody = AccountId::new(u32::MAX).unwrap();
    assert_eq!(listed(store, nobody).await, []);
    assert_eq!(store.count(nobody).await.unwrap(), 0);
    let (of_one, of_two) = (store.bytes(FIRST).await.unwrap(), store.bytes(other()).await.unwrap());
    assert!(of_one > 0 && of_two > of_one, "{of_one} and {of_two}");
    assert_eq!(store.bytes(nobody).await.unwrap(), 0);
    // A question and an answer of each.
    assert_eq!(hits(store, FIRST, None).await, [one.id(); 2]);
    assert_eq!(hits(store, FIRST, Some(two.id())).await, []);
    assert_eq!(hits(store, other(), Some(two.id())).await, [two.id(); 2]);
    assert_eq!(hits(store, other(), None).await.len(), 4);
}

pub async fn the_owner_of_a_worker_is_known_until_its_rows_are_removed(
    test_store: &impl TestStore,
) {
    let store = test_store.open();
    let (one, two) =
        (owned(FIRST, 1, store.as_ref()).await, owned(other(), 2, store.as_ref()).await);
    let owner = async |id| store.owner(id).await.unwrap();
    assert_eq!(owner(one.id()).await, Some(FIRST));
    assert_eq!(owner(two.id()).await, Some(other()));
    assert_eq!(owner(WorkerId::from_parts(9, [9; 10])).await, None);
    assert_eq!(store.worker(two.id()).await.unwrap().unwrap().owner, other());
    // Also of one that cannot be read.
    test_store.spoil(two.id(), Part::Summary);
    assert_eq!(owner(two.id()).await, Some(other()));
    assert_eq!(listed(store.as_ref(), FIRST).await, [one.id()]);
    assert_eq!(listed(store.as_ref(), other()).await, [two.id()]);
    store.delete(two.id(), moment(9)).await.unwrap();
    assert_eq!(owner(two.id()).await, Some(other()));
    let deleted = async |owner| {
        let found = store.deleted(owner, None, 10).await.unwrap();
        found.into_iter().map(|deleted| deleted.worker.worker_id).collect::<Vec<_>>()
    };
    assert_eq!(deleted(FIRST).await, []);
    assert_eq!(deleted(other()).await, [two.id()]);
    store.purge(two.id()).await.unwrap();
    while store.collect(moment(0)).await.unwrap() {}
    assert_eq!(owner(two.id()).await, None);
}

pub async fn owners_are_the_same_after_the_store_is_reopened(test_store: &impl TestStore) {
    let store = test_store.open();
    let two = owned(other(), 2, store.as_ref()).await;
    store.close().await;
    drop(store);
    let store = test_store.open();
    assert_eq!(store.owner(two.id()).await.unwrap(), Some(other()));
    assert_eq!(listed(store.as_ref(), other()).await, [two.id()]);
    assert_eq!(listed(store.as_ref(), FIRST).await, []);
}

pub async fn an_import_is_added_to_its_account_and_reveals_nothing_of_others(
    test_store: &impl TestStore,
) {
    let store = test_store.open();
    let store = store.as_ref();
    let one = owned(FIRST, 1, store).await;
    let whole = store.whole(one.id()).await.unwrap().unwrap();
    // Once as it is, once with another content: both are as if nobody had the conversation.
    let mut changed = whole.clone();
    changed.log = LogId(77);
    let copy = own_id(one.id(), other());
    for (round, log) in [(0, &whole), (1, &whole), (2, &changed)] {
        let give = giving(vec![log.clone()]);
        let done = store.import(other(), give, ConflictPolicy::Keep).await.unwrap();
        let expected = match round {
            0 => Imported { added: vec![copy], ..Imported::default() },
            1 => Imported { skipped: vec![copy], ..Imported::default() },
            _ => Imported { differing: vec![copy], ..Imported::default() },
        };
        assert_eq!(done, expected, "{round}");
    }
    assert_eq!(store.owner(copy).await.unwrap(), Some(other()));
    assert_eq!(copy.unix_ms(), one.id().unix_ms());
    let stored = store.whole(copy).await.unwrap().unwrap();
    assert_eq!(stored.events, whole.events);
    assert_eq!(store.whole(one.id()).await.unwrap().unwrap(), whole);
    assert_eq!(listed(store, FIRST).await, [one.id()]);
    // The first owner still finds its own.
    let again = put(store, FIRST, vec![whole.clone()]).await;
    assert_eq!(again.skipped, [one.id()]);
    // What another account has deleted is nobody else's to see, either.
    store.delete(one.id(), moment(9)).await.unwrap();
    store.purge(copy).await.unwrap();
    let after = put(store, other(), vec![whole]).await;
    assert_eq!(after.added, [copy]);
    assert_eq!(hits(store, other(), None).await, [copy; 2]);
}

pub async fn a_title_of_another_account_is_not_found(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut two = owned(other(), 2, store.as_ref()).await;
    let title = Some("harbours by night".to_owned());
    store.append(two.append(vec![EventBody::WorkerRenamed { title }])).await.unwrap();
    assert_eq!(hits(store.as_ref(), FIRST, None).await, []);
    assert_eq!(hits(store.as_ref(), other(), None).await, [two.id(); 3]);
}
