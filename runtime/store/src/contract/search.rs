//! Which texts a search finds, and which it does not.

use std::time::Duration;

use protocol::api::{SearchHit, SnippetPiece};
use protocol::{AccountId, EventBody, Role, TurnState, WorkerId};
use search::Query;

use crate::contract::TestStore;
use crate::contract::sample::{Sample, moment};
use crate::{ConflictPolicy, Found, ImportSink, ImportSource, Search, Store};

async fn search(
    store: &dyn Store,
    query: &str,
    worker: Option<WorkerId>,
    before: Option<u64>,
    limit: u32,
) -> Found {
    let query = Query::parse(query).unwrap();
    let within = Duration::from_secs(30);
    store
        .search(Search { owner: AccountId::FIRST, query, worker, before, limit, within })
        .await
        .unwrap()
}

/// All hits, fetched page by page.
pub async fn found(store: &dyn Store, query: &str) -> Vec<SearchHit> {
    walked(store, query, None, 7).await
}

async fn walked(
    store: &dyn Store,
    query: &str,
    worker: Option<WorkerId>,
    limit: u32,
) -> Vec<SearchHit> {
    let (mut hits, mut before) = (Vec::new(), None);
    loop {
        let page = search(store, query, worker, before, limit).await;
        assert!(page.hits.len() <= limit as usize && !page.cut_short);
        hits.extend(page.hits);
        before = page.next_before;
        if before.is_none() {
            return hits;
        }
    }
}

fn text(hit: &SearchHit) -> String {
    hit.snippet.iter().map(|piece| piece.text.as_str()).collect()
}

async fn texts(store: &dyn Store, query: &str) -> Vec<String> {
    found(store, query).await.iter().map(text).collect()
}

pub async fn questions_answers_and_titles_are_found(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let question =
        sample.asked(store.as_ref(), "Where is the otter?", &["The ot", "ter swims."]).await;
    store.append(sample.renamed("About an otter")).await.unwrap();
    let hits = found(store.as_ref(), "OTTER").await;
    assert_eq!(hits.len(), 3);
    assert!(hits.iter().all(|hit| hit.worker == sample.worker));
    let messages: Vec<_> = hits.iter().map(|hit| hit.message.map(|m| (m.id, m.role))).collect();
    let answer = sample.head.unwrap();
    assert_eq!(messages, [None, Some((answer, Role::Assistant)), Some((question, Role::User))]);
    let view = sample.view();
    assert_eq!(hits[1].message.unwrap().created_at, view.messages[1].created_at);
    assert_eq!(hits[2].message.unwrap().created_at, view.messages[0].created_at);
    let piece = |text: &str, hit| SnippetPiece { text: text.to_owned(), hit };
    let pieces = [piece("The ", false), piece("otter", true), piece(" swims.", false)];
    assert_eq!(hits[1].snippet, pieces);
}

pub async fn words_of_any_length_are_found(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample
        .asked(store.as_ref(), "吾輩は猫である。名前はまだ無い。", &["C++ and Go, the AI's ＡＰＩ"])
        .await;
    sample.asked(store.as_ref(), "ｶﾞｲﾄﾞを見せて", &["main \"quoted\" OR NOT"]).await;
    sample.asked(store.as_ref(), "abc bcd cde", &["-"]).await;
    for (query, hits) in [
        // All grams of the query are in the text, but the query is not.
        ("abcde", 0),
        ("abc cde", 1),
        ("猫", 1),
        ("猫で", 1),
        ("猫である", 1),
        ("名前 猫", 1),
        ("猫　無い", 1),
        ("犬", 0),
        ("猫 犬", 0),
        ("ガイド", 1),
        ("ガ", 1),
        ("api", 1),
        ("c++", 1),
        ("++", 1),
        ("+", 1),
        ("go", 1),
        ("g", 1),
        // Latin letters inside of a word are found from three letters on.
        ("ai", 1),
        ("ain", 1),
        ("ted\"", 1),
        ("\"quoted\" or not", 1),
        ("main OR nothing", 0),
        ("quot*", 0),
        ("text:main", 0),
        ("。", 1),
    ] {
        assert_eq!(found(store.as_ref(), query).await.len(), hits, "{query}");
    }
}

pub async fn hits_are_returned_in_pages_newest_first(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut samples =
        [Sample::created(1, store.as_ref()).await, Sample::created(2, store.as_ref()).await];
    for number in 0..10 {
        for sample in &mut samples {
            sample.asked(store.as_ref(), &format!("needle {number}"), &["hay"]).await;
        }
    }
    let all = walked(store.as_ref(), "needle", None, 100).await;
    assert_eq!(all.len(), 20);
    let times: Vec<_> = all.iter().map(|hit| hit.message.unwrap().created_at).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    for limit in [1, 3, 10, 19, 20, 21] {
        assert_eq!(walked(store.as_ref(), "needle", None, limit).await, all, "by {limit}");
    }
}

pub async fn a_search_can_be_limited_to_one_conversation(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut samples = Vec::new();
    for number in 1..=12 {
        let mut sample = Sample::created(number, store.as_ref()).await;
        sample.asked(store.as_ref(), "the same words", &["worker1 says so"]).await;
        samples.push(sample);
    }
    for sample in &samples {
        let hits = walked(store.as_ref(), "same", Some(sample.id()), 5).await;
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].worker, sample.worker);
    }
    // The index marks each conversation, but a search must not find that mark as a word.
    assert_eq!(found(store.as_ref(), "worker1").await.len(), 12);
    let nobody = WorkerId::from_parts(9, [99; 10]);
    assert_eq!(search(store.as_ref(), "same", Some(nobody), None, 5).await, Found::default());
}

pub async fn texts_of_all_branches_and_of_unfinished_turns_are_found(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let first = sample.asked(store.as_ref(), "root", &["alpha"]).await;
    sample.asked_after(store.as_ref(), "fork", Some(first), &["beta"]).await;
    sample.asked_after(store.as_ref(), "fork", None, &["gamma"]).await;
    assert_eq!(texts(store.as_ref(), "fork").await.len(), 2);
    for (state, word) in [
        (TurnState::Cancelled, "cancelled"),
        (TurnState::Failed, "failed"),
        (TurnState::Interrupted, "interrupted"),
        (TurnState::TimedOut, "overdue"),
    ] {
        store.append(sample.question("again", sample.head)).await.unwrap();
        store.append(sample.generating()).await.unwrap();
        store.append(sample.delta(word)).await.unwrap();
        assert_eq!(texts(store.as_ref(), word).await.len(), 0, "it is still written");
        let mut end = sample.ended();
        let EventBody::TurnEnded { state: ended, .. } = &mut end.events[0].body else { panic!() };
        *ended = state;
        store.append(end).await.unwrap();
        assert_eq!(texts(store.as_ref(), word).await, [word]);
    }
    // A turn without text adds nothing that can be found.
    store.append(sample.question("silence", sample.head)).await.unwrap();
    assert_eq!(texts(store.as_ref(), "silence").await, ["silence"], "at once");
    store.append(sample.ended()).await.unwrap();
    assert_eq!(texts(store.as_ref(), "silence").await.len(), 1);
}

pub async fn an_old_title_is_no_longer_found(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    for title in ["first name", "second name"] {
        store.append(sample.renamed(title)).await.unwrap();
        assert_eq!(texts(store.as_ref(), "name").await, [title]);
    }
    assert_eq!(texts(store.as_ref(), "first").await.len(), 0);
    store.append(sample.append(vec![EventBody::WorkerRenamed { title: None }])).await.unwrap();
    assert_eq!(texts(store.as_ref(), "name").await.len(), 0);
}

pub async fn a_deleted_conversation_is_not_found_until_it_is_restored(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "lost and found", &["a"]).await;
    store.delete(sample.id(), moment(9)).await.unwrap();
    assert_eq!(found(store.as_ref(), "lost").await.len(), 0);
    assert_eq!(walked(store.as_ref(), "lost", Some(sample.id()), 5).await.len(), 0);
    store.restore(sample.id()).await.unwrap();
    assert_eq!(found(store.as_ref(), "lost").await.len(), 1);
    store.purge(sample.id()).await.unwrap();
    while store.collect(moment(0)).await.unwrap() {}
    assert_eq!(found(store.as_ref(), "lost").await.len(), 0);
}

pub async fn an_imported_conversation_is_found(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "carried over", &["from ", "elsewhere"]).await;
    store.append(sample.renamed("a carried title")).await.unwrap();
    let log = store.whole(sample.id()).await.unwrap().unwrap();
    store.purge(sample.id()).await.unwrap();
    let give: ImportSource = Box::new(move |take: &mut ImportSink<'_>| take(log));
    store.import(AccountId::FIRST, give, ConflictPolicy::Refuse).await.unwrap();
    assert_eq!(texts(store.as_ref(), "carried").await, ["a carried title", "carried over"]);
    assert_eq!(texts(store.as_ref(), "elsewhere").await, ["from elsewhere"]);
}

/// With no time at all, the search returns a page marked as cut short, from which it can go on.
pub async fn a_search_stops_at_its_time_limit(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), "a question", &["an answer"]).await;
    let query = Query::parse("question").unwrap();
    let within = Duration::ZERO;
    let hurried =
        Search { owner: AccountId::FIRST, query, worker: None, before: None, limit: 5, within };
    let page = store.search(hurried).await.unwrap();
    assert!(page.cut_short && page.hits.is_empty());
    assert_eq!(found(store.as_ref(), "question").await.len(), 1, "the next one has its own time");
}

pub async fn many_texts_with_the_same_time_are_all_found(test_store: &impl TestStore) {
    let store = test_store.open();
    for number in 1..=60 {
        let mut sample = Sample::new(number);
        let first = sample.first();
        store.create(AccountId::FIRST, sample.log, first).await.unwrap();
        // All samples use the same times.
        sample.asked(store.as_ref(), "simultaneous", &["yes"]).await;
    }
    assert_eq!(found(store.as_ref(), "simultaneous").await.len(), 60);
}

/// The grams of such a text are not indexed, since SQLite would take seconds to write them.
pub async fn a_text_with_too_many_grams_is_found(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut state = 1_u64;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from_u32(0x4e00 + (state >> 40) as u32 % 3000).unwrap()
    };
    let long: String = (0..60_000).map(letter).collect();
    let long = format!("{long} otter {long}");
    let mut sample = Sample::created(1, store.as_ref()).await;
    sample.asked(store.as_ref(), &long, &["short"]).await;
    let mut other = Sample::created(2, store.as_ref()).await;
    other.asked(store.as_ref(), "An otter.", &["long"]).await;
    let place = store.as_ref();
    assert_eq!(found(place, "otter").await.len(), 2);
    assert_eq!(found(place, &long.chars().skip(30_000).take(5).collect::<String>()).await.len(), 1);
    assert_eq!(found(place, "short").await.len(), 1);
    assert_eq!(found(place, "badger").await.len(), 0);
    assert_eq!(walked(place, "otter", Some(sample.id()), 7).await.len(), 1);
    assert_eq!(walked(place, "otter", Some(other.id()), 7).await.len(), 1);
    assert_eq!(walked(place, "short", Some(other.id()), 7).await.len(), 0);
}

/// The grams of long messages are computed before the writing thread receives the import.
pub async fn a_long_imported_message_is_found(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let (question, answer) = (format!("{}otter", "x ".repeat(20_000)), "y ".repeat(20_000));
    sample.asked(store.as_ref(), &question, &[&answer, "badger"]).await;
    let log = store.whole(sample.id()).await.unwrap().unwrap();
    store.purge(sample.id()).await.unwrap();
    let give: ImportSource = Box::new(move |take: &mut ImportSink<'_>| take(log));
    store.import(AccountId::FIRST, give, ConflictPolicy::Refuse).await.unwrap();
    for (words, count) in [("otter", 1), ("badger", 1), ("x y", 0), ("otter x", 1), ("weasel", 0)] {
        assert_eq!(found(store.as_ref(), words).await.len(), count, "{words}");
    }
}
