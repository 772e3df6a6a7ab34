//! If a provider refuses a request, it is asked again with an adjusted one, and every observer sees
//! that.

use protocol::api::{AskAgain, InputRole};
use protocol::{Adjustment, ErrorCode, ProviderKind, TurnId, TurnState};
use provider::{Output, Shown};

use crate::scripted::Call;
use crate::stage::{Stage, answer_of, soon};

async fn begins(call: &Call, adjustments: Vec<Adjustment>) {
    call.asks(Shown { adjustments, ..Shown::default() }).await;
    call.say(Output::Began).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_request_is_adjusted_at_once_and_each_attempt_is_recorded() {
    // These tests have no retries after failures.
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.refuse(ProviderKind::Parameter, Adjustment::WithoutTemperature).await;
    let call = stage.script.call().await;
    call.refuse(ProviderKind::Roles, Adjustment::SystemInUser).await;
    let call = stage.script.call().await;
    let made = vec![Adjustment::WithoutTemperature, Adjustment::SystemInUser];
    assert_eq!(call.request.made, made, "each attempt knows of those before it");
    begins(&call, made.clone()).await;
    call.text("a").await;
    call.finish().await;

    watcher.until_ended(accepted.turn.turn_id).await;
    let view = stage.snapshot().await;
    assert_eq!(*watcher.view(), view);
    let turn = &view.turns[0];
    assert_eq!(answer_of(&view, turn), ("a".to_owned(), TurnState::Completed));
    let retries: Vec<_> =
        turn.retries.iter().map(|retry| (retry.adjustment, retry.wait_ms)).collect();
    assert_eq!(retries, [(Some(made[0]), 0), (Some(made[1]), 0)]);
    assert_eq!(turn.sight.as_ref().unwrap().adjustments, made);
    // The input is shown as it was sent.
    let input = soon(stage.runtime.turn_input(stage.worker, turn.turn_id)).await.unwrap();
    assert_eq!((input.adjustments, input.sampling.temperature), (made, None));
    let [only] = &input.messages[..] else { panic!("{:?}", input.messages) };
    assert_eq!(only.role, InputRole::User);
    assert!(only.text.ends_with("\n\nq") && only.text.contains("the stage"), "{}", only.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_refuses_every_adjustment_fails_the_turn() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.refuse(ProviderKind::Parameter, Adjustment::WithoutSeed).await;
    stage.script.call().await.refuse(ProviderKind::Parameter, Adjustment::WithoutSeed).await;
    let turn = stage.ended(&accepted).await;
    assert_eq!((turn.state, turn.retries.len()), (TurnState::Failed, 1));
    assert_eq!(turn.error.unwrap().code, ErrorCode::Provider(ProviderKind::Parameter));
    assert!(stage.script.is_quiet());

    let (accepted, mut call) = stage.ask("q").await;
    for _ in 0..6 {
        call.refuse(ProviderKind::ContextLength, Adjustment::FewerMessages).await;
        call = stage.script.call().await;
    }
    call.refuse(ProviderKind::ContextLength, Adjustment::FewerMessages).await;
    let turn = stage.ended(&accepted).await;
    assert_eq!((turn.state, turn.retries.len()), (TurnState::Failed, 6));
    assert!(stage.script.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_has_shown_text_is_not_adjusted() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("half").await;
    call.refuse(ProviderKind::Parameter, Adjustment::WithoutSeed).await;
    let turn = stage.ended(&accepted).await;
    assert_eq!((turn.state, turn.retries.len()), (TurnState::Failed, 0));
    assert!(stage.script.is_quiet());
}

/// White space at the end of a continued answer is not sent and not shown twice. If a provider
/// cannot continue an answer, its new answer follows the old text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_continued_answer_follows_the_old_text_with_every_adjustment() {
    for (made, pieces, text) in [
        (vec![], vec!["\n", "\nTwo."], "One.\n\nTwo."),
        (vec![Adjustment::WithoutBeginning], vec!["Two."], "One.\n\nTwo."),
    ] {
        let mut stage = Stage::new().await;
        let (accepted, call) = stage.ask("q").await;
        call.begin().await;
        call.text("One.\n\n").await;
        call.fail(ProviderKind::Network).await;
        let cut = stage.ended(&accepted).await;
        let id = TurnId::from_parts(1_763_800_000_000, [7; 10]);
        let request = AskAgain { continues: Some(cut.answer), ..AskAgain::new(id, cut.question) };
        let accepted = soon(stage.runtime.ask_again(stage.worker, request.clone())).await.unwrap();
        let mut call = stage.script.call().await;
        if let Some(adjustment) = made.first() {
            call.refuse(ProviderKind::Beginning, *adjustment).await;
            call = stage.script.call().await;
        }
        begins(&call, made.clone()).await;
        for piece in pieces {
            call.text(piece).await;
        }
        call.finish().await;
        let turn = stage.ended(&accepted).await;
        let view = stage.snapshot().await;
        assert_eq!(answer_of(&view, &turn), (text.to_owned(), TurnState::Completed));
        let input = soon(stage.runtime.turn_input(stage.worker, request.id)).await.unwrap();
        let last = input.messages.last().unwrap();
        let expected = if made.is_empty() { "One." } else { "q" };
        assert_eq!(last.text, expected);
    }
}
