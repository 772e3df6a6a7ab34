//! The time limits of a turn (invariant 7). A silent provider always reaches them. A provider that
//! speaks never does, because its outputs are read before a limit is checked.

use protocol::{ErrorCode, TimeoutPhase, Turn, TurnState};
use provider::{Output, Shown};
use runtime::turn::TurnLimits;

use crate::faulty::Writes;
use crate::stage::{Setting, Stage, answer_of, pass};

pub(crate) fn limits(change: impl FnOnce(&mut TurnLimits)) -> Setting {
    let mut setting = Setting::default();
    change(&mut setting.limits);
    setting
}

pub(crate) fn assert_timed_out(turn: &Turn, phase: TimeoutPhase) {
    assert_eq!(turn.state, TurnState::TimedOut);
    let error = turn.error.as_ref().unwrap();
    assert_eq!(error.code, ErrorCode::Timeout(phase));
    assert!(error.hint.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_provider_reaches_the_first_token_limit() {
    let mut stage = Stage::with(limits(|limits| limits.first_token_ms = 50)).await;
    for begins in [false, true] {
        let (accepted, call) = stage.ask("q").await;
        if begins {
            call.begin().await;
        }
        call.asked_to_stop().await;
        call.halt().await;
        let turn = stage.ended(&accepted).await;
        assert_timed_out(&turn, TimeoutPhase::FirstToken);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_falls_silent_reaches_the_stall_limit_and_its_text_is_kept() {
    let mut stage = Stage::with(limits(|limits| limits.stall_ms = 50)).await;
    let opening = [Output::Asking(Shown::default()), Output::Began];
    let opening = opening.into_iter().chain([Output::Text("and then".to_owned())]);
    stage.script.set_opening(opening.collect());
    let (accepted, call) = stage.ask("q").await;
    call.asked_to_stop().await;
    call.text("too late").await;
    call.halt().await;
    let turn = stage.ended(&accepted).await;
    assert_timed_out(&turn, TimeoutPhase::Stall);
    assert_eq!(answer_of(&stage.snapshot().await, &turn).0, "and then");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_answer_reaches_the_turn_limit() {
    let mut stage = Stage::with(limits(|limits| limits.turn_ms = 200)).await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    let mut said = 0;
    while !call.is_asked_to_stop() {
        call.text("on and ").await;
        said += 1;
    }
    call.halt().await;
    let turn = stage.ended(&accepted).await;
    assert_timed_out(&turn, TimeoutPhase::Turn);
    assert!(answer_of(&stage.snapshot().await, &turn).0.len() <= said * "on and ".len());
}

#[tokio::test]
async fn time_in_a_queue_is_shown_and_does_not_count_as_silence() {
    let mut stage = Stage::with(limits(|limits| limits.first_token_ms = 1_000)).await;
    stage.script.set_opening(vec![Output::Waiting { ahead: 2 }]);
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    watcher.until(|view| view.turns.first().is_some_and(|turn| turn.waiting == Some(2))).await;
    // This is longer than the limit, whose timer must not run meanwhile.
    pass(1_300).await;
    assert!(!call.is_asked_to_stop());
    call.say(Output::Waiting { ahead: 1 }).await;
    watcher.until(|view| view.turns[0].waiting == Some(1)).await;
    pass(1_300).await;
    assert!(!call.is_asked_to_stop());
    call.begin().await;
    call.text("at last").await;
    call.finish().await;
    let turn = stage.ended(&accepted).await;
    assert_eq!((turn.state, turn.waiting), (TurnState::Completed, None));
}

/// The time of the store does not count as the provider's: outputs that came while the store was
/// away still count.
#[tokio::test]
async fn an_outage_of_the_store_does_not_cause_a_timeout() {
    let mut stage = Stage::with(limits(|limits| {
        limits.first_token_ms = 100;
        limits.stall_ms = 100;
    }))
    .await;
    let asking = Output::Asking(Shown::default());
    let text = |text: &str| Output::Text(text.to_owned());
    let finished = Output::Finished { finish: protocol::Finish::Stop, usage: None };
    let said = [text("all "), text("of "), text("it"), finished];
    let opening = [asking, Output::Began].into_iter().chain(said);
    stage.script.set_opening(opening.collect());
    // The acceptance is committed, and later appends fail for a while.
    stage.store.set_after(1, Writes::Refuse);
    let (accepted, call) = stage.ask("q").await;
    stage.store.met(1).await;
    pass(300).await;
    stage.store.set(Writes::Pass);
    let turn = stage.ended(&accepted).await;
    assert_eq!((turn.state, &turn.error), (TurnState::Completed, &None));
    assert_eq!(answer_of(&stage.snapshot().await, &turn).0, "all of it");
    drop(call);
}
