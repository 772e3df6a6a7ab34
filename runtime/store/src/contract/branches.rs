//! The messages that a model would be shown: the newest end of a branch.

use protocol::{MessageId, Role};

use crate::contract::TestStore;
use crate::contract::sample::Sample;
use crate::{Branch, Store};

const PLENTY: u64 = 1 << 20;

fn texts(branch: &Branch) -> Vec<&str> {
    branch.messages.iter().map(|message| message.text.as_str()).collect()
}

async fn branch(store: &dyn Store, sample: &Sample, leaf: MessageId, max_bytes: u64) -> Branch {
    store.branch(sample.id(), leaf, max_bytes).await.unwrap()
}

pub async fn a_branch_follows_parents_and_not_time(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "one", &["uno"]).await;
    let fork = sample.head;
    let first = sample.asked(store.as_ref(), "two", &["dos"]).await;
    let second = sample.asked_after(store.as_ref(), "two, edited", fork, &["due", "!"]).await;
    let third = sample.asked(store.as_ref(), "three", &[]).await;

    let whole = branch(store.as_ref(), &sample, third, PLENTY).await;
    assert_eq!(texts(&whole), ["one", "uno", "two, edited", "due!", "three"]);
    assert_eq!(whole.older, 0);
    let roles: Vec<_> = whole.messages.iter().map(|message| message.role).collect();
    use Role::{Assistant, User};
    assert_eq!(roles, [User, Assistant, User, Assistant, User]);
    assert_eq!(whole.messages[2].id, second);
    let other = branch(store.as_ref(), &sample, first, PLENTY).await;
    assert_eq!(texts(&other), ["one", "uno", "two"]);
}

pub async fn messages_without_text_are_left_out(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "one", &[]).await;
    sample.asked(store.as_ref(), "two", &["dos"]).await;
    let leaf = sample.asked(store.as_ref(), "three", &[]).await;
    let whole = branch(store.as_ref(), &sample, leaf, PLENTY).await;
    assert_eq!(texts(&whole), ["one", "two", "dos", "three"]);
    // They are not counted as older messages either.
    let newest = branch(store.as_ref(), &sample, leaf, 5).await;
    assert_eq!((texts(&newest), newest.older), (vec!["three"], 3));
}

pub async fn a_branch_has_the_newest_messages_that_fit_and_counts_the_others(
    test_store: &impl TestStore,
) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for n in 0..4 {
        sample.asked(store.as_ref(), &format!("question{n}"), &["ans", "wer", "é"]).await;
    }
    let leaf = sample.asked(store.as_ref(), "the end", &[]).await;
    let whole = branch(store.as_ref(), &sample, leaf, PLENTY).await;
    let mut bytes = 0;
    for (kept, message) in (1..).zip(whole.messages.iter().rev()) {
        bytes += message.text.len() as u64;
        for (max, kept) in [(bytes, kept), (bytes - 1, (kept - 1).max(1))] {
            let part = branch(store.as_ref(), &sample, leaf, max).await;
            assert_eq!(part.messages[..], whole.messages[9 - kept..], "{max} bytes");
            assert_eq!(part.older, 9 - kept as u32);
        }
    }
}

pub async fn the_leaf_is_included_however_long_it_is(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "one", &["uno"]).await;
    let leaf = sample.asked(store.as_ref(), &"long ".repeat(100), &[]).await;
    let part = branch(store.as_ref(), &sample, leaf, 3).await;
    assert_eq!((part.messages.len(), part.older), (1, 2));
    assert_eq!(part.messages[0].id, leaf);
}

pub async fn a_branch_includes_the_committed_text_of_a_running_answer(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    store.append(sample.question("one", None)).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    store.append(sample.delta("so ")).await.unwrap();
    store.append(sample.delta("far")).await.unwrap();
    let answer = sample.head.unwrap();
    assert_eq!(texts(&branch(store.as_ref(), &sample, answer, PLENTY).await), ["one", "so far"]);
}
