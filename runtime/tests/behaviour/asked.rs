//! The input is kept from the moment of the attempt, however the attempt ends (invariant 8).

use protocol::api::Interface;
use protocol::{Adjustment, ErrorCode, ProviderKind, TimeoutPhase, TurnState};
use provider::{Output, Shown};
use store::Store as _;

use crate::faulty::Writes;
use crate::scripted::Call;
use crate::stage::{Stage, soon, still_waits};
use crate::timeouts::{assert_timed_out, limits};

async fn said(stage: &Stage, turn: protocol::TurnId) -> Vec<String> {
    let input = soon(stage.runtime.turn_input(stage.worker, turn)).await.unwrap();
    input.messages.into_iter().skip(1).map(|message| message.text).collect()
}

async fn asks(call: &Call) {
    call.asks(Shown { window_tokens: Some(2048), ..Shown::default() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_input_is_kept_after_a_failure_before_the_first_text() {
    let mut stage = Stage::new().await;
    for kind in [ProviderKind::Auth, ProviderKind::RateLimited, ProviderKind::Upstream] {
        let (accepted, call) = stage.ask("q").await;
        asks(&call).await;
        call.fail(kind).await;
        let turn = stage.ended(&accepted).await;
        assert_eq!(turn.state, TurnState::Failed);
        assert_eq!(turn.sight.unwrap().window_tokens, Some(2048));
        assert!(said(&stage, turn.turn_id).await.last().unwrap().ends_with('q'), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_input_is_kept_after_a_cancel_or_a_timeout() {
    let mut stage = Stage::with(limits(|limits| limits.first_token_ms = 50)).await;
    let (accepted, call) = stage.ask("late").await;
    asks(&call).await;
    call.asked_to_stop().await;
    call.halt().await;
    let turn = stage.ended(&accepted).await;
    assert_timed_out(&turn, TimeoutPhase::FirstToken);
    assert_eq!(said(&stage, turn.turn_id).await, ["late"]);

    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("stopped").await;
    asks(&call).await;
    let (runtime, worker) = (stage.runtime.clone(), stage.worker);
    let cancel = tokio::spawn(async move { runtime.cancel(worker).await.unwrap() });
    call.asked_to_stop().await;
    call.halt().await;
    let turn = soon(cancel).await.unwrap().turn.unwrap();
    assert_eq!(turn.state, TurnState::Cancelled);
    assert_eq!(said(&stage, accepted.turn.turn_id).await, ["stopped"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_input_of_the_last_attempt_is_shown() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    asks(&call).await;
    call.refuse(ProviderKind::Parameter, Adjustment::WithoutTemperature).await;
    let call = stage.script.call().await;
    let adjustments = vec![Adjustment::WithoutTemperature];
    call.asks(Shown { adjustments: adjustments.clone(), ..Shown::default() }).await;
    call.fail(ProviderKind::Upstream).await;
    let turn = stage.ended(&accepted).await;
    let input = soon(stage.runtime.turn_input(stage.worker, turn.turn_id)).await.unwrap();
    assert_eq!((input.adjustments, input.sampling.temperature), (adjustments, None));
}

/// The process dies after the endpoint has got the prompt and before it answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_input_is_kept_after_a_crash() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    // From here on the provider may have sent the prompt.
    asks(&call).await;
    let crashed = stage.after_a_crash().await;
    let view = crashed.snapshot().await;
    assert_eq!(view.turn(accepted.turn.turn_id).unwrap().state, TurnState::Interrupted);
    assert_eq!(said(&crashed, accepted.turn.turn_id).await, ["q"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_sent_only_after_it_is_logged() {
    let mut stage = Stage::new().await;
    // The acceptance is committed, and later appends fail for a while.
    stage.store.set_after(1, Writes::Refuse);
    let (accepted, call) = stage.ask("q").await;
    call.say(Output::Asking(Shown::default())).await;
    let mut recorded = std::pin::pin!(call.request.recorded.wait());
    still_waits(&mut recorded, stage.store.met(1)).await;
    stage.store.set(Writes::Pass);
    soon(recorded).await;
    call.say(Output::Began).await;
    call.text("a").await;
    call.finish().await;
    assert_eq!(stage.ended(&accepted).await.state, TurnState::Completed);
}

/// For a local model, the rendered prompt is kept without the words of the messages, which are in
/// the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_text_that_a_template_adds_is_stored_beside_the_log() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    let kept = r#"[{"template":"<s>"},{"message":0},{"template":"|"},{"message":1}]"#;
    call.asks(Shown { rendered: Some(kept.to_owned()), ..Shown::default() }).await;
    call.say(Output::Began).await;
    call.text("a").await;
    call.finish().await;
    let turn = stage.ended(&accepted).await;
    let input = soon(stage.runtime.turn_input(stage.worker, turn.turn_id)).await.unwrap();
    let system = &input.messages[0].text;
    assert_eq!(input.rendered, Some(format!("<s>{system}|q")));
    // An export contains it, and so does an import.
    let digest = turn.sight.unwrap().rendered.unwrap();
    let whole = stage.store.whole(stage.worker).await.unwrap().unwrap();
    assert!(whole.prompts.iter().any(|prompt| prompt.digest == digest && prompt.text == kept));
}

/// For an endpoint, the request's body is kept without its messages, and shown with them as they
/// were sent, also after an export.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_stored_without_its_messages_and_shown_with_them() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("\"q\"").await;
    let kept = r#"{"interface":"responses","body":{"model":"m","instructions":null,"input":null,"stream":true}}"#;
    call.asks(Shown { request: Some(kept.to_owned()), ..Shown::default() }).await;
    call.say(Output::Began).await;
    call.text("a").await;
    call.finish().await;
    let turn = stage.ended(&accepted).await;
    let input = soon(stage.runtime.turn_input(stage.worker, turn.turn_id)).await.unwrap();
    let instructions = serde_json::to_string(&input.messages[0].text).unwrap();
    let body = format!(
        r#"{{"model":"m","instructions":{instructions},"input":[{{"role":"user","content":"\"q\""}}],"stream":true}}"#
    );
    let request = input.request.unwrap();
    assert_eq!((request.interface, request.body), (Interface::Responses, body));
    let digest = turn.sight.unwrap().request.unwrap();
    let whole = stage.store.whole(stage.worker).await.unwrap().unwrap();
    assert!(whole.prompts.iter().any(|prompt| prompt.digest == digest && prompt.text == kept));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_sent_nothing_has_no_input() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.fail(ProviderKind::Network).await;
    let turn = stage.ended(&accepted).await.turn_id;
    let error = soon(stage.runtime.turn_input(stage.worker, turn)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
}
