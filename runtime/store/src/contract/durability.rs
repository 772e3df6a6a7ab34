//! Acknowledged data is never lost, whatever other writers do and whatever follows (invariant 1).

use crate::Durability;
use crate::contract::TestStore;
use crate::contract::sample::{Sample, assert_holds, prompt};
use protocol::AccountId;

pub async fn everything_survives_closing_and_reopening_the_store(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut ended = Sample::created(1, store.as_ref()).await;
    let mut running = Sample::created(2, store.as_ref()).await;
    ended.asked(store.as_ref(), "q", &["日", "本"]).await;
    let mut question = running.question("q", None);
    question.prompt = Some(prompt("system"));
    store.append(question).await.unwrap();
    store.append(running.generating()).await.unwrap();
    store.append(running.delta("so far")).await.unwrap();
    store.close().await;
    drop(store);

    let store = test_store.open();
    assert_holds(store.as_ref(), &ended).await;
    assert_holds(store.as_ref(), &running).await;
    assert_eq!(store.prompt("sha256:system").await.unwrap().as_deref(), Some("system"));
    assert_eq!(store.unfinished().await.unwrap(), [(running.id(), running.turn.unwrap())]);
    store.append(running.ended()).await.unwrap();
    assert_holds(store.as_ref(), &running).await;
    store.close().await;
}

pub async fn concurrent_workers_read_their_own_commits(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=64 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut sample = Sample::created(number, store.as_ref()).await;
            let mut question = sample.question("q", None);
            question.durability = Durability::Power;
            store.append(question).await.unwrap();
            store.append(sample.generating()).await.unwrap();
            for n in 0..20 {
                store.append(sample.delta(&format!("{number}:{n} 日本"))).await.unwrap();
                // A read returns what was acknowledged just before.
                let stored = store.worker(sample.id()).await.unwrap().unwrap();
                assert_eq!(stored.last_seq, sample.last_seq());
            }
            store.append(sample.ended()).await.unwrap();
            sample
        });
    }
    let mut samples = Vec::new();
    while let Some(done) = tasks.join_next().await {
        samples.push(done.unwrap());
    }
    store.close().await;
    drop(store);
    let store = test_store.open();
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 64);
    for sample in &samples {
        assert_holds(store.as_ref(), sample).await;
    }
}

pub async fn an_abandoned_write_is_stored_completely_or_not_at_all(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let (before, question) = (sample.last_seq(), sample.question("q", None));
    // The caller starts the request and drops it at once.
    drop(tokio::time::timeout(std::time::Duration::ZERO, store.append(question)).await);
    store.close().await;
    drop(store);
    let store = test_store.open();
    let stored = store.worker(sample.id()).await.unwrap().unwrap();
    if stored.last_seq == before {
        assert_eq!(store.unfinished().await.unwrap(), []);
    } else {
        assert_holds(store.as_ref(), &sample).await;
    }
}
