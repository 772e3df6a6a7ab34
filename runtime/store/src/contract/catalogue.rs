//! Adding, finding, listing and deleting workers.

use protocol::{AccountId, EventBody, MessageId, TurnId, Visibility as Shown, WorkerId};

use crate::contract::TestStore;
use crate::contract::sample::{Sample, assert_holds, moment};
use crate::{Branch, StoreError, VisibilityFilter};

pub async fn a_new_worker_is_found_with_its_first_events(test_store: &impl TestStore) {
    let store = test_store.open();
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 0);
    let mut sample = Sample::new(1);
    let profile = sample.worker.profile.clone();
    let bodies = vec![
        EventBody::WorkerCreated { title: None, profile },
        EventBody::AvailabilityChanged { reason: None },
    ];
    let first = sample.append(bodies);
    store.create(AccountId::FIRST, sample.log, first).await.unwrap();
    assert_holds(store.as_ref(), &sample).await;
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 1);
    let tail = store.tail(sample.id(), 0, 10).await.unwrap().unwrap();
    assert_eq!(tail, sample.events);
}

pub async fn unknown_ids_are_not_found(test_store: &impl TestStore) {
    let store = test_store.open();
    let nobody = WorkerId::from_parts(9, [9; 10]);
    let (message, turn) = (MessageId::from_parts(9, [9; 10]), TurnId::from_parts(9, [9; 10]));
    // First without any worker, then beside a worker that has a log.
    for round in 0..2 {
        assert!(store.worker(nobody).await.unwrap().is_none());
        assert!(store.tail(nobody, 0, 10).await.unwrap().is_none());
        assert!(store.page(nobody, None, 10).await.unwrap().is_none());
        assert!(store.role_of(nobody, message).await.unwrap().is_none());
        assert!(store.acceptance(nobody, message).await.unwrap().is_none());
        assert!(store.turn(nobody, turn).await.unwrap().is_none());
        assert_eq!(store.branch(nobody, message, 10).await.unwrap(), Branch::default());
        assert!(store.prompt("sha256:none").await.unwrap().is_none());
        assert!(!store.delete(nobody, moment(9)).await.unwrap());
        assert_eq!(store.unfinished().await.unwrap(), []);
        if round == 0 {
            let mut other = Sample::created(1, store.as_ref()).await;
            let question = other.asked(store.as_ref(), "q", &["a"]).await;
            assert!(store.role_of(nobody, question).await.unwrap().is_none());
            assert!(store.acceptance(nobody, question).await.unwrap().is_none());
            assert!(store.turn(nobody, other.turn.unwrap()).await.unwrap().is_none());
        }
    }
    let mut gone = Sample::new(9);
    gone.first();
    assert!(matches!(store.append(gone.renamed("x")).await, Err(StoreError::Gone)));
}

pub async fn a_worker_id_can_be_used_only_once(test_store: &impl TestStore) {
    let store = test_store.open();
    let sample = Sample::created(1, store.as_ref()).await;
    let mut again = Sample::new(1);
    let first = again.append(vec![EventBody::WorkerCreated {
        title: Some("another".to_owned()),
        profile: sample.worker.profile.clone(),
    }]);
    assert!(store.create(AccountId::FIRST, again.log, first).await.is_err());
    assert_holds(store.as_ref(), &sample).await;
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 1);
}

pub async fn workers_are_listed_by_last_use_in_pages(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut samples = Vec::new();
    for number in 1..=7 {
        samples.push(Sample::created(number, store.as_ref()).await);
    }
    // Three of them are used. The others share one time, so that their ids decide their order.
    for index in [2, 5, 0] {
        let sample = &mut samples[index];
        for _ in 0..=index {
            sample.asked(store.as_ref(), "q", &["a"]).await;
        }
    }
    let mut expected: Vec<_> = samples.iter().map(|sample| sample.worker.clone()).collect();
    expected.sort_by_key(|worker| std::cmp::Reverse((worker.updated_at, worker.worker_id)));
    for limit in [1, 2, 3, 7, 50] {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = store
                .workers(AccountId::FIRST, VisibilityFilter::InView, before, limit)
                .await
                .unwrap();
            assert!(page.len() <= limit as usize);
            let Some(last) = page.last() else { break };
            before = Some((last.updated_at, last.worker_id));
            found.extend(page);
        }
        assert_eq!(found, expected, "by {limit}");
    }
}

pub async fn workers_are_listed_by_visibility(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut samples = Vec::new();
    for number in 1..=6 {
        samples.push(Sample::created(number, store.as_ref()).await);
    }
    let places = [Shown::Listed, Shown::Pinned, Shown::Archived];
    for (sample, place) in samples.iter_mut().zip(places.into_iter().cycle()) {
        store.append(sample.append(vec![EventBody::WorkerPlaced { place }])).await.unwrap();
    }
    let listed = async |places| -> Vec<_> {
        let found = store.workers(AccountId::FIRST, places, None, 50).await.unwrap();
        found.into_iter().map(|worker| worker.worker_id).collect()
    };
    let all: Vec<_> = samples.iter().map(Sample::id).collect();
    let ids = |numbers: &[usize]| numbers.iter().map(|n| all[n - 1]).collect::<Vec<_>>();
    assert_eq!(listed(VisibilityFilter::InView).await, ids(&[5, 4, 2, 1]));
    assert_eq!(listed(VisibilityFilter::Only(Shown::Listed)).await, ids(&[4, 1]));
    assert_eq!(listed(VisibilityFilter::Only(Shown::Pinned)).await, ids(&[5, 2]));
    assert_eq!(listed(VisibilityFilter::Only(Shown::Archived)).await, ids(&[6, 3]));
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 6);
    store.delete(samples[1].id(), moment(9)).await.unwrap();
    assert_eq!(listed(VisibilityFilter::Only(Shown::Pinned)).await, ids(&[5]));
    let back = vec![EventBody::WorkerPlaced { place: Shown::Listed }];
    let append = samples[2].append(back);
    store.append(append).await.unwrap();
    assert_eq!(listed(VisibilityFilter::Only(Shown::Listed)).await, ids(&[4, 3, 1]));
    assert_holds(store.as_ref(), &samples[2]).await;
}

pub async fn a_deleted_worker_is_hidden_with_its_log_and_others_stay(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let mut other = Sample::created(2, store.as_ref()).await;
    let question = sample.asked(store.as_ref(), "q", &["a", "b"]).await;
    other.asked(store.as_ref(), "q", &["a", "b"]).await;
    store.append(sample.question("running", sample.head)).await.unwrap();
    let turn = sample.turn.unwrap();

    assert!(store.delete(sample.id(), moment(9)).await.unwrap());
    assert!(!store.delete(sample.id(), moment(9)).await.unwrap());
    assert!(store.worker(sample.id()).await.unwrap().is_none());
    assert!(store.tail(sample.id(), 0, 10).await.unwrap().is_none());
    assert!(store.acceptance(sample.id(), question).await.unwrap().is_none());
    assert!(store.turn(sample.id(), turn).await.unwrap().is_none());
    assert_eq!(store.unfinished().await.unwrap(), []);
    assert!(matches!(store.append(sample.ended()).await, Err(StoreError::Gone)));
    assert_holds(store.as_ref(), &other).await;

    // After a purge, a worker with the same id may be created, with a new log.
    assert!(store.purge(sample.id()).await.unwrap());
    let again = Sample::created(1, store.as_ref()).await;
    assert_holds(store.as_ref(), &again).await;
}
