//! Deleting, restoring and purging.

use protocol::{AccountId, EventBody};

use crate::contract::TestStore;
use crate::contract::sample::{Sample, assert_holds, moment, prompt};
use crate::contract::search::found;
use crate::{Deleted, Store, StoreError};

/// Collects everything that is due and returns the number of steps.
async fn swept(store: &dyn Store, until: u64) -> usize {
    let mut steps = 0;
    while store.collect(moment(until)).await.unwrap() {
        steps += 1;
    }
    steps
}

async fn deleted(store: &dyn Store) -> Vec<Deleted> {
    store.deleted(AccountId::FIRST, None, 10).await.unwrap()
}

pub async fn a_restored_worker_is_exactly_as_before(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "a question", &["an ", "answer"]).await;
    store.append(sample.renamed("a title")).await.unwrap();
    assert!(!store.restore(sample.id()).await.unwrap(), "it is not deleted");

    assert!(store.delete(sample.id(), moment(50)).await.unwrap());
    let marked = Deleted { worker: sample.worker.clone(), at: moment(50) };
    assert_eq!(deleted(store.as_ref()).await, [marked]);
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 0);
    assert!(store.whole(sample.id()).await.unwrap().is_none());
    assert_eq!(store.next_worker(AccountId::FIRST, None).await.unwrap(), None);

    assert!(store.restore(sample.id()).await.unwrap());
    assert!(!store.restore(sample.id()).await.unwrap());
    assert_eq!(deleted(store.as_ref()).await, []);
    assert_holds(store.as_ref(), &sample).await;
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 1);
    sample.asked(store.as_ref(), "and on", &["it goes"]).await;
    assert_holds(store.as_ref(), &sample).await;
}

pub async fn only_workers_that_are_due_are_purged(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut samples = Vec::new();
    for number in 1..=4 {
        let mut sample = Sample::created(number, store.as_ref()).await;
        sample.asked(store.as_ref(), "q", &["a"]).await;
        samples.push(sample);
    }
    for (sample, at) in samples.iter().zip([10, 20, 30]) {
        store.delete(sample.id(), moment(at)).await.unwrap();
    }
    assert_eq!(swept(store.as_ref(), 9).await, 0);
    assert_eq!(deleted(store.as_ref()).await.len(), 3);
    assert!(swept(store.as_ref(), 20).await > 0);
    let left: Vec<_> = deleted(store.as_ref()).await.iter().map(|d| d.worker.worker_id).collect();
    assert_eq!(left, [samples[2].id()]);
    assert!(!store.restore(samples[0].id()).await.unwrap());
    assert!(store.restore(samples[2].id()).await.unwrap());
    assert_holds(store.as_ref(), &samples[2]).await;
    assert_holds(store.as_ref(), &samples[3]).await;
}

/// Includes several that were deleted at the same time.
pub async fn deleted_workers_are_listed_in_pages_and_found_by_id(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut expected = Vec::new();
    for (number, at) in [(1, 30), (2, 20), (3, 30), (4, 30), (5, 10), (6, 0)] {
        let sample = Sample::created(number, store.as_ref()).await;
        assert_eq!(store.deleted_one(sample.id()).await.unwrap(), None);
        store.delete(sample.id(), moment(at)).await.unwrap();
        let deleted = Deleted { worker: sample.worker.clone(), at: moment(at) };
        assert_eq!(store.deleted_one(sample.id()).await.unwrap().as_ref(), Some(&deleted));
        expected.push(deleted);
    }
    expected.sort_by_key(|deleted| (deleted.at, deleted.worker.worker_id));
    expected.reverse();
    for limit in 1..8 {
        let mut walked: Vec<Deleted> = Vec::new();
        loop {
            let before = walked.last().map(|last| (last.at, last.worker.worker_id));
            let page = store.deleted(AccountId::FIRST, before, limit).await.unwrap();
            assert!(page.len() <= limit as usize);
            if page.is_empty() {
                break;
            }
            walked.extend(page);
        }
        assert_eq!(walked, expected, "by {limit}");
    }
    let id = expected[0].worker.worker_id;
    store.purge(id).await.unwrap();
    assert_eq!(store.deleted_one(id).await.unwrap(), None);
}

pub async fn a_purged_worker_cannot_be_restored(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut samples = Vec::new();
    for number in 1..=3 {
        samples.push(Sample::created(number, store.as_ref()).await);
    }
    store.delete(samples[0].id(), moment(10)).await.unwrap();
    for sample in &samples[..2] {
        assert!(store.purge(sample.id()).await.unwrap());
        assert!(store.worker(sample.id()).await.unwrap().is_none());
        assert!(!store.restore(sample.id()).await.unwrap());
    }
    assert_eq!(deleted(store.as_ref()).await, []);
    assert!(swept(store.as_ref(), 0).await > 0);
    assert!(!store.purge(samples[0].id()).await.unwrap());
    assert_holds(store.as_ref(), &samples[2]).await;
}

/// What one conversation alone was asked with goes with it, and what others use stays for them.
pub async fn prompts_are_removed_with_the_last_worker_that_uses_them(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut samples = Vec::new();
    for number in 1..=2 {
        let mut sample = Sample::created(number, store.as_ref()).await;
        // More than one step removes.
        for turn in 0..120 {
            let text = if turn == 0 { "of both".to_owned() } else { format!("{number} {turn}") };
            let mut question = sample.question("q", sample.head);
            question.prompt = Some(prompt(&text));
            store.append(question).await.unwrap();
            store.append(sample.ended()).await.unwrap();
        }
        samples.push(sample);
    }
    let kept = async |text: &str| store.prompt(&prompt(text).digest).await.unwrap().is_some();
    store.delete(samples[0].id(), moment(10)).await.unwrap();
    assert!(kept("1 119").await, "it can come back");
    assert!(swept(store.as_ref(), 10).await > 2);
    for turn in 1..120 {
        assert!(!kept(&format!("1 {turn}")).await, "{turn}");
        assert!(kept(&format!("2 {turn}")).await, "{turn}");
    }
    assert!(kept("of both").await);
    assert_holds(store.as_ref(), &samples[1]).await;
    store.purge(samples[1].id()).await.unwrap();
    swept(store.as_ref(), 0).await;
    assert!(!kept("of both").await && !kept("2 119").await);
}

/// Each step is a transaction of its own, so that other writes can run in between.
pub async fn a_long_worker_is_purged_in_steps(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for number in 0..350 {
        store.append(sample.question(&format!("question {number}"), sample.head)).await.unwrap();
        // A turn that ends without text, and a new title each time, so that there are rows of all
        // kinds.
        store.append(sample.renamed(&format!("title {number}"))).await.unwrap();
        store.append(sample.ended()).await.unwrap();
    }
    let mut other = Sample::created(2, store.as_ref()).await;
    other.asked(store.as_ref(), "question 7", &["a"]).await;
    assert_eq!(found(store.as_ref(), "question").await.len(), 351);
    store.delete(sample.id(), moment(9)).await.unwrap();

    assert!(store.collect(moment(9)).await.unwrap());
    assert!(!store.restore(sample.id()).await.unwrap(), "a part of it is gone");
    assert_eq!(deleted(store.as_ref()).await, []);
    assert!(swept(store.as_ref(), 9).await > 1);
    assert_eq!(found(store.as_ref(), "question").await.len(), 1);
    assert_holds(store.as_ref(), &other).await;
}

pub async fn the_id_of_a_purged_worker_can_be_used_again(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for _ in 0..120 {
        sample.asked(store.as_ref(), "former", &["words"]).await;
    }
    store.purge(sample.id()).await.unwrap();
    let mut again = Sample::created(1, store.as_ref()).await;
    assert!(!store.restore(sample.id()).await.unwrap());
    again.asked(store.as_ref(), "present", &["words"]).await;
    assert_holds(store.as_ref(), &again).await;
    assert_eq!(found(store.as_ref(), "former").await.len(), 0);
    assert_eq!(found(store.as_ref(), "words").await.len(), 1);
}

pub async fn the_id_of_a_deleted_worker_cannot_be_used_again(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "former", &["words"]).await;
    store.delete(sample.id(), moment(9)).await.unwrap();
    let mut again = Sample::new(1);
    let refused = store.create(AccountId::FIRST, again.log, again.first()).await;
    assert!(matches!(refused, Err(StoreError::Append(_))), "{refused:?}");
    assert!(store.restore(sample.id()).await.unwrap());
    assert_holds(store.as_ref(), &sample).await;
}

pub async fn deleted_workers_can_be_restored_after_the_store_is_reopened(
    test_store: &impl TestStore,
) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "q", &["a"]).await;
    // Its turn is unfinished, as after a crash.
    let mut broken = Sample::created(2, store.as_ref()).await;
    store.append(broken.question("q", None)).await.unwrap();
    for sample in [&sample, &broken] {
        store.delete(sample.id(), moment(9)).await.unwrap();
    }
    store.close().await;
    drop(store);
    let store = test_store.open();
    assert_eq!(deleted(store.as_ref()).await.len(), 2);
    assert_eq!(store.unfinished().await.unwrap(), []);
    assert!(store.restore(broken.id()).await.unwrap());
    assert_eq!(store.unfinished().await.unwrap().len(), 1);
    assert!(store.restore(sample.id()).await.unwrap());
    assert_holds(store.as_ref(), &sample).await;
    let renamed = broken.append(vec![EventBody::WorkerRenamed { title: None }]);
    store.append(renamed).await.unwrap();
}
