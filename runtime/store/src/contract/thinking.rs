//! Reasoning is stored beside the text and is not part of it.

use protocol::EventBody;

use crate::contract::TestStore;
use crate::contract::sample::{Sample, assert_holds};
use crate::contract::search::found;

pub async fn reasoning_is_stored_and_folded_beside_the_text(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    store.append(sample.question("q", None)).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    for piece in ["日", "本"] {
        store.append(sample.thought(piece)).await.unwrap();
    }
    for piece in ["a", "b"] {
        store.append(sample.delta(piece)).await.unwrap();
    }
    store.append(sample.thought("c")).await.unwrap();
    store.append(sample.ended()).await.unwrap();
    let tail = store.tail(sample.id(), 4, 100).await.unwrap().unwrap();
    let pieces: Vec<_> = tail
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::TextDelta { offset, text, .. } => Some((event.seq, *offset, text.as_str())),
            EventBody::ReasoningDelta { offset, text, .. } => {
                Some((event.seq, *offset, text.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(pieces, [(6, 0, "日本"), (8, 0, "ab"), (9, 6, "c")]);
    assert_holds(store.as_ref(), &sample).await;
    let whole = sample.view();
    for seq in 0..=sample.last_seq() {
        assert_eq!(sample.resumed(store.as_ref(), seq).await, whole, "from {seq}");
    }
}

/// Only the text is sent to the model and searched.
pub async fn branches_and_the_search_index_contain_no_reasoning(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for (text, moved) in [("An otter.", false), ("The walrus. ", true), ("", false)] {
        store.append(sample.question("q", sample.head)).await.unwrap();
        store.append(sample.generating()).await.unwrap();
        store.append(sample.thought("Perhaps a badger?")).await.unwrap();
        if !text.is_empty() {
            store.append(sample.delta(text)).await.unwrap();
        }
        if moved {
            store.append(sample.text_was_reasoning()).await.unwrap();
        }
        store.append(sample.ended()).await.unwrap();
    }
    let leaf = sample.head.unwrap();
    let branch = store.branch(sample.id(), leaf, 1 << 20).await.unwrap();
    let texts: Vec<_> = branch.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!((texts, branch.older), (vec!["q", "An otter.", "q", "q"], 0));
    // Messages with nothing but reasoning are not counted either.
    let newest = store.branch(sample.id(), leaf, 1).await.unwrap();
    assert_eq!((newest.messages.len(), newest.older), (1, 3));
    assert_eq!(found(store.as_ref(), "otter").await.len(), 1);
    for word in ["badger", "walrus"] {
        assert!(found(store.as_ref(), word).await.is_empty(), "{word}");
    }
    assert_holds(store.as_ref(), &sample).await;
}
