//! A provider that fails before its first text is asked again, and every observer sees that.

use protocol::{ErrorCode, ProviderKind, TurnState};
use runtime::turn::RetryLimits;

use crate::stage::{Setting, Stage, answer_of, soon};

/// Two more attempts after very short pauses.
fn persistent() -> Setting {
    let mut setting = Setting::default();
    setting.limits.retry = RetryLimits { times: 2, first_ms: 2, longest_ms: 1_000 };
    setting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_sends_the_same_request_and_is_recorded_in_the_turn() {
    let mut stage = Stage::with(persistent()).await;
    let mut watcher = stage.watch().await;
    let (accepted, first) = stage.ask("q").await;
    first.fail(ProviderKind::Network).await;
    let second = stage.script.call().await;
    assert_eq!(second.request.messages, first.request.messages);
    assert_eq!(second.request.system, first.request.system);
    second.begin().await;
    second.fail(ProviderKind::RateLimited).await;
    let third = stage.script.call().await;
    let paused = stage.snapshot().await;
    assert_eq!(paused.turns[0].state, TurnState::Accepted);
    assert_eq!(paused.turns[0].retries.len(), 2);
    third.answer(&["a", "b"]).await;

    watcher.until_ended(accepted.turn.turn_id).await;
    let view = stage.snapshot().await;
    assert_eq!(*watcher.view(), view);
    let turn = &view.turns[0];
    assert_eq!(answer_of(&view, turn), ("ab".to_owned(), TurnState::Completed));
    assert_eq!(turn.error, None);
    let codes: Vec<_> = turn.retries.iter().map(|retry| retry.error.code).collect();
    let kinds = [ProviderKind::Network, ProviderKind::RateLimited];
    assert_eq!(codes, kinds.map(ErrorCode::Provider));
    // There is one question and one turn, whatever the number of attempts.
    assert_eq!((view.messages.len(), view.turns.len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_bounded_and_the_turn_has_the_last_error() {
    let mut stage = Stage::with(persistent()).await;
    let (accepted, call) = stage.ask("q").await;
    call.fail(ProviderKind::Upstream).await;
    stage.script.call().await.fail(ProviderKind::Upstream).await;
    stage.script.call().await.fail(ProviderKind::Network).await;
    let turn = stage.ended(&accepted).await;
    let network = ErrorCode::Provider(ProviderKind::Network);
    assert_eq!((turn.state, turn.error.unwrap().code), (TurnState::Failed, network));
    assert_eq!(turn.retries.len(), 2);
    assert!(stage.script.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_retry_follows_after_text_or_a_lasting_error() {
    let mut stage = Stage::with(persistent()).await;
    for (kind, text) in [(ProviderKind::Network, "half"), (ProviderKind::Auth, "")] {
        let (accepted, call) = stage.ask("q").await;
        call.begin().await;
        if !text.is_empty() {
            call.text(text).await;
        }
        call.fail(kind).await;
        let turn = stage.ended(&accepted).await;
        assert_eq!((turn.state, turn.retries.len()), (TurnState::Failed, 0));
        assert_eq!(answer_of(&stage.snapshot().await, &turn).0, text);
        assert!(stage.script.is_quiet());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_during_a_retry_pause_ends_the_turn() {
    let mut setting = persistent();
    setting.limits.retry.first_ms = 600_000;
    setting.limits.retry.longest_ms = 600_000;
    let mut stage = Stage::with(setting).await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.fail(ProviderKind::Network).await;
    watcher.until(|view| view.turns.iter().any(|turn| !turn.retries.is_empty())).await;
    let cancelled = soon(stage.runtime.cancel(stage.worker)).await.unwrap().turn.unwrap();
    assert_eq!(cancelled.state, TurnState::Cancelled);
    assert_eq!((cancelled.turn_id, cancelled.retries.len()), (accepted.turn.turn_id, 1));
    assert!(stage.script.is_quiet());
    stage.ask_and_answer("again", &["yes"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_in_a_retry_pause_interrupts_the_turn_and_keeps_its_retries() {
    let mut setting = persistent();
    setting.limits.retry.first_ms = 600_000;
    setting.limits.retry.longest_ms = 600_000;
    let mut stage = Stage::with(setting).await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.fail(ProviderKind::Network).await;
    watcher.until(|view| view.turns.iter().any(|turn| !turn.retries.is_empty())).await;
    let crashed = stage.after_a_crash().await;
    let view = crashed.snapshot().await;
    let turn = view.turn(accepted.turn.turn_id).unwrap();
    assert_eq!((turn.state, turn.retries.len()), (TurnState::Interrupted, 1));
}
