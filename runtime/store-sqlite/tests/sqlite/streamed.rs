//! The pieces of running answers, which have no rows of their own in `events`.

use std::path::Path;

use futures::future::join_all;
use protocol::Timestamp;
use rusqlite::Connection;
use store::Store;
use store::contract::sample::{Sample, assert_holds};
use store_sqlite::{ReadOnlyStore, Sqlite};
use tempfile::{TempDir, tempdir};

use crate::files;

/// A copy of the database as a crash would leave it at this moment.
fn copy_as_it_is(folder: &Path) -> TempDir {
    let copy = tempdir().unwrap();
    files::copy_as_it_is(folder, copy.path());
    copy
}

/// A database, and a conversation in which a turn is running.
async fn running(number: u8, store: &Sqlite) -> Sample {
    let mut sample = Sample::created(number, store).await;
    store.append(sample.question("Why?", None)).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    sample
}

async fn add(store: &Sqlite, sample: &mut Sample, text: &str) {
    store.append(sample.delta(text)).await.unwrap();
}

fn opened() -> (TempDir, Sqlite) {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    (folder, store)
}

fn count(folder: &Path, sql: &str) -> i64 {
    let db = Connection::open(folder.join("companion.db")).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// How many rows the deltas have, and how many rows of pieces there are.
fn rows(folder: &Path) -> (i64, i64) {
    let deltas = "SELECT count(*) FROM events WHERE kind IN ('text_delta', 'reasoning_delta')";
    (count(folder, deltas), count(folder, "SELECT count(*) FROM streamed"))
}

/// Whether a file of the database holds these bytes.
fn holds(folder: &Path, text: &str) -> bool {
    ["companion.db", "companion.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
        bytes.windows(text.len()).any(|found| found == text.as_bytes())
    })
}

#[tokio::test]
async fn pieces_become_one_row_when_the_turn_ends() {
    let (folder, store) = opened();
    let mut sample = running(1, &store).await;
    store.append(sample.thought("Let me ")).await.unwrap();
    store.append(sample.thought("think.")).await.unwrap();
    add(&store, &mut sample, "Because").await;
    assert_eq!(rows(folder.path()), (0, 3));
    assert_holds(&store, &sample).await;
    // Events that are no deltas may come in between.
    store.append(sample.renamed("A question")).await.unwrap();
    add(&store, &mut sample, " it").await;
    add(&store, &mut sample, " is so.").await;
    assert_holds(&store, &sample).await;
    for seq in 0..sample.last_seq() {
        assert_eq!(sample.resumed(&store, seq).await, sample.view(), "{seq}");
    }
    store.append(sample.ended()).await.unwrap();
    assert_eq!(rows(folder.path()), (3, 0), "thinking, text before the title and after it");
    assert_holds(&store, &sample).await;
    sample.asked(&store, "And now?", &["Now", " as well."]).await;
    assert_holds(&store, &sample).await;
}

#[tokio::test]
async fn text_that_was_thinking_is_kept_with_its_pieces() {
    let (folder, store) = opened();
    let mut sample = running(1, &store).await;
    add(&store, &mut sample, "Hm, ").await;
    add(&store, &mut sample, "I think").await;
    store.append(sample.text_was_reasoning()).await.unwrap();
    add(&store, &mut sample, "Yes.").await;
    assert_holds(&store, &sample).await;
    let branch = store.branch(sample.id(), sample.head.unwrap(), u64::MAX).await.unwrap();
    let answer = branch.messages.last().unwrap();
    assert_eq!((answer.text.as_str(), answer.reasoning.as_str()), ("Yes.", "Hm, I think"));
    // These events cannot follow pieces, so the pieces get rows.
    let mut mixed = sample.delta(" No.");
    mixed.events.extend(sample.renamed("Undecided").events);
    mixed.summary = Some(sample.worker.clone());
    store.append(mixed).await.unwrap();
    assert_eq!(rows(folder.path()).0, 4);
    assert_holds(&store, &sample).await;
    add(&store, &mut sample, " Yes.").await;
    assert_holds(&store, &sample).await;
    store.append(sample.ended()).await.unwrap();
    assert_holds(&store, &sample).await;
}

#[tokio::test]
async fn a_start_after_a_crash_goes_on_after_the_last_piece() {
    let (folder, store) = opened();
    let mut ended = running(1, &store).await;
    let (mut sample, mut other) = (running(2, &store).await, running(3, &store).await);
    for piece in ["one ", "two ", "three "] {
        for sample in [&mut ended, &mut sample, &mut other] {
            add(&store, sample, piece).await;
        }
    }
    store.append(ended.ended()).await.unwrap();
    store.append(sample.renamed("Three words")).await.unwrap();
    assert_ne!(rows(folder.path()).1, 0);
    let crashed = copy_as_it_is(folder.path());
    let store = Sqlite::open(crashed.path()).unwrap();
    for sample in [&ended, &sample, &other] {
        assert_holds(&store, sample).await;
    }
    assert_eq!(store.unfinished().await.unwrap().len(), 2);
    for sample in [&mut sample, &mut other] {
        add(&store, sample, "four").await;
        assert_holds(&store, sample).await;
    }
    store.append(sample.ended()).await.unwrap();
    assert_holds(&store, &sample).await;
    let crashed = copy_as_it_is(crashed.path());
    let store = Sqlite::open(crashed.path()).unwrap();
    store.append(other.ended()).await.unwrap();
    assert_eq!(rows(crashed.path()), (4, 0), "one of them has text before and after its title");
    for sample in [&ended, &sample, &other] {
        assert_holds(&store, sample).await;
    }
}

#[tokio::test]
async fn pieces_that_arrive_together_share_a_row() {
    let (folder, store) = opened();
    let mut samples = Vec::new();
    for number in 1..=30 {
        samples.push(running(number, &store).await);
    }
    for round in 0..10 {
        let texts = samples.iter_mut().map(|sample| sample.delta(&format!("{round} ")));
        let done = join_all(texts.map(|piece| store.append(piece))).await;
        done.into_iter().for_each(|done| done.unwrap());
    }
    let (_, shared) = rows(folder.path());
    assert!((10..150).contains(&shared), "{shared} rows for 300 pieces");
    let crashed = copy_as_it_is(folder.path());
    let restarted = Sqlite::open(crashed.path()).unwrap();
    for sample in &mut samples {
        assert_holds(&store, sample).await;
        assert_holds(&restarted, sample).await;
        restarted.append(sample.ended()).await.unwrap();
        assert_holds(&restarted, sample).await;
    }
    assert_eq!(rows(crashed.path()), (30, 0));
}

#[tokio::test]
async fn other_processes_read_the_pieces() {
    let (folder, store) = opened();
    let (mut sample, mut other) = (running(1, &store).await, running(2, &store).await);
    for piece in ["one ", "two ", "three"] {
        add(&store, &mut sample, piece).await;
        add(&store, &mut other, piece).await;
    }
    store.append(other.ended()).await.unwrap();
    let reads = |folder: &Path| {
        let beside = ReadOnlyStore::open(folder).unwrap();
        for sample in [&sample, &other] {
            let whole = beside.whole(sample.id()).unwrap().unwrap();
            assert_eq!(whole.events.last().unwrap().seq, sample.last_seq());
            let salvage = beside.salvage(sample.id()).unwrap().unwrap();
            assert_eq!((salvage.events, salvage.lost), (whole.events, 0));
        }
        assert_eq!(Sqlite::look(folder).unwrap().unreadable, 0);
        beside
    };
    let backup = tempdir().unwrap();
    let made = reads(folder.path()).back_up(&backup.path().join("companion.db")).unwrap();
    assert_eq!((made.conversations, made.unreadable), (2, 0));
    reads(backup.path());
    let store = Sqlite::open(backup.path()).unwrap();
    assert_holds(&store, &sample).await;
}

#[tokio::test]
async fn a_damaged_row_costs_what_came_with_it_and_later() {
    let (folder, store) = opened();
    let mut sample = running(1, &store).await;
    for piece in ["one ", "two ", "three ", "four"] {
        add(&store, &mut sample, piece).await;
    }
    let crashed = copy_as_it_is(folder.path());
    let db = Connection::open(crashed.path().join("companion.db")).unwrap();
    let third = "UPDATE streamed SET pieces = x'ff' WHERE id =
        (SELECT id FROM streamed ORDER BY id LIMIT 1 OFFSET 2)";
    assert_eq!(db.execute(third, []).unwrap(), 1);
    drop(db);
    let store = Sqlite::open(crashed.path()).unwrap();
    sample.events.truncate(sample.events.len() - 2);
    assert_holds(&store, &sample).await;
    store.append(sample.ended()).await.unwrap();
    assert_holds(&store, &sample).await;
}

#[tokio::test]
async fn a_deleted_conversation_takes_its_pieces_along() {
    let (folder, store) = opened();
    let (mut gone, mut other) = (running(1, &store).await, running(2, &store).await);
    for piece in ["nobody may ", "read this"] {
        add(&store, &mut other, "something else ").await;
        add(&store, &mut gone, piece).await;
    }
    assert!(store.delete(gone.id(), Timestamp::from_unix_ms(5)).await.unwrap());
    let mut late = gone.clone();
    assert!(matches!(store.append(late.delta("!")).await, Err(store::StoreError::Gone)));
    assert!(store.restore(gone.id()).await.unwrap());
    assert_holds(&store, &gone).await;
    add(&store, &mut gone, " again").await;
    assert_holds(&store, &gone).await;
    assert!(holds(folder.path(), "read this") && holds(folder.path(), " again"));
    // The other answer goes on meanwhile.
    assert!(store.delete(gone.id(), Timestamp::from_unix_ms(5)).await.unwrap());
    assert!(store.purge(gone.id()).await.unwrap());
    add(&store, &mut other, "and more").await;
    while store.collect(Timestamp::from_unix_ms(5)).await.unwrap() {}
    for text in ["nobody may ", "read this", " again"] {
        assert!(!holds(folder.path(), text), "{text}");
    }
    assert_holds(&store, &other).await;
    add(&store, &mut other, ", until the end").await;
    store.append(other.ended()).await.unwrap();
    assert_holds(&store, &other).await;
}

#[tokio::test]
async fn a_long_answer_does_not_make_the_table_long() {
    const LIMIT: i64 = 18 << 20;
    let (folder, store) = opened();
    let mut long = running(1, &store).await;
    add(&store, &mut long, "It begins first. ").await;
    let piece = "x".repeat(100_000);
    for number in 2..=31 {
        let mut sample = running(number, &store).await;
        for _ in 0..10 {
            add(&store, &mut sample, &piece).await;
        }
        add(&store, &mut long, "Still going. ").await;
        store.append(sample.ended()).await.unwrap();
    }
    let bytes = count(folder.path(), "SELECT sum(octet_length(pieces)) FROM streamed");
    assert!((1..LIMIT).contains(&bytes), "{bytes}");
    assert_holds(&store, &long).await;
    let crashed = copy_as_it_is(folder.path());
    let store = Sqlite::open(crashed.path()).unwrap();
    assert_holds(&store, &long).await;
    store.append(long.ended()).await.unwrap();
    assert_holds(&store, &long).await;
}

/// Readers take the pieces before they begin to read, while the turn may end in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_each_position_once_while_turns_end() {
    let (_folder, store) = opened();
    let mut sample = Sample::created(1, &store).await;
    let (id, (done, mut is_done)) = (sample.id(), tokio::sync::oneshot::channel::<()>());
    let reads = tokio::spawn({
        let store = store.clone();
        async move {
            let (mut seq, mut reads) = (0, 0);
            while is_done.try_recv().is_err() {
                let tail = store.tail(id, seq, 1_000).await.unwrap().unwrap();
                for event in &tail {
                    assert!(event.first_seq() <= seq + 1 && event.seq > seq, "{seq}: {event:?}");
                    seq = event.seq;
                }
                let whole = store.whole(id).await.unwrap().unwrap();
                assert!(whole.events.last().unwrap().seq >= seq);
                reads += 1;
            }
            reads
        }
    });
    for _ in 0..60 {
        let parent = sample.head;
        store.append(sample.question("q", parent)).await.unwrap();
        for _ in 0..10 {
            add(&store, &mut sample, "piece ").await;
        }
        store.append(sample.ended()).await.unwrap();
    }
    done.send(()).unwrap();
    assert!(reads.await.unwrap() > 10);
    assert_holds(&store, &sample).await;
}
