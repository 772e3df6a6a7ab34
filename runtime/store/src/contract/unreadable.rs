//! Rows that cannot be read affect no worker but their own, and can be removed.

use std::time::Duration;

use protocol::{AccountId, EventBody, Visibility as Shown, WorkerId};
use search::Query;

use crate::contract::sample::{Sample, assert_holds, moment};
use crate::contract::{Part, TestStore};
use crate::{
    ConflictPolicy, ConversationExport, ImportSource, Search, Store, StoreError, VisibilityFilter,
};

/// Two workers with a turn each, and a third one that is sound.
async fn three(store: &dyn Store) -> [Sample; 3] {
    let mut samples = [1, 2, 3].map(Sample::new);
    for sample in &mut samples {
        let first = sample.first();
        store.create(AccountId::FIRST, sample.log, first).await.unwrap();
        sample.asked(store, "alpha question", &["beta ", "answer"]).await;
    }
    samples
}

async fn listed(store: &dyn Store, places: VisibilityFilter) -> Vec<(WorkerId, bool)> {
    let found = store.workers(AccountId::FIRST, places, None, 50).await.unwrap();
    found.into_iter().map(|worker| (worker.worker_id, worker.unreadable)).collect()
}

async fn found(store: &dyn Store) -> Vec<WorkerId> {
    let search = Search {
        owner: AccountId::FIRST,
        query: Query::parse("beta").unwrap(),
        worker: None,
        before: None,
        limit: 50,
        within: Duration::from_secs(30),
    };
    let hits = store.search(search).await.unwrap().hits;
    hits.into_iter().map(|hit| hit.worker.worker_id).collect()
}

fn damaged<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Damaged(_))), "{result:?}");
}

pub async fn reads_of_many_workers_skip_unreadable_ones(test_store: &impl TestStore) {
    let store = test_store.open();
    let [mut summary, events, mut sound] = three(store.as_ref()).await;
    let archived = summary.append(vec![EventBody::WorkerPlaced { place: Shown::Archived }]);
    store.append(archived).await.unwrap();
    let question = sound.question("unfinished", sound.head);
    store.append(question).await.unwrap();
    test_store.spoil(summary.id(), Part::Summary);
    test_store.spoil(events.id(), Part::Events);

    let archived = listed(store.as_ref(), VisibilityFilter::Only(Shown::Archived)).await;
    assert_eq!(archived, [(summary.id(), true)], "a placeholder, where it was");
    let in_view = listed(store.as_ref(), VisibilityFilter::InView).await;
    assert_eq!(in_view, [(sound.id(), false), (events.id(), false)]);
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 3);
    assert_eq!(store.unfinished().await.unwrap(), [(sound.id(), sound.turn.unwrap())]);
    assert_eq!(found(store.as_ref()).await, [sound.id()], "a text that can be read");
    let (mut walked, mut last) = (Vec::new(), None);
    while let Some(id) = store.next_worker(AccountId::FIRST, last).await.unwrap() {
        walked.push(id);
        last = Some(id);
    }
    assert_eq!(walked, [summary.id(), events.id(), sound.id()]);
    assert_holds(store.as_ref(), &sound).await;
    // Commits of other workers still succeed.
    store.append(sound.delta("text")).await.unwrap();
    store.append(sound.ended()).await.unwrap();
    assert_holds(store.as_ref(), &sound).await;
    store.check().await.unwrap();

    for sample in [&summary, &events] {
        assert!(store.delete(sample.id(), moment(9)).await.unwrap());
    }
    let deleted = store.deleted(AccountId::FIRST, None, 50).await.unwrap();
    let unreadable: Vec<_> = deleted.iter().map(|deleted| deleted.worker.unreadable).collect();
    assert_eq!(unreadable, [false, true]);
    let one = store.deleted_one(summary.id()).await.unwrap().unwrap();
    assert!(one.worker.unreadable && one.at == moment(9));
}

pub async fn reads_of_an_unreadable_worker_return_an_error(test_store: &impl TestStore) {
    let store = test_store.open();
    let [summary, events, sound] = three(store.as_ref()).await;
    let ids = |sample: &Sample| (sample.head.unwrap(), sample.turn.unwrap());
    let question = sound.view().messages[0].id;
    test_store.spoil(summary.id(), Part::Summary);
    test_store.spoil(events.id(), Part::Events);

    damaged(store.worker(summary.id()).await);
    damaged(store.page(summary.id(), None, 10).await);
    damaged(store.whole(summary.id()).await);
    let placeholder = store.listed(summary.id()).await.unwrap().unwrap();
    assert!(placeholder.unreadable && placeholder.worker_id == summary.id());
    assert_eq!(placeholder.updated_at, summary.worker.updated_at, "it stands where it stood");

    let (answer, turn) = ids(&events);
    damaged(store.tail(events.id(), 0, 100).await);
    damaged(store.page(events.id(), None, 10).await);
    damaged(store.around(events.id(), answer, 10).await);
    damaged(store.turn(events.id(), turn).await);
    damaged(store.branch(events.id(), answer, 1_000).await);
    damaged(store.whole(events.id()).await);
    assert!(!store.listed(events.id()).await.unwrap().unwrap().unreadable);

    for sample in [&summary, &events] {
        assert!(store.exists(sample.id()).await.unwrap());
        let salvage = store.salvage(sample.id()).await.unwrap().unwrap();
        let whole = sample.id() == summary.id();
        assert_eq!(salvage.lost == 0, whole, "what can be read is there: {salvage:?}");
        assert!(salvage.events.len() >= 3 && salvage.worker.unreadable == whole);
    }
    assert!(store.salvage(WorkerId::from_parts(9, [9; 10])).await.unwrap().is_none());
    assert!(!store.exists(WorkerId::from_parts(9, [9; 10])).await.unwrap());
    let kept = store.question(sound.id(), question).await.unwrap();
    assert!(kept.is_some(), "others can be read");
}

pub async fn an_unreadable_worker_can_be_deleted_restored_and_purged(test_store: &impl TestStore) {
    let store = test_store.open();
    let [summary, events, sound] = three(store.as_ref()).await;
    test_store.spoil(summary.id(), Part::Summary);
    test_store.spoil(events.id(), Part::Events);
    for sample in [&summary, &events] {
        assert!(store.delete(sample.id(), moment(9)).await.unwrap());
        assert!(!store.exists(sample.id()).await.unwrap());
        assert!(store.restore(sample.id()).await.unwrap());
        assert!(store.exists(sample.id()).await.unwrap());
        assert!(store.purge(sample.id()).await.unwrap());
    }
    while store.collect(moment(10)).await.unwrap() {}
    assert_eq!(listed(store.as_ref(), VisibilityFilter::InView).await, [(sound.id(), false)]);
    assert!(!store.purge(events.id()).await.unwrap(), "nothing is left of it");
    assert_holds(store.as_ref(), &sound).await;
    // Its id is free again, so that a salvaged export of it can be imported.
    let back = Sample::created(2, store.as_ref()).await;
    assert_holds(store.as_ref(), &back).await;
}

pub async fn an_import_does_not_change_unreadable_workers(test_store: &impl TestStore) {
    let store = test_store.open();
    let [summary, events, sound] = three(store.as_ref()).await;
    let mut logs = Vec::new();
    for sample in [&summary, &events, &sound] {
        logs.push(store.whole(sample.id()).await.unwrap().unwrap());
    }
    test_store.spoil(summary.id(), Part::Summary);
    test_store.spoil(events.id(), Part::Events);
    let give = |logs: Vec<ConversationExport>| -> ImportSource {
        Box::new(move |take| logs.into_iter().try_for_each(take))
    };
    let done = store.import(AccountId::FIRST, give(logs), ConflictPolicy::Keep).await.unwrap();
    assert_eq!(done.differing, [summary.id(), events.id()]);
    assert_eq!(done.skipped, [sound.id()]);
    damaged(store.worker(summary.id()).await);
}

/// A turn whose deltas cannot be read can still be ended.
pub async fn a_turn_with_unreadable_deltas_can_end(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let question = sample.question("q", None);
    store.append(question).await.unwrap();
    // What a store keeps for itself until the turn ends is out of the test's reach, but not these two.
    let mut first = sample.generating();
    first.events.extend(sample.delta("one ").events);
    store.append(first).await.unwrap();
    store.append(sample.delta("two ")).await.unwrap();
    test_store.spoil(sample.id(), Part::Events);
    store.append(sample.ended()).await.unwrap();
    let stored = store.worker(sample.id()).await.unwrap().unwrap();
    assert_eq!(stored.worker, sample.worker);
    assert_eq!(store.unfinished().await.unwrap(), []);
}
