//! One entry of a conversation's log is unreadable or missing: the readable parts are shown,
//! observers are told, and nothing is appended. Each case was found by damaging a row of a real
//! database by hand, with and without a running server.

use protocol::{CloseReason, ErrorCode, TurnState, WorkerStatus};
use rusqlite::Connection;
use store::VisibilityFilter;
use store_sqlite::{ReadOnlyStore, Sqlite};

use crate::stage::{Setting, Stage, soon};

/// Three questions with their answers; the newest page shows the last of them.
async fn three_answers() -> Stage {
    let mut stage = Stage::with(Setting { transcript_page: 2, ..Setting::default() }).await;
    for question in ["first", "second", "third"] {
        stage.ask_and_answer(question, &["an ", "answer"]).await;
    }
    stage
}

fn strike(stage: &Stage, sql: &str) {
    let db = Connection::open(stage.folder().join("companion.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    assert_eq!(db.execute(sql, []).unwrap(), 1, "{sql}");
}

fn rows(stage: &Stage) -> u64 {
    let db = Connection::open(stage.folder().join("companion.db")).unwrap();
    db.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap()
}

/// The first question, a part of the first answer, and a missing entry: all are before the newest
/// page.
const BEFORE_THE_NEWEST_PAGE: [&str; 3] = [
    "UPDATE events SET body = 'garbage' WHERE seq = 2",
    "UPDATE events SET body = '[]' WHERE seq =
         (SELECT min(seq) FROM events WHERE kind = 'text_delta')",
    "DELETE FROM events WHERE seq = 2",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readable_parts_are_shown_and_nothing_is_appended() {
    for sql in BEFORE_THE_NEWEST_PAGE {
        let stage = three_answers().await;
        strike(&stage, sql);
        let mut stage = stage.reopened(|_| {}).await;
        let before = rows(&stage);
        let view = stage.snapshot().await;
        assert_eq!(view.messages.len(), 2, "{sql}: the newest page can be read");
        let mut watcher = stage.watch().await;
        watcher.view_after_snapshot().await;

        let refused = stage.send("more").await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Internal, "{sql}");
        assert_eq!(rows(&stage), before, "{sql}: nothing was stored");
        assert!(stage.script.is_quiet(), "{sql}: no model is asked with a part of what was said");

        // An observer is told, and still sees the readable messages.
        watcher.until(|view| view.worker.unreadable).await;
        assert_eq!(watcher.view().messages.len(), 2, "{sql}");
        let view = stage.snapshot().await;
        assert!(view.worker.unreadable && view.worker.status == WorkerStatus::Unavailable);
        assert_eq!(view.messages.len(), 2, "{sql}");
        let listed = stage.runtime.workers_at(VisibilityFilter::InView, None, 10).await.unwrap();
        assert!(listed.workers.iter().all(|worker| worker.unreadable), "{sql}");

        soon(stage.runtime.delete(stage.worker)).await.unwrap();
        assert_eq!(watcher.until_closed().await, CloseReason::Deleted, "{sql}");
        stage.worker = stage.runtime.workers(None, 10).await.unwrap().workers[0].worker_id;
        stage.ask_and_answer("elsewhere", &["yes"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreadable_older_page_closes_the_conversation_to_new_messages() {
    let stage = three_answers().await;
    let before = stage.snapshot().await.next_before;
    strike(&stage, BEFORE_THE_NEWEST_PAGE[0]);
    let older = stage.runtime.transcript(stage.worker, before, 2).await.unwrap();
    assert_eq!(older.messages.len(), 2, "the second question can be read");
    let oldest = stage.runtime.transcript(stage.worker, older.next_before, 2).await;
    assert_eq!(oldest.unwrap_err().code, ErrorCode::Internal);
    let stored = rows(&stage);
    // The worker's actor is running already, and must notice the damage as well.
    assert_eq!(stage.send("more").await.unwrap_err().code, ErrorCode::Internal);
    assert_eq!(rows(&stage), stored, "nothing was stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_turn_that_finds_the_damage_fails_and_later_messages_are_refused() {
    let mut stage = three_answers().await;
    strike(&stage, BEFORE_THE_NEWEST_PAGE[0]);
    let accepted = stage.send("finds out").await.unwrap();
    let turn = stage.ended(&accepted).await;
    assert_eq!(turn.state, TurnState::Failed);
    let stored = rows(&stage);
    assert_eq!(stage.send("one more").await.unwrap_err().code, ErrorCode::Internal);
    assert_eq!(rows(&stage), stored, "nothing more was stored");
    assert!(stage.script.is_quiet(), "no model is asked with a part of what was said");
    assert!(stage.snapshot().await.worker.unreadable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreadable_newest_page_refuses_messages() {
    let newest_page = [
        "UPDATE events SET body = '[]' WHERE seq =
             (SELECT max(seq) FROM events WHERE kind = 'turn_generating')",
        "DELETE FROM events WHERE seq =
             (SELECT max(seq) FROM events WHERE kind = 'turn_generating')",
    ];
    for sql in newest_page {
        let stage = three_answers().await;
        strike(&stage, sql);
        let stage = stage.reopened(|_| {}).await;
        let stored = rows(&stage);
        assert_eq!(stage.send("more").await.unwrap_err().code, ErrorCode::Internal, "{sql}");
        assert_eq!(rows(&stage), stored, "{sql}: nothing is stored where no page would show it");
        let view = stage.snapshot().await;
        assert!(view.worker.unreadable && view.messages.is_empty(), "{sql}");
    }
}

/// `companion doctor` and `companion backup` report how many conversations cannot be read
/// completely; both had reported that all was well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_and_backup_count_unreadable_conversations() {
    let index = [
        "UPDATE messages SET seq = seq + 1 WHERE seq = 2",
        "UPDATE messages SET role = 'odd' WHERE seq = 2",
    ];
    for sql in BEFORE_THE_NEWEST_PAGE.iter().chain(&index) {
        let stage = three_answers().await;
        let unreadable = || Sqlite::look(stage.folder()).unwrap().unreadable;
        assert_eq!(unreadable(), 0, "{sql}");
        strike(&stage, sql);
        assert_eq!(unreadable(), 1, "{sql}");
        let copy = tempfile::tempdir().unwrap();
        let backup =
            ReadOnlyStore::open(stage.folder()).unwrap().back_up(&copy.path().join("copy"));
        assert_eq!(backup.unwrap().unreadable, 1, "{sql}");
    }
}
