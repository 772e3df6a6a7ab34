//! A cancelled turn stays cancelled (invariant 6).

use protocol::api::Cancelled;
use protocol::{Error, TurnState, WorkerStatus};
use provider::Output;

use crate::scripted::Call;
use crate::stage::{Stage, answer_of, soon, still_waits};

/// Cancels, and checks that no answer comes before the provider has halted.
async fn cancel_and_halt(stage: &Stage, call: &Call, late: &[&str]) -> Result<Cancelled, Error> {
    let mut cancel = Box::pin(stage.runtime.cancel(stage.worker));
    still_waits(&mut cancel, call.asked_to_stop()).await;
    // Later requests to the same worker are answered while this one still waits.
    let rename = |title: &str| stage.runtime.rename(stage.worker, Some(title.to_owned()));
    still_waits(&mut cancel, rename("stopping")).await.unwrap();
    for text in late {
        still_waits(&mut cancel, call.text(text)).await;
    }
    still_waits(&mut cancel, rename("still stopping")).await.unwrap();
    call.halt().await;
    soon(cancel).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_before_the_answer_is_acknowledged_when_the_provider_has_halted() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    let turn = cancel_and_halt(&stage, &call, &[]).await.unwrap().turn.unwrap();
    assert_eq!((turn.turn_id, turn.state), (accepted.turn.turn_id, TurnState::Cancelled));
    assert_eq!(turn.error, None);
    assert_eq!(stage.snapshot().await.worker.status, WorkerStatus::Idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_in_the_queue_is_acknowledged_when_the_turn_has_left_it() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.say(Output::Waiting { ahead: 2 }).await;
    let mut watcher = stage.watch().await;
    watcher.until(|view| view.turns[0].waiting == Some(2)).await;
    let turn = cancel_and_halt(&stage, &call, &[]).await.unwrap().turn.unwrap();
    assert_eq!((turn.turn_id, turn.state), (accepted.turn.turn_id, TurnState::Cancelled));
    assert_eq!(turn.waiting, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_during_an_answer_keeps_the_text_and_none_follows() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("so ").await;
    call.text("far").await;
    watcher.until_text("so far").await;
    let turn = cancel_and_halt(&stage, &call, &[" and", " more"]).await.unwrap().turn.unwrap();
    assert_eq!(turn.state, TurnState::Cancelled);
    let stopped = ("so far".to_owned(), TurnState::Cancelled);
    assert_eq!(answer_of(&stage.snapshot().await, &accepted.turn), stopped);
    watcher.until_ended(turn.turn_id).await;
    assert_eq!(answer_of(watcher.view(), &turn), stopped);
    assert_eq!(watcher.view().turn(turn.turn_id), Some(&turn));

    // Later text has no effect either: the turn no longer listens, and the next one starts clean.
    call.abandoned().await;
    let next = stage.ask_and_answer("next", &["clean"]).await;
    let view = stage.snapshot().await;
    assert_eq!(answer_of(&view, &accepted.turn), stopped);
    assert_eq!(answer_of(&view, &next), ("clean".to_owned(), TurnState::Completed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_cancels_get_the_same_result() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    let mut cancels = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (runtime, worker) = (stage.runtime.clone(), stage.worker);
        cancels.spawn(async move { runtime.cancel(worker).await.unwrap().turn });
    }
    call.asked_to_stop().await;
    call.halt().await;
    let mut heard = soon(cancels.join_all()).await;
    // A cancel that came after the end reports that nothing was running.
    heard.retain(Option::is_some);
    assert!(!heard.is_empty());
    let turn = stage.runtime.turn(stage.worker, accepted.turn.turn_id).await.unwrap();
    assert_eq!(turn.state, TurnState::Cancelled);
    assert!(heard.into_iter().all(|heard| heard.as_ref() == Some(&turn)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_at_the_very_end_returns_the_actual_end_of_the_turn() {
    let mut stage = Stage::new().await;
    for round in 0..20 {
        let (accepted, call) = stage.ask("q").await;
        call.begin().await;
        call.text("done").await;
        let (runtime, worker) = (stage.runtime.clone(), stage.worker);
        let cancel = tokio::spawn(async move { runtime.cancel(worker).await });
        if round % 2 == 0 {
            // An answer that finishes after the stop was requested counts as the provider's halt.
            call.asked_to_stop().await;
        }
        call.finish().await;
        let heard = soon(cancel).await.unwrap().unwrap().turn;
        let turn = stage.ended(&accepted).await;
        assert!(matches!(turn.state, TurnState::Completed | TurnState::Cancelled));
        assert!(heard.is_none_or(|heard| heard == turn));
        if round % 2 == 0 {
            assert_eq!(turn.state, TurnState::Cancelled);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_without_a_running_turn_changes_nothing() {
    let mut stage = Stage::new().await;
    assert_eq!(soon(stage.runtime.cancel(stage.worker)).await.unwrap().turn, None);
    stage.ask_and_answer("q", &["a"]).await;
    let before = stage.log().await;
    assert_eq!(soon(stage.runtime.cancel(stage.worker)).await.unwrap().turn, None);
    assert_eq!(stage.log().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_cancel_still_ends_the_turn() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    {
        let mut cancel = Box::pin(stage.runtime.cancel(stage.worker));
        still_waits(&mut cancel, call.asked_to_stop()).await;
    }
    call.halt().await;
    assert_eq!(stage.ended(&accepted).await.state, TurnState::Cancelled);
}

/// A provider that sends `Halted` has halted, and so has one that ends without a message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_ends_without_a_message_counts_as_halted() {
    let mut stage = Stage::new().await;
    let (_, call) = stage.ask("q").await;
    call.begin().await;
    let (runtime, worker) = (stage.runtime.clone(), stage.worker);
    let cancel = tokio::spawn(async move { runtime.cancel(worker).await });
    call.asked_to_stop().await;
    assert!(call.is_asked_to_stop());
    drop(call);
    let turn = soon(cancel).await.unwrap().unwrap().turn.unwrap();
    assert_eq!(turn.state, TurnState::Cancelled);
}
