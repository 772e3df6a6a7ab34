//! A model that thinks: its reasoning is kept like its text, takes its time, and is not sent back
//! to it.

use protocol::{Message, ProviderKind, TimeoutPhase, Turn, TurnState, View};
use provider::Output;

use crate::stage::{Setting, Stage, pass};
use crate::timeouts::{assert_timed_out, limits};

fn answer<'a>(view: &'a View, turn: &Turn) -> &'a Message {
    view.message(turn.answer).unwrap()
}

fn thought(text: &str) -> Output {
    Output::Reasoning(text.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reasoning_streams_to_observers_and_survives_a_crash() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    let id = accepted.turn.answer;
    let thinks = |view: &View, text: &str| view.message(id).is_some_and(|m| m.reasoning == text);
    for (piece, all) in [("Two ", "Two "), ("and 日本.", "Two and 日本.")] {
        call.say(thought(piece)).await;
        watcher.until(|view| thinks(view, all)).await;
        // If the process dies now, no reasoning is lost.
        let crashed = stage.after_a_crash().await;
        let view = crashed.snapshot().await;
        assert_eq!(view.messages, stage.snapshot().await.messages);
        assert_eq!(view.turns[0].state, TurnState::Interrupted);
        assert!(view.turns[0].timings.first_reasoning_ms.is_some());
    }
    call.text("Four.").await;
    call.finish().await;
    let turn = stage.ended(&accepted).await;
    let view = stage.snapshot().await;
    let answer = answer(&view, &turn);
    assert_eq!((answer.reasoning.as_str(), answer.text.as_str()), ("Two and 日本.", "Four."));
    assert!(turn.timings.first_reasoning_ms <= turn.timings.first_token_ms);
    assert!(turn.thought_ms().is_some());

    // With the next question, only the answer's text is sent.
    let (_, call) = stage.ask("and then?").await;
    let sent: Vec<_> = call.request.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(sent, ["q", "Four.", "and then?"]);
    call.finish().await;
}

/// A reported case, `stream/03`: 150 seconds of thinking or of comments, with a shorter limit; and
/// the same after some text.
#[tokio::test]
async fn reasoning_and_signs_of_life_prevent_the_stall_timeout() {
    let setting = limits(|limits| (limits.first_token_ms, limits.stall_ms) = (1_000, 1_000));
    let mut stage = Stage::with(setting).await;
    for sign in [thought("step. "), Output::Alive] {
        for text in ["", "So far. "] {
            let (accepted, call) = stage.ask("q").await;
            call.begin().await;
            if !text.is_empty() {
                call.text(text).await;
            }
            for _ in 0..4 {
                call.say(sign.clone()).await;
                pass(600).await;
                assert!(!call.is_asked_to_stop(), "{sign:?} after {text:?}");
            }
            call.text("Done.").await;
            call.finish().await;
            let turn = stage.ended(&accepted).await;
            assert_eq!(turn.state, TurnState::Completed);
            assert_eq!(answer(&stage.snapshot().await, &turn).text, format!("{text}Done."));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_with_only_reasoning_ends_at_the_turn_limit_and_keeps_it() {
    let mut stage = Stage::with(limits(|limits| limits.turn_ms = 200)).await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    while !call.is_asked_to_stop() {
        call.say(thought("on and ")).await;
    }
    call.halt().await;
    let turn = stage.ended(&accepted).await;
    assert_timed_out(&turn, TimeoutPhase::Turn);
    let view = stage.snapshot().await;
    let answer = answer(&view, &turn);
    assert!(answer.reasoning.starts_with("on and ") && answer.text.is_empty());
}

/// Shown reasoning is never taken back, so there is no further attempt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_fails_after_reasoning_is_not_retried() {
    let mut stage = Stage::with(Setting::default()).await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.say(thought("hm")).await;
    call.fail(ProviderKind::Network).await;
    let turn = stage.ended(&accepted).await;
    assert_eq!((turn.state, turn.retries.len()), (TurnState::Failed, 0));
    assert_eq!(answer(&stage.snapshot().await, &turn).reasoning, "hm");
    assert!(stage.script.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_becomes_reasoning_leaves_the_answer_for_every_reader() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("So I think.").await;
    watcher.until_text("So I think.").await;
    let (view, cursor) = (watcher.view().clone(), watcher.cursor.clone().unwrap());
    call.say(Output::TextWasReasoning).await;
    call.text("Hello!").await;
    call.finish().await;
    let turn = stage.ended(&accepted).await;
    watcher.until_ended(turn.turn_id).await;
    let mut late = stage.watch_from(view, cursor).await;
    late.until_ended(turn.turn_id).await;
    let fresh = stage.snapshot().await;
    assert_eq!((watcher.view(), late.view()), (&fresh, &fresh));
    let answer = answer(&fresh, &turn);
    assert_eq!((answer.reasoning.as_str(), answer.text.as_str()), ("So I think.", "Hello!"));
}
