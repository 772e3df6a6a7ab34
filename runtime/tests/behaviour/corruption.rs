//! Every column of every table is damaged in turn. The product still starts, lists, answers in
//! another conversation, exports the readable parts, and can delete what is broken (invariant 13).
//!
//! The tables and columns are read from the database, so that new ones are tested without a change
//! here.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use futures::FutureExt as _;
use protocol::Visibility as Placed;
use protocol::api::CreateWorker;
use rusqlite::Connection;
use store::VisibilityFilter;

use crate::stage::{Setting, Stage, copy_as_it_is, soon};
use damage::{Case, Damaged, cases, strike};
use examine::examine;

mod damage;
mod examine;
mod part;

/// Longer than anything here takes.
const HANG: Duration = Duration::from_secs(60);

/// The question in the conversation that is never damaged.
pub(crate) const SOUND: &str = "soundquestion";

/// Rows in the tables about accounts and shares, of which the runtime knows nothing.
const ACCOUNTS: &str = "
INSERT INTO accounts VALUES
    (1, 'ada', 'ada', 'owner', 0, 1, 'hash'), (2, 'bob', 'bob', 'member', 0, 1, 'hash');
INSERT INTO sessions VALUES
    (1, x'01', 1, 1, 1, 9, 9, 'Browser/1.0'), (2, x'02', 2, 1, 1, 9, 9, 'Browser/1.0');
INSERT INTO identities VALUES
    ('https://a.example', '1', 1, 1), ('https://a.example', '2', 2, 1);
INSERT INTO passkeys VALUES
    (1, x'01', 1, x'01', 'a.example', 'a', '{}', 1, 2), (2, x'02', 2, x'02', 'a.example', 'b', '{}', 1, 2);
INSERT INTO devices VALUES (1, x'01', 1), (2, x'02', 2);
INSERT INTO tokens VALUES
    (1, x'01', 1, 'a', 'read', 1, 9, 2), (2, x'02', 2, 'b', 'write', 1, 9, 2);
INSERT INTO audit VALUES
    (1, 1, 'login_failed', 1, 1, '192.0.2.1'), (2, 1, 'logged_in', 2, 2, '192.0.2.1');
INSERT INTO shares
    SELECT id, randomblob(32), hex(randomblob(16)), 1, id, 'a title', 1, 0, 0, 2, 1, 9, '{}'
    FROM workers;
";

/// A data folder with rows in every table: conversations with titles, with branches, with an
/// unfinished answer, one that is archived, one pinned, and one deleted. Returns the key of the
/// conversation that is never damaged.
async fn furnished() -> (tempfile::TempDir, i64) {
    let mut stage = Stage::new().await;
    stage.ask_and_answer(SOUND, &["a sound ", "answer"]).await;
    let sound = stage.worker;
    for place in [Placed::Listed, Placed::Pinned, Placed::Archived, Placed::Listed] {
        let worker = stage.runtime.create(CreateWorker::default()).await.unwrap();
        stage.worker = worker.worker_id;
        stage.ask_and_answer("struckquestion one", &["an ", "answer"]).await;
        stage.ask_and_answer("struckquestion two", &["日本", "語"]).await;
        stage.runtime.place(worker.worker_id, place).await.unwrap();
    }
    soon(stage.runtime.delete(stage.worker)).await.unwrap();
    // A crash in the middle of an answer.
    let worker = stage.runtime.create(CreateWorker::default()).await.unwrap();
    stage.worker = worker.worker_id;
    stage.ask_and_answer("struckquestion three", &["done"]).await;
    let (_, call) = stage.ask("struckquestion four").await;
    call.begin().await;
    let mut watcher = stage.watch().await;
    call.text("so far").await;
    watcher.until_text("so far").await;
    let folder = tempfile::tempdir().unwrap();
    copy_as_it_is(stage.folder(), folder.path());
    let db = Connection::open(folder.path().join("companion.db")).unwrap();
    db.execute_batch(ACCOUNTS).unwrap();
    db.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
    let key = "SELECT id FROM workers WHERE worker_id = ?";
    let key = db.query_row(key, [sound.as_bytes()], |row| row.get(0)).unwrap();
    (folder, key)
}

/// Damages a copy of the data folder and examines the result.
async fn try_case(folder: &Path, case: &Case) -> Option<Result<(), String>> {
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("companion.db"), copy.path().join("companion.db")).unwrap();
    match strike(&copy.path().join("companion.db"), case) {
        Damaged::Yes => {}
        // SQLite rejects such a value, or it equals the old one.
        Damaged::No => return None,
    }
    let examined = AssertUnwindSafe(examine(copy)).catch_unwind();
    Some(match tokio::time::timeout(HANG, examined).await {
        Ok(Ok(examined)) => examined,
        Ok(Err(_)) => Err("panic: a step that never comes".to_owned()),
        Err(_) => Err("hang: a step that never ends".to_owned()),
    })
}

/// Runs the cases of the tables that `of` selects.
async fn run(of: impl Fn(&str) -> bool) {
    let (folder, sound) = furnished().await;
    let db = Connection::open(folder.path().join("companion.db")).unwrap();
    let cases: Vec<Case> = cases(&db, sound).into_iter().filter(|case| of(&case.table)).collect();
    drop(db);
    let (mut struck, mut failures) = (0, BTreeMap::<String, Vec<String>>::new());
    for case in &cases {
        let Some(done) = try_case(folder.path(), case).await else { continue };
        struck += 1;
        if let Err(error) = done {
            let (step, _) = error.split_once(": ").unwrap_or((&error, ""));
            failures.entry(step.to_owned()).or_default().push(format!("{case}: {error}"));
        }
    }
    let counts: Vec<_> =
        failures.iter().map(|(step, of)| format!("{step}: {}", of.len())).collect();
    println!("{struck} cases of {} tried; failed at {counts:?}", cases.len());
    assert!(struck * 3 > cases.len(), "{struck} of {}: the database is really struck", cases.len());
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_worker_row_affects_only_its_conversation() {
    run(|table| table == "workers").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_event_affects_only_its_conversation() {
    run(|table| table == "events").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_message_or_turn_affects_only_its_conversation() {
    run(|table| matches!(table, "messages" | "turns")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_row_of_any_other_table_affects_no_conversation() {
    run(|table| !matches!(table, "workers" | "events" | "messages" | "turns")).await;
}

/// A whole row is missing to which other rows refer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_row_affects_only_its_conversation() {
    let (folder, sound) = furnished().await;
    let mut failures = Vec::new();
    for table in ["workers", "events", "messages", "turns", "prompts", "texts"] {
        let copy = tempfile::tempdir().unwrap();
        let file = copy.path().join("companion.db");
        std::fs::copy(folder.path().join("companion.db"), &file).unwrap();
        let db = Connection::open(&file).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        let of = match table {
            "workers" => format!("id <> {sound}"),
            "prompts" => "true".to_owned(),
            _ => format!("worker <> {sound}"),
        };
        db.execute(&format!("DELETE FROM {table} WHERE {of}"), []).unwrap();
        drop(db);
        if let Err(error) = examine(copy).await {
            failures.push(format!("{table}: {error}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The rows and the index are repaired only when the runtime already serves them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_repaired_while_it_is_served_is_shown_and_its_turn_is_interrupted() {
    let (folder, _) = furnished().await;
    let db = Connection::open(folder.path().join("companion.db")).unwrap();
    // The index of unfinished turns is built with a condition that no row fulfils.
    for (from, to) in [("IS NULL", "= -5"), ("= -5", "IS NULL")] {
        let sql = format!(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}')
             WHERE name = 'turns_unfinished';
             PRAGMA writable_schema = RESET;
             REINDEX turns_unfinished;"
        );
        let last = sql.replace("REINDEX turns_unfinished;", "");
        db.execute_batch(if to == "IS NULL" { &last } else { &sql }).unwrap();
    }
    db.execute("UPDATE workers SET used_ms = used_ms + 1", []).unwrap();
    drop(db);
    let setting = Setting { check_first_bytes: 0, ..Setting::default() };
    let stage = Stage::open(setting, folder).await.unwrap();
    let are_repaired = async {
        loop {
            let page = stage.runtime.workers(None, 50).await.unwrap();
            let mut found = Vec::new();
            for worker in &page.workers {
                assert!(page.workers.len() > 3);
                let whole = stage.runtime.snapshot(worker.worker_id).await.unwrap();
                let are_final = whole.transcript.turns.iter().all(|turn| turn.state.is_final());
                found.push(!worker.unreadable && !whole.worker.unreadable && are_final);
            }
            if !found.contains(&false) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(are_repaired).await;
}

/// The parents of two messages form a cycle, which a walk up the tree would never leave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_on_a_cyclic_branch_fails() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("one", &["a"]).await;
    let file = stage.folder().join("companion.db");
    let db = Connection::open(file).unwrap();
    db.execute("UPDATE messages SET parent = message_id WHERE role = 'user'", []).unwrap();
    let accepted = stage.send("two").await.unwrap();
    let turn = stage.ended(&accepted).await;
    assert_eq!(turn.state, protocol::TurnState::Failed);
    assert!(stage.script.is_quiet(), "no model is asked with a part of what was said");
}

/// The row is damaged while the page is open: the page and the list are told, and deleting works
/// from either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_of_a_conversation_that_becomes_unreadable_are_told_and_can_delete_it() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("before", &["a"]).await;
    let mut watcher = stage.watch().await;
    watcher.view_after_snapshot().await;
    let mut list = stage.runtime.observe_list(None).unwrap();
    let (_, call) = stage.ask("q").await;
    call.begin().await;
    call.text("so far").await;
    watcher.until_text("so far").await;
    let db = Connection::open(stage.folder().join("companion.db")).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    db.execute("UPDATE workers SET last_seq = -5", []).unwrap();
    // One that follows is told at the next event after somebody has met the damage.
    assert!(stage.snapshot().await.worker.unreadable);
    call.text(" and no further").await;
    watcher.until(|view| view.worker.unreadable).await;
    assert_eq!(watcher.view().messages, [], "nothing is shown of what cannot be read");
    loop {
        let frame = soon(list.next()).await.unwrap();
        if let protocol::ListFrame::Worker { worker, .. } = frame
            && worker.unreadable
        {
            assert_eq!(worker.worker_id, stage.worker);
            break;
        }
    }
    let page = stage.runtime.workers_at(VisibilityFilter::InView, None, 10).await.unwrap();
    assert!(page.workers.iter().any(|w| w.worker_id == stage.worker && w.unreadable));
    let refused = stage.send("more").await.unwrap_err();
    assert_eq!(refused.code, protocol::ErrorCode::Internal);
    let other = stage.runtime.create(CreateWorker::default()).await.unwrap().worker_id;
    // The model halts when it is told to, whatever became of the log.
    let halts = async {
        call.asked_to_stop().await;
        call.halt().await;
    };
    let (deleted, ()) =
        soon(futures::future::join(stage.runtime.delete(stage.worker), halts)).await;
    deleted.unwrap();
    assert_eq!(watcher.until_closed().await, protocol::CloseReason::Deleted);
    stage.worker = other;
    stage.ask_and_answer("elsewhere", &["yes"]).await;
}
