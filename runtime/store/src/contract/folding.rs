//! The deltas of an ended turn are folded into few events, which readers do not notice (invariant
//! 3).

use protocol::{Event, EventBody};

use crate::contract::TestStore;
use crate::contract::sample::{Sample, assert_holds};

fn deltas(events: &[Event]) -> Vec<(u64, u64, &str)> {
    let delta = |event: &'_ Event| matches!(event.body, EventBody::TextDelta { .. });
    let parts = |event| match event {
        &Event { body: EventBody::TextDelta { ref text, .. }, seq, .. } => (seq, text.as_str()),
        _ => unreachable!("only deltas are asked for"),
    };
    events
        .iter()
        .filter(|event| delta(event))
        .map(|event| (event.first_seq(), parts(event).0, parts(event).1))
        .collect()
}

pub async fn deltas_are_folded_only_when_their_turn_ends(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    store.append(sample.question("q", None)).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    for piece in ["日", "本", "語"] {
        store.append(sample.delta(piece)).await.unwrap();
    }
    let tail = store.tail(sample.id(), 0, 100).await.unwrap().unwrap();
    assert_eq!(deltas(&tail), [(5, 5, "日"), (6, 6, "本"), (7, 7, "語")]);

    store.append(sample.ended()).await.unwrap();
    let tail = store.tail(sample.id(), 0, 100).await.unwrap().unwrap();
    assert_eq!(deltas(&tail), [(5, 7, "日本語")]);
    assert_eq!(tail.last(), sample.events.last());
    assert_holds(store.as_ref(), &sample).await;
}

pub async fn renames_between_deltas_keep_their_position(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    store.append(sample.question("q", None)).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    store.append(sample.delta("a")).await.unwrap();
    store.append(sample.delta("é")).await.unwrap();
    store.append(sample.renamed("first")).await.unwrap();
    store.append(sample.delta("b")).await.unwrap();
    store.append(sample.renamed("second")).await.unwrap();
    store.append(sample.delta("c")).await.unwrap();
    // The end is in the same append as the last delta, as a turn writes it.
    let last = sample.delta("d");
    let mut end = sample.ended();
    end.events.splice(0..0, last.events);
    store.append(end).await.unwrap();
    let tail = store.tail(sample.id(), 0, 100).await.unwrap().unwrap();
    assert_eq!(deltas(&tail), [(5, 6, "aé"), (8, 8, "b"), (10, 11, "cd")]);
    assert_holds(store.as_ref(), &sample).await;
}

pub async fn every_cursor_resumes_to_the_same_view_after_folding(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for turn in 0..3 {
        store.append(sample.question("q", sample.head)).await.unwrap();
        store.append(sample.generating()).await.unwrap();
        for n in 0..12 {
            store.append(sample.delta(["x", "日本", "🦀"][n % 3])).await.unwrap();
            if n % 5 == turn {
                store.append(sample.renamed(&format!("title {n}"))).await.unwrap();
            }
        }
        store.append(sample.ended()).await.unwrap();
    }
    let whole = sample.view();
    for seq in 0..=sample.last_seq() {
        assert_eq!(sample.resumed(store.as_ref(), seq).await, whole, "from {seq}");
    }
}

pub async fn the_deltas_of_other_turns_are_not_folded(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut ending = Sample::created(1, store.as_ref()).await;
    let mut running = Sample::created(2, store.as_ref()).await;
    for sample in [&mut ending, &mut running] {
        store.append(sample.question("q", None)).await.unwrap();
        store.append(sample.generating()).await.unwrap();
        store.append(sample.delta("a")).await.unwrap();
        store.append(sample.delta("b")).await.unwrap();
    }
    store.append(ending.ended()).await.unwrap();
    let tail = store.tail(running.id(), 0, 100).await.unwrap().unwrap();
    assert_eq!(tail, running.events);
}

/// A reader's own version of an answer is accepted, written and ended in one commit.
pub async fn a_turn_can_be_committed_as_a_whole(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let question = sample.asked(store.as_ref(), "q", &["wrong"]).await;
    store.append(sample.edited(question, "right")).await.unwrap();
    store.append(sample.omitted(question)).await.unwrap();
    assert_holds(store.as_ref(), &sample).await;
    assert_eq!(store.unfinished().await.unwrap(), []);
    let turn = store.turn(sample.id(), sample.turn.unwrap()).await.unwrap().unwrap();
    assert_eq!(deltas(&turn).len(), 1);
    let branch = store.branch(sample.id(), sample.head.unwrap(), 1_000).await.unwrap();
    let texts: Vec<_> = branch.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["q", "right"]);
}
