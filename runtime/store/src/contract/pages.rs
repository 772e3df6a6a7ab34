//! Looking things up in a log: pages, messages and turns.

use protocol::{EventBody, Message, MessageId, Role, TurnId, View, WorkerId};

use crate::contract::TestStore;
use crate::contract::sample::{Sample, assert_holds};
use crate::{Page, Store};

fn messages(page: &Page) -> Vec<Message> {
    let Some(first) = page.events.first() else { return Vec::new() };
    assert!(first.body.begins_message(), "a page begins with a message");
    let mut view = View::new(page.stored.worker.clone(), first.first_seq() - 1);
    for event in &page.events {
        view.apply(event);
    }
    view.messages
}

async fn page(store: &dyn Store, sample: &Sample, before: Option<u64>, limit: u32) -> Page {
    store.page(sample.id(), before, limit).await.unwrap().unwrap()
}

pub async fn pages_return_every_message_once_from_newest_to_oldest(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for n in 0..5 {
        store.append(sample.renamed("between")).await.unwrap();
        sample.asked(store.as_ref(), &format!("question {n}"), &["answer", " 日", "本"]).await;
    }
    store.append(sample.question("running", sample.head)).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    store.append(sample.delta("so far")).await.unwrap();
    store.append(sample.renamed("after")).await.unwrap();
    let all = sample.view().messages;
    assert_eq!(all.len(), 12);
    for limit in [1, 2, 3, 5, 11, 12, 200] {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = page(store.as_ref(), &sample, before, limit).await;
            assert_eq!(page.stored.last_seq, sample.last_seq());
            let part = messages(&page);
            assert!(!part.is_empty() && part.len() <= limit as usize);
            found.splice(0..0, part);
            let Some(next) = page.next_before else { break };
            before = Some(next);
        }
        assert_eq!(found, all, "by {limit}");
    }
}

pub async fn pages_and_tails_with_long_texts_have_fewer_entries(test_store: &impl TestStore) {
    const MILLION: usize = 1_000_000;
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for n in 0..6 {
        let long = n.to_string().repeat(MILLION);
        sample.asked(store.as_ref(), "q", &[&long, &long]).await;
    }
    let all = sample.view().messages;
    let (mut found, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = page(store.as_ref(), &sample, before, 200).await;
        let part = messages(&page);
        let bytes: usize = part.iter().map(|message| message.text.len()).sum();
        assert!(!part.is_empty() && bytes <= 4 << 20, "{bytes} bytes in a page");
        found.splice(0..0, part);
        pages += 1;
        let Some(next) = page.next_before else { break };
        before = Some(next);
    }
    assert_eq!((found.len(), pages), (12, 3));
    assert!(found == all, "every message is there once");

    let (mut view, mut tails) = (View::new(sample.view().worker, 0), 0);
    loop {
        let tail = store.tail(sample.id(), view.seq, 100).await.unwrap().unwrap();
        if tail.is_empty() {
            break;
        }
        let bytes: usize =
            tail.iter().map(|event| serde_json::to_string(event).unwrap().len()).sum();
        assert!(bytes <= 4 << 20, "{bytes} bytes in a tail");
        tails += 1;
        for event in &tail {
            view.apply(event);
        }
    }
    assert!(tails >= 6 && view.messages == all);
}

pub async fn a_page_before_the_first_message_is_empty(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let empty = page(store.as_ref(), &sample, None, 10).await;
    assert_eq!((empty.events.len(), empty.next_before), (0, None));
    sample.asked(store.as_ref(), "q", &["a"]).await;
    for before in [0, 1, 2] {
        let empty = page(store.as_ref(), &sample, Some(before), 10).await;
        assert_eq!((empty.events.len(), empty.next_before), (0, None), "before {before}");
    }
}

/// Clients may ask for any position.
pub async fn a_position_beyond_the_log_means_its_end(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "q", &["a"]).await;
    let newest = page(store.as_ref(), &sample, None, 10).await;
    for before in [sample.last_seq() + 1, sample.last_seq() + 100, i64::MAX as u64, u64::MAX] {
        assert_eq!(page(store.as_ref(), &sample, Some(before), 10).await, newest, "{before}");
    }
}

pub async fn every_message_has_a_page_around_it(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for number in 0..10 {
        sample.asked(store.as_ref(), &format!("q{number}"), &["a", "b"]).await;
    }
    let all: Vec<_> = sample.view().messages.iter().map(|message| message.id).collect();
    for limit in [1, 2, 5, 8, 19, 20, 50] {
        for (at, message) in all.iter().enumerate() {
            let around = store.around(sample.id(), *message, limit).await.unwrap().unwrap();
            let shown = ids(&around);
            assert!(shown.contains(message), "message {at} by {limit}");
            assert!(shown.len() <= limit as usize);
            let newest = page(store.as_ref(), &sample, None, limit).await;
            if all.len() - at <= limit as usize {
                assert_eq!(around, newest, "message {at} by {limit}");
            } else {
                let place = shown.iter().position(|id| id == message).unwrap();
                let after = shown.len() - 1 - place;
                assert_eq!(after, limit as usize / 2, "message {at} by {limit}");
            }
        }
    }
    let (unknown, other) = (MessageId::from_parts(9, [9; 10]), WorkerId::from_parts(9, [9; 10]));
    assert_eq!(store.around(sample.id(), unknown, 5).await.unwrap(), None);
    assert_eq!(store.around(other, all[0], 5).await.unwrap(), None);
}

/// Pages with long texts have fewer messages, but the page still contains the message asked for.
pub async fn a_page_around_a_message_includes_it_however_long_the_others_are(
    test_store: &impl TestStore,
) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let long = "long ".repeat(600_000);
    for _ in 0..4 {
        sample.asked(store.as_ref(), "q", &[&long]).await;
    }
    for message in &sample.view().messages {
        let around = store.around(sample.id(), message.id, 6).await.unwrap().unwrap();
        assert!(ids(&around).contains(&message.id));
    }
}

fn ids(page: &Page) -> Vec<MessageId> {
    messages(page).iter().map(|message| message.id).collect()
}

pub async fn a_message_is_found_with_its_acceptance(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let question = sample.asked(store.as_ref(), "q", &["a", "b"]).await;
    let (turn, answer) = (sample.turn.unwrap(), sample.head.unwrap());
    sample.asked(store.as_ref(), "another", &["c"]).await;

    let id = sample.id();
    assert_eq!(store.role_of(id, question).await.unwrap(), Some(Role::User));
    assert_eq!(store.role_of(id, answer).await.unwrap(), Some(Role::Assistant));
    let acceptance = store.acceptance(id, question).await.unwrap().unwrap();
    assert_eq!(acceptance.message, sample.view().messages[0]);
    assert_eq!(acceptance.turn, sample.events[2]);
    assert_eq!(acceptance.message.turn_id, Some(turn));
    assert!(store.acceptance(id, answer).await.unwrap().is_none(), "an answer was not accepted");
    assert_eq!(store.question(id, question).await.unwrap(), Some(acceptance.message));
    assert_eq!(store.question(id, answer).await.unwrap(), None);

    // In another worker the same ids find nothing.
    let other = Sample::created(2, store.as_ref()).await;
    assert_eq!(store.role_of(other.id(), question).await.unwrap(), None);
    assert_eq!(store.question(other.id(), question).await.unwrap(), None);
}

pub async fn a_turn_is_found_from_its_acceptance_to_its_end(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "q", &["a", "b"]).await;
    let ended = sample.turn.unwrap();
    store.append(sample.renamed("between")).await.unwrap();
    store.append(sample.question("running", sample.head)).await.unwrap();
    let running = sample.turn.unwrap();
    store.append(sample.generating()).await.unwrap();
    store.append(sample.delta("x")).await.unwrap();

    let events = store.turn(sample.id(), ended).await.unwrap().unwrap();
    assert!(matches!(&events[0].body, EventBody::TurnAccepted { turn } if turn.turn_id == ended));
    assert!(matches!(events.last().unwrap().body, EventBody::TurnEnded { .. }));
    let events = store.turn(sample.id(), running).await.unwrap().unwrap();
    assert!(matches!(&events[0].body, EventBody::TurnAccepted { turn } if turn.turn_id == running));
    assert_eq!(events.last(), sample.events.last());
    let unknown = TurnId::from_parts(8, [8; 10]);
    assert!(store.turn(sample.id(), unknown).await.unwrap().is_none());
}

pub async fn unfinished_turns_are_found_until_they_end(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut a = Sample::created(1, store.as_ref()).await;
    let mut b = Sample::created(2, store.as_ref()).await;
    a.asked(store.as_ref(), "q", &["a"]).await;
    assert_eq!(store.unfinished().await.unwrap(), []);
    store.append(a.question("q", a.head)).await.unwrap();
    store.append(b.question("q", None)).await.unwrap();
    let mut found = store.unfinished().await.unwrap();
    found.sort();
    assert_eq!(found, [(a.id(), a.turn.unwrap()), (b.id(), b.turn.unwrap())]);
    store.append(a.ended()).await.unwrap();
    assert_eq!(store.unfinished().await.unwrap(), [(b.id(), b.turn.unwrap())]);
    assert_holds(store.as_ref(), &a).await;
}
