//! Cursors that do not fit get a notice and a fresh snapshot (invariant 3).

use protocol::{Cursor, ErrorCode, Frame, LogId};

use crate::stage::Stage;
use crate::watcher::Watcher;

async fn assert_stale(stage: &Stage, cursor: Cursor) {
    let name = cursor.to_string();
    let mut watcher = Watcher::begin(&stage.runtime, stage.worker, Some(cursor)).await;
    let Some(Frame::Notice { error }) = watcher.next().await else { panic!("a notice: {name}") };
    assert_eq!(error.code, ErrorCode::StaleCursor);
    assert!(error.hint.is_some());
    let Some(Frame::Snapshot { snapshot, .. }) = watcher.next().await else {
        panic!("then a snapshot: {name}")
    };
    assert_eq!(snapshot.transcript.cursor, stage.cursor().await);
    assert_eq!(*watcher.view(), stage.snapshot().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_cursor_gets_a_notice_and_then_a_snapshot() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("q", &["a"]).await;
    let (log, last) = stage.cursor().await.parts().unwrap();

    let other = stage.runtime.create(Default::default()).await.unwrap().worker_id;
    let foreign = stage.runtime.snapshot(other).await.unwrap().transcript.cursor;
    let elsewhere = Stage::new().await.cursor().await;
    for cursor in [
        foreign,
        elsewhere,
        Cursor::new(log, 0),
        Cursor::new(log, last + 1),
        Cursor::new(log, u64::MAX),
        Cursor::new(LogId(log.0 ^ 1), last),
        Cursor::from_client(""),
        Cursor::from_client("latest"),
        Cursor::from_client("1"),
        Cursor::from_client("日本語".repeat(1000)),
        Cursor::from_client(format!("{} ", Cursor::new(log, last))),
        Cursor::from_client(Cursor::new(log, last).to_string().to_uppercase() + "F"),
    ] {
        assert_stale(&stage, cursor).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_valid_cursor_gets_only_the_events_that_follow() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("q", &["a"]).await;
    let (view, cursor) = (stage.snapshot().await, stage.cursor().await);
    let mut watcher = stage.watch_from(view.clone(), cursor).await;
    let (accepted, call) = stage.ask("next").await;
    call.answer(&["b"]).await;
    watcher.until_ended(accepted.turn.turn_id).await;
    assert!(watcher.notices.is_empty());
    assert_eq!(*watcher.view(), stage.snapshot().await);
    // A snapshot and an envelope of the same position have the same cursor.
    assert_eq!(watcher.cursor, Some(stage.cursor().await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_snapshot_after_a_stale_cursor_is_one_page() {
    let mut stage = Stage::with(crate::stage::Setting {
        transcript_page: 2,
        ..crate::stage::Setting::default()
    })
    .await;
    for question in ["one", "two", "three"] {
        stage.ask_and_answer(question, &["a"]).await;
    }
    let stale = Some(Cursor::from_client("stale"));
    let mut watcher = Watcher::begin(&stage.runtime, stage.worker, stale).await;
    watcher.view_after_snapshot().await;
    assert_eq!(watcher.view().messages.len(), 2);
    assert!(watcher.view().next_before.is_some());
}
