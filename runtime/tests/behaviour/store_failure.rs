//! The store fails and recovers (invariants 1 and 4).

use protocol::{CloseReason, ErrorCode, TurnState, WorkerStatus};

use crate::faulty::{Reads, Writes};
use crate::stage::{Stage, answer_of, message, soon, still_waits};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_stored_is_refused_and_can_be_sent_again() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("before", &["a"]).await;
    let before = stage.log().await;
    let request = message("q");
    stage.store.set(Writes::Refuse);
    for _ in 0..2 {
        let error = stage.runtime.send(stage.worker, request.clone()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Internal);
        assert!(!error.message.contains("scripted"), "no internal text");
    }
    let error = stage.runtime.rename(stage.worker, Some("x".to_owned())).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    let error = stage.runtime.stop(stage.worker).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    assert_eq!(stage.log().await, before);
    assert!(stage.script.is_quiet(), "no model was asked");
    assert_eq!(stage.snapshot().await.worker.status, WorkerStatus::Idle);

    stage.store.set(Writes::Pass);
    let accepted = stage.runtime.send(stage.worker, request).await.unwrap();
    stage.script.call().await.answer(&["yes"]).await;
    assert_eq!(stage.ended(&accepted).await.state, TurnState::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streaming_turn_waits_for_the_store_and_loses_no_byte() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("one ").await;
    watcher.until_text("one ").await;
    let mut text = "one ".to_owned();
    for writes in [Writes::Refuse, Writes::Lose, Writes::Refuse, Writes::Lose] {
        stage.store.set(writes);
        call.text("日本 ").await;
        text.push_str("日本 ");
        stage.store.met(1).await;
        let busy = stage.send("another").await.unwrap_err();
        assert_eq!(busy.code, ErrorCode::Busy);
        stage.store.set(Writes::Pass);
        watcher.until_text(&text).await;
    }
    stage.store.set(Writes::Lose);
    call.finish().await;
    stage.store.met(1).await;
    stage.store.set(Writes::Pass);
    watcher.until_ended(accepted.turn.turn_id).await;
    let end = (text, TurnState::Completed);
    assert_eq!(answer_of(watcher.view(), &accepted.turn), end);
    assert_eq!(answer_of(&stage.snapshot().await, &accepted.turn), end);
    // Every event is there once: a new fold of the log finds no gap and no repetition.
    let fresh = stage.snapshot().await;
    assert_eq!(*watcher.view(), fresh);
    assert_eq!(stage.ask_and_answer("next", &["a"]).await.state, TurnState::Completed);
}

/// If it is not known whether a failed write was stored, the next request finds out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_write_with_unknown_result_the_worker_is_loaded_again() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    watcher.view_after_snapshot().await;
    for round in 0..2 {
        stage.store.set(Writes::Lose);
        stage.store.set_reads(Reads::TailsFail);
        let title = Some(format!("title {round}"));
        let renamed = stage.runtime.rename(stage.worker, title.clone()).await;
        assert_eq!(renamed.unwrap_err().code, ErrorCode::Internal);
        stage.store.set(Writes::Pass);
        stage.store.set_reads(Reads::Pass);
        assert_eq!(stage.snapshot().await.worker.title, title, "it did happen");
        let turn = stage.ask_and_answer("q", &["a"]).await;
        assert_eq!(turn.state, TurnState::Completed);
    }
    let seq = stage.snapshot().await.seq;
    watcher.until(|view| view.seq == seq).await;
    assert_eq!(*watcher.view(), stage.snapshot().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_delete_changes_nothing_and_one_with_a_lost_response_counts() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("q", &["a"]).await;
    let before = stage.log().await;
    let mut watcher = stage.watch().await;
    stage.store.set(Writes::Refuse);
    let error = stage.runtime.delete(stage.worker).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    assert_eq!(stage.log().await, before);
    stage.store.set(Writes::Lose);
    soon(stage.runtime.delete(stage.worker)).await.unwrap();
    assert_eq!(watcher.until_closed().await, CloseReason::Deleted);
    assert_eq!(stage.send("more").await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_provider_waits_during_an_outage_and_memory_does_not_grow() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    stage.store.set(Writes::Refuse);
    call.text("x").await;
    stage.store.met(1).await;
    // The channel between the provider and its turn fills up, and then the provider waits.
    let mut flood = Box::pin(async {
        for _ in 0..10_000 {
            call.text("y").await;
        }
    });
    still_waits(&mut flood, stage.store.met(3)).await;
    drop(flood);
    stage.store.set(Writes::Pass);
    call.finish().await;
    let turn = stage.ended(&accepted).await;
    assert_eq!(turn.state, TurnState::Completed);
    let text = answer_of(&stage.snapshot().await, &turn).0;
    assert!(text.len() <= 2 + 2 * provider::OUTPUTS, "{}", text.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_during_an_outage_is_acknowledged_when_it_is_stored() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    watcher.until(|view| view.turns.iter().any(|t| t.state == TurnState::Generating)).await;
    stage.store.set(Writes::Refuse);
    call.text("so far").await;
    stage.store.met(1).await;
    let runtime = stage.runtime.clone();
    let mut cancel = Box::pin(runtime.cancel(stage.worker));
    still_waits(&mut cancel, call.asked_to_stop()).await;
    call.halt().await;
    still_waits(&mut cancel, stage.store.met(3)).await;
    stage.store.set(Writes::Pass);
    let turn = soon(cancel).await.unwrap().turn.unwrap();
    assert_eq!(turn.state, TurnState::Cancelled);
    let end = ("so far".to_owned(), TurnState::Cancelled);
    assert_eq!(answer_of(&stage.snapshot().await, &accepted.turn), end);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_observer_whose_log_cannot_be_read_is_closed_and_can_reconnect() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    watcher.view_after_snapshot().await;
    let (view, cursor) = (watcher.view().clone(), watcher.cursor.clone().unwrap());
    drop(watcher);
    let turn = stage.ask_and_answer("q", &["a"]).await;
    // Nobody followed the turn, so the store alone has it.
    let mut watcher = stage.watch_from(view, cursor).await;
    stage.store.set_reads(Reads::Fail);
    assert_eq!(watcher.until_closed().await, CloseReason::Internal);
    let error = stage.runtime.snapshot(stage.worker).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    stage.store.set_reads(Reads::Pass);
    let cursor = watcher.cursor.clone().unwrap();
    let mut watcher = stage.watch_from(watcher.view().clone(), cursor).await;
    watcher.until_ended(turn.turn_id).await;
    assert_eq!(watcher.text(), "a");
}

/// The message is stored, but the branch before it cannot be read, so no model is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_whose_branch_cannot_be_read_fails_and_its_message_is_kept() {
    let mut stage = Stage::new().await;
    stage.store.set_reads(Reads::BranchesFail);
    let accepted = stage.send("q").await.unwrap();
    let turn = stage.ended(&accepted).await;
    assert_eq!(turn.state, TurnState::Failed);
    assert_eq!(turn.error.unwrap().code, ErrorCode::Internal);
    assert!(stage.script.is_quiet());
    assert_eq!(stage.snapshot().await.messages[0].text, "q");
}
