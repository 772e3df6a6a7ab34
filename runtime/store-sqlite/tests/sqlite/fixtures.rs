//! A database of every schema so far, which every later version has to open and show unchanged.
//!
//! `fixtures/schema-1.db` and `schema-2.db` were made on 2026-11-22, `schema-3.db` on 2026-11-26,
//! `schema-4.db` to `schema-8.db` on 2026-11-27, `schema-9.db` to `schema-11.db` on 2026-11-28 and
//! `schema-12.db` and `schema-13.db` on 2026-11-29, by the code that wrote them, with
//! `cargo test -p store-sqlite --test sqlite -- --ignored make_the_fixture`, and the text
//! beside it, what the code of then folded from it. A schema's fixture is made once, when
//! that schema is the newest, and never again.

use std::path::{Path, PathBuf};

use accounts::{AccountName, AccountStore as _, SecretHash};
use protocol::{AccountId, EventBody, Snapshot, Timestamp, TurnState, View};
use shares::ShareStore as _;
use store::contract::sample::{Sample, prompt};
use store::contract::search::found;
use store::{Store, VisibilityFilter};
use store_sqlite::Sqlite;
use tempfile::tempdir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sqlite/fixtures").join(name)
}

/// The snapshot of each worker, the most recently used first.
async fn shown(store: &dyn Store) -> Vec<Snapshot> {
    let mut snapshots = Vec::new();
    for worker in
        store.workers(AccountId::FIRST, VisibilityFilter::InView, None, 100).await.unwrap()
    {
        let page = store.page(worker.worker_id, None, 200).await.unwrap().unwrap();
        let before = page.events.first().map_or(page.stored.last_seq, |e| e.first_seq() - 1);
        let mut view = View::new(page.stored.worker.clone(), before);
        for event in &page.events {
            view.apply(event);
        }
        snapshots.push(view.snapshot(page.stored.log));
    }
    snapshots
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_every_earlier_schema_opens_with_unchanged_contents() {
    for schema in 1..=13 {
        let folder = tempdir().unwrap();
        let database = fixture(&format!("schema-{schema}.db"));
        let file = folder.path().join("companion.db");
        std::fs::copy(database, &file).unwrap();
        let of_all_turns = "INSERT INTO prompts VALUES ('sha256:0', 'what all turns refer to')";
        rusqlite::Connection::open(file).unwrap().execute(of_all_turns, []).unwrap();
        let look = Sqlite::look(folder.path()).unwrap();
        assert_eq!(look.schema, Some(schema));
        let store = Sqlite::open(folder.path()).unwrap();
        let expected = std::fs::read_to_string(fixture(&format!("schema-{schema}.json"))).unwrap();
        let expected: Vec<Snapshot> = serde_json::from_str(&expected).unwrap();
        assert_eq!(shown(&store).await, expected, "schema {schema}");
        assert_eq!(expected.len(), 4);
        let edited = expected.iter().flat_map(|shown| &shown.transcript.turns);
        let edited = edited.filter(|turn| turn.edits.is_some()).count();
        let omitted: usize = expected.iter().map(|shown| shown.worker.omitted.len()).sum();
        assert_eq!((edited, omitted), if schema >= 12 { (1, 1) } else { (0, 0) }, "{schema}");
        assert!(store.prompt("sha256:0").await.unwrap().is_some());
        // No turn refers to this one. Before schema 3 nobody could tell whose it was, so it goes.
        let sent = (schema >= 3).then(|| "as sent".to_owned());
        assert_eq!(store.prompt("sha256:as sent").await.unwrap(), sent, "schema {schema}");
        let own = (schema >= 11).then(|| "be brief".to_owned());
        assert_eq!(store.prompt("sha256:be brief").await.unwrap(), own, "schema {schema}");
        assert_eq!(store.unfinished().await.unwrap().len(), 1);
        // What was there before there were accounts belongs to the first one.
        assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 4);
        let of_second = store.count(second()).await.unwrap();
        assert_eq!(of_second, u64::from(schema >= 6), "schema {schema}");
        for (words, hits) in [
            ("元気", 2),
            ("thank you", 1),
            ("by hand", 1),
            ("気", 2),
            ("two", 2),
            ("so far", 1),
            ("still running", 1),
            ("half an answer", 0),
        ] {
            assert_eq!(found(&store, words).await.len(), hits, "schema {schema}: {words}");
        }
        let names: Vec<_> = store.accounts().await.unwrap().into_iter().map(|a| a.name).collect();
        let expected = if schema >= 7 { vec!["ada", "bob"] } else { vec![] };
        assert_eq!(names.iter().map(AccountName::as_str).collect::<Vec<_>>(), expected);
        assert_eq!(store.session(SecretHash::of("s")).await.unwrap().is_some(), schema >= 7);
        assert_eq!(store.token(SecretHash::of("t")).await.unwrap().is_some(), schema >= 7);
        let shares = store.shares(AccountId::FIRST, Timestamp::from_unix_ms(15)).await.unwrap();
        assert_eq!(shares.len(), usize::from(schema >= 9), "schema {schema}");
        let known = accounts::contract::identity("ada").identity;
        let found = store.account_by_identity(&known).await.unwrap();
        assert_eq!(found.is_some(), schema >= 8, "schema {schema}");
        assert_eq!(store.has_passkeys(None).await.unwrap(), schema >= 10, "schema {schema}");
        let look = Sqlite::look(folder.path()).unwrap();
        assert_eq!(look.schema, Some(look.known), "it is brought up to date");
        // The opened database can also be written.
        let mut new = Sample::created(200, &store).await;
        new.asked(&store, "q", &["a"]).await;
        store::contract::sample::assert_holds(&store, &new).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "makes the fixture of the newest schema, once"]
async fn make_the_fixture() {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let schema = Sqlite::look(folder.path()).unwrap().known;
    write(&store).await;
    accounts::contract::fill(&store).await;
    shares::contract::fill(&store, Sample::new(1).id()).await;
    let text = serde_json::to_string_pretty(&shown(&store).await).unwrap();
    store.close().await;
    drop(store);
    let (database, beside) =
        (fixture(&format!("schema-{schema}.db")), fixture(&format!("schema-{schema}.json")));
    assert!(!database.exists(), "a fixture is made once");
    std::fs::copy(folder.path().join("companion.db"), database).unwrap();
    std::fs::write(beside, format!("{text}\n")).unwrap();
}

fn second() -> AccountId {
    AccountId::new(2).unwrap()
}

/// Writes a plain conversation, a branched one, an interrupted one, one whose turn is still
/// running, and one of another account.
async fn write(store: &dyn Store) {
    let mut plain = Sample::created(1, store).await;
    let mut question = plain.question("こんにちは、元気ですか？", None);
    question.prompt = Some(prompt("as sent"));
    store.append(question).await.unwrap();
    store.append(plain.generating()).await.unwrap();
    for piece in ["はい、", "元気です。", " 🦀"] {
        store.append(plain.delta(piece)).await.unwrap();
    }
    store.append(plain.ended()).await.unwrap();
    plain.asked(store, "And in English?", &["I am fine", ", thank you."]).await;
    store.append(plain.renamed("A title given by hand")).await.unwrap();
    store.append(plain.instructed("be brief")).await.unwrap();
    let asked = plain.asked(store, "Really?", &["Ys."]).await;
    store.append(plain.edited(asked, "Yes.")).await.unwrap();
    store.append(plain.omitted(asked)).await.unwrap();

    let mut branched = Sample::created(2, store).await;
    branched.asked(store, "one", &["uno"]).await;
    let fork = branched.head;
    branched.asked(store, "two", &["dos"]).await;
    branched.asked_after(store, "two, edited", fork, &["due", "!"]).await;
    branched.asked_after(store, "from the beginning", None, &["again"]).await;

    let mut interrupted = Sample::created(3, store).await;
    interrupted.asked(store, "before", &["an answer"]).await;
    store.append(interrupted.question("broken off", interrupted.head)).await.unwrap();
    store.append(interrupted.generating()).await.unwrap();
    store.append(interrupted.delta("so far")).await.unwrap();
    let mut end = interrupted.ended();
    let EventBody::TurnEnded { state, .. } = &mut end.events[0].body else { panic!("an end") };
    *state = TurnState::Interrupted;
    store.append(end).await.unwrap();

    let mut running = Sample::created(4, store).await;
    store.append(running.question("still running", None)).await.unwrap();
    store.append(running.generating()).await.unwrap();
    store.append(running.delta("half an ")).await.unwrap();
    store.append(running.delta("answer")).await.unwrap();

    let mut foreign = Sample::new(5);
    let first = foreign.first();
    store.create(second(), foreign.log, first).await.unwrap();
    foreign.asked(store, "whose is this?", &["another's"]).await;
}
