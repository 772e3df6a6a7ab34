//! Tests about the files of the SQLite store.

use std::path::Path;
use std::time::Duration;

use futures::FutureExt as _;
use protocol::Timestamp;
use rusqlite::Connection;
use store::contract::sample::{Sample, assert_holds, prompt};
use store::{Durability, Store, StoreError};
use store_sqlite::{OpenError, Sqlite};
use tempfile::tempdir;

/// Copies the database as a crash would leave it at this moment.
pub(crate) fn copy_as_it_is(from: &Path, to: &Path) {
    for file in ["companion.db", "companion.db-wal"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_store_on_one_folder_is_refused_with_the_holders_name() {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let sample = Sample::created(1, &store).await;
    let Err(error) = Sqlite::open(folder.path()) else { panic!("two on one folder") };
    assert!(matches!(error, OpenError::Locked { .. }));
    let holder = format!("process {}", std::process::id());
    assert!(error.to_string().contains(&holder), "{error}");
    assert_holds(&store, &sample).await;
    // Somebody deletes the lock file, taking it for a leftover.
    std::fs::remove_file(folder.path().join("companion.lock")).unwrap();
    for _ in 0..2 {
        let refused = Sqlite::open(folder.path()).map(drop);
        assert!(matches!(refused, Err(OpenError::Locked { .. })), "{refused:?}");
    }

    store.close().await;
    drop(store);
    let store = Sqlite::open(folder.path()).unwrap();
    assert_holds(&store, &sample).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_a_symbolic_link_is_refused_and_the_link_stays() {
    let (folder, real) = (tempdir().unwrap(), tempdir().unwrap());
    Sqlite::open(real.path()).unwrap().close().await;
    let link = folder.path().join("companion.db");
    for target in [real.path().join("companion.db"), "/not/mounted/companion.db".into()] {
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let refused = Sqlite::open(folder.path()).map(drop);
        assert!(matches!(refused, Err(OpenError::Link { .. })), "{refused:?}");
        assert!(matches!(Sqlite::look(folder.path()), Err(OpenError::Link { .. })));
        assert_eq!(std::fs::read_link(&link).unwrap(), target);
        std::fs::remove_file(&link).unwrap();
    }
}

/// How many of the words occur in any page of the database's files.
fn words_in_files(folder: &Path, words: &[String]) -> usize {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap_or_default();
    let bytes = [read("companion.db"), read("companion.db-wal")].concat();
    let holds = |word: &str| bytes.windows(word.len()).any(|found| found == word.as_bytes());
    words.iter().filter(|word| holds(word)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purged_texts_are_no_longer_in_any_file() {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let mut kept = Sample::created(1, &store).await;
    let mut removed = Sample::created(2, &store).await;
    let words = |name: &str| (0..50).map(|n| format!("{name}-{n}-word")).collect::<Vec<_>>();
    let (kept_words, removed_words) = (words("kept"), words("removed"));
    // Kept and removed words alternate, so that pages hold both.
    for (kept_word, removed_word) in kept_words.iter().zip(&removed_words) {
        kept.asked(&store, kept_word, &["a"]).await;
        removed.asked(&store, removed_word, &["b"]).await;
    }
    // So do the tables of what was sent.
    let sent = words("sent");
    for word in &sent {
        let mut question = removed.question("q", removed.head);
        question.prompt = Some(prompt(word));
        store.append(question).await.unwrap();
        store.append(removed.ended()).await.unwrap();
    }
    assert_eq!(words_in_files(folder.path(), &removed_words), 50);
    assert_eq!(words_in_files(folder.path(), &sent), 50);
    store.purge(removed.id()).await.unwrap();
    while store.collect(Timestamp::from_unix_ms(0)).await.unwrap() {}
    assert_eq!(words_in_files(folder.path(), &removed_words), 0);
    assert_eq!(words_in_files(folder.path(), &sent), 0);
    assert_eq!(words_in_files(folder.path(), &kept_words), 50);
    assert_holds(&store, &kept).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_ahead_log_left_by_a_crash_is_recovered() {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let mut sample = Sample::created(1, &store).await;
    sample.asked(&store, "q", &["日", "本"]).await;
    for step in 0..4 {
        let mut next = match step {
            0 => sample.question("q", sample.head),
            1 => sample.generating(),
            2 => sample.delta("so far"),
            _ => sample.ended(),
        };
        next.durability = if step % 2 == 0 { Durability::Power } else { Durability::Process };
        store.append(next).await.unwrap();

        let copy = tempdir().unwrap();
        copy_as_it_is(folder.path(), copy.path());
        let recovered = Sqlite::open(copy.path()).unwrap();
        assert_holds(&recovered, &sample).await;
        recovered.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_write_ahead_log_loses_only_its_last_commit() {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let mut sample = Sample::created(1, &store).await;
    sample.asked(&store, "q", &["a"]).await;
    store.append(sample.renamed("the last")).await.unwrap();
    let copy = tempdir().unwrap();
    copy_as_it_is(folder.path(), copy.path());
    let wal = copy.path().join("companion.db-wal");
    let length = std::fs::metadata(&wal).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&wal).unwrap().set_len(length - 100).unwrap();

    let recovered = Sqlite::open(copy.path()).unwrap();
    let stored = recovered.worker(sample.id()).await.unwrap().unwrap();
    assert_eq!(stored.last_seq, sample.last_seq() - 1);
    assert_eq!(stored.worker.title, None);
}

/// While another program holds the lock, writers wait for it. The jobs that gather meanwhile are
/// committed in one group, and a bad job fails alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failed_job_of_a_group_is_rolled_back_alone() {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let mut samples = Vec::new();
    for number in 1..=10 {
        let mut sample = Sample::created(number, &store).await;
        store.append(sample.question("q", None)).await.unwrap();
        samples.push(sample);
    }
    let other = Connection::open(folder.path().join("companion.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let mut jobs = Vec::new();
    for (index, mut sample) in samples.into_iter().enumerate() {
        let sound = index != 4 && index != 5;
        let mut job = sample.delta("text");
        match index {
            // The id of a message is used twice, which no store accepts.
            4 => job.events[0].body = sample.events[1].body.clone(),
            5 => job.events[0].seq += 7,
            _ => {}
        }
        if !sound {
            sample.events.pop();
        }
        // Polling the future sends the job. However many jobs the writer has taken by now, it waits
        // for the lock with them, and the rest forms the next group; both bad jobs have neighbours.
        let mut done = store.append(job);
        assert!((&mut done).now_or_never().is_none());
        jobs.push((done, sound, sample));
    }
    other.execute_batch("COMMIT").unwrap();
    for (done, sound, sample) in jobs {
        let result = done.await;
        assert_eq!(result.is_ok(), sound, "{result:?}");
        assert_holds(&store, &sample).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_sqlite_rolls_back_fails_and_can_be_retried() {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let mut sample = Sample::created(1, &store).await;
    // This rolls the whole transaction back from within SQLite, as a full disk does.
    let other = Connection::open(folder.path().join("companion.db")).unwrap();
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON events
                   BEGIN SELECT RAISE(ROLLBACK, 'full'); END";
    other.execute_batch(trigger).unwrap();
    let append = sample.renamed("x");
    let refused = store.append(append.clone()).await;
    assert!(matches!(refused, Err(StoreError::Append(_))), "{refused:?}");
    other.execute_batch("DROP TRIGGER full").unwrap();
    store.append(append).await.unwrap();
    assert_holds(&store, &sample).await;
}

/// A caller whose task ends leaves its job behind; no other process may write before the job is
/// done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_folder_stays_locked_until_abandoned_writes_are_committed() {
    let folder = tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let mut sample = Sample::created(1, &store).await;
    let other = Connection::open(folder.path().join("companion.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let append = sample.renamed("asked for");
    let mut asked = store.append(append);
    assert!((&mut asked).now_or_never().is_none(), "the writer waits for the other program");
    drop(asked);
    drop(store);
    assert!(matches!(Sqlite::open(folder.path()), Err(OpenError::Locked { .. })));
    other.execute_batch("COMMIT").unwrap();
    let opened = async {
        loop {
            match Sqlite::open(folder.path()) {
                Ok(store) => return store,
                Err(OpenError::Locked { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let store = tokio::time::timeout(Duration::from_secs(30), opened).await.unwrap();
    assert_holds(&store, &sample).await;
}
