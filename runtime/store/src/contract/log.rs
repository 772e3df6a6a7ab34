//! Appending to a log and reading on from it: order, atomicity and refusals.

use protocol::{AccountId, EventBody, TurnState};

use crate::contract::TestStore;
use crate::contract::sample::{Sample, assert_holds, moment, moved_to, prompt};
use crate::{Durability, StoreError};

pub async fn events_are_read_as_they_were_written(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    store.append(sample.question("日本語 \u{0} \"'; DROP TABLE", None)).await.unwrap();
    store.append(sample.renamed("🦀\u{301}")).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    store.append(sample.delta("é")).await.unwrap();
    let tail = store.tail(sample.id(), 0, 100).await.unwrap().unwrap();
    assert_eq!(tail, sample.events);
    assert_holds(store.as_ref(), &sample).await;
    let end = sample.last_seq();
    assert_eq!(store.tail(sample.id(), end, 100).await.unwrap().unwrap(), []);
    assert_eq!(store.tail(sample.id(), end + 5, 100).await.unwrap().unwrap(), []);
}

pub async fn an_append_at_the_wrong_seq_is_refused_and_stores_nothing(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let first = sample.renamed("a");
    store.append(first.clone()).await.unwrap();
    assert_eq!(moved_to(store.append(first).await), Some(2), "the same again");
    let (second, third) = (sample.renamed("b"), sample.renamed("c"));
    assert_eq!(moved_to(store.append(third.clone()).await), Some(2), "one ahead");
    store.append(second).await.unwrap();
    store.append(third).await.unwrap();
    assert_holds(store.as_ref(), &sample).await;
}

pub async fn an_append_with_a_gap_is_refused_and_stores_nothing(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let mut holed = sample.renamed("a");
    let mut beyond = holed.events[0].clone();
    beyond.seq += 2;
    holed.events.push(beyond);
    assert!(store.append(holed.clone()).await.is_err());
    holed.events.clear();
    assert!(store.append(holed).await.is_err(), "nothing at all");
    assert_eq!(store.tail(sample.id(), 1, 10).await.unwrap().unwrap(), []);
    assert_eq!(store.worker(sample.id()).await.unwrap().unwrap().last_seq, 1);
}

pub async fn an_append_is_stored_completely_or_not_at_all(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "q", &["a"]).await;
    let (worker, head, turn) = (sample.worker.clone(), sample.head, sample.turn);
    let last_seq = sample.last_seq();

    // The first event is sound. The second repeats an id, which the store must refuse.
    let again = sample.events.iter().find(|e| e.body.begins_message()).unwrap().body.clone();
    let mut spoilt =
        sample.append(vec![EventBody::WorkerRenamed { title: Some("x".to_owned()) }, again]);
    spoilt.prompt = Some(prompt("never"));
    spoilt.durability = Durability::Power;
    assert!(matches!(store.append(spoilt).await, Err(StoreError::Append(_))));

    sample.events.truncate(last_seq as usize);
    (sample.worker, sample.head, sample.turn) = (worker, head, turn);
    assert_holds(store.as_ref(), &sample).await;
    assert!(store.prompt("sha256:never").await.unwrap().is_none());
    sample.asked(store.as_ref(), "and on it goes", &["yes"]).await;
    assert_holds(store.as_ref(), &sample).await;
}

/// Appends may share a transaction, but the failure of one must not affect the others.
pub async fn a_failed_append_does_not_affect_others(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=40 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut sample = Sample::created(number, store.as_ref()).await;
            store.append(sample.question("q", None)).await.unwrap();
            let again = sample.events[1].body.clone();
            for round in 0..10 {
                if number % 4 == 0 {
                    let mut spoilt = sample.renamed("never");
                    spoilt.events[0].body = again.clone();
                    sample.events.pop();
                    assert!(store.append(spoilt).await.is_err());
                } else {
                    store.append(sample.delta(&format!("{round};"))).await.unwrap();
                }
            }
            if number % 4 != 0 {
                store.append(sample.ended()).await.unwrap();
                assert_holds(store.as_ref(), &sample).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

pub async fn a_tail_is_read_in_pages_without_a_gap(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for n in 0..3 {
        sample.asked(store.as_ref(), &format!("q{n}"), &["a", "b", "c"]).await;
    }
    for limit in [1, 2, 5, 1000] {
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let piece = store.tail(sample.id(), after, limit).await.unwrap().unwrap();
            assert!(piece.len() <= limit as usize);
            let Some(last) = piece.last() else { break };
            assert_eq!(piece[0].first_seq(), after + 1);
            after = last.seq;
            found.extend(piece);
        }
        assert_eq!(after, sample.last_seq());
        let ends = |event: &&protocol::Event| {
            matches!(event.body, EventBody::TurnEnded { state: TurnState::Completed, .. })
        };
        assert_eq!(found.iter().filter(ends).count(), 3);
    }
}

pub async fn a_prompt_is_stored_once_by_its_digest(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for _ in 0..2 {
        let mut append = sample.renamed("x");
        append.prompt = Some(prompt("You are Companion. 日本"));
        store.append(append).await.unwrap();
    }
    let found = store.prompt("sha256:You are Companion. 日本").await.unwrap();
    assert_eq!(found.as_deref(), Some("You are Companion. 日本"));
}

pub async fn a_closed_store_refuses_writes(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    store.close().await;
    store.close().await;
    assert!(matches!(store.append(sample.renamed("x")).await, Err(StoreError::Closed)));
    assert!(matches!(store.delete(sample.id(), moment(9)).await, Err(StoreError::Closed)));
    let mut other = Sample::new(2);
    let first = other.first();
    assert!(matches!(
        store.create(AccountId::FIRST, other.log, first).await,
        Err(StoreError::Closed)
    ));
    // Observers must get the last committed events before the end of their stream.
    let tail = store.tail(sample.id(), 0, 10).await.unwrap().unwrap();
    assert_eq!(tail, sample.events[..1]);
}
