//! How hard a model is asked to think, and whether its earlier reasoning is sent to it.

use protocol::api::AskAgain;
use protocol::{Effort, ErrorCode, EventBody, Finish, ProviderKind, TurnId, Usage};
use provider::{Output, Shown};
use runtime::ModelPatch;

use crate::scripted::{OTHER, USAGE};
use crate::stage::{Stage, soon};

fn effort(name: &str) -> Effort {
    name.parse().unwrap()
}

fn wanted(name: Option<&str>) -> ModelPatch {
    ModelPatch { effort: Some(name.map(effort)), ..ModelPatch::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effort_is_chosen_for_a_conversation_and_recorded_with_each_turn() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    assert_eq!((&call.request.effort, &accepted.turn.effort), (&None, &None));
    call.answer(&["a"]).await;
    stage.ended(&accepted).await;
    let choose = async |wanted| soon(stage.runtime.choose(stage.worker, wanted)).await;
    let worker = choose(wanted(Some("low"))).await.unwrap();
    assert_eq!(worker.effort, Some(effort("low")));
    choose(wanted(Some("low"))).await.unwrap();
    let told = |event: &protocol::Event| matches!(event.body, EventBody::ProfileChanged { .. });
    assert_eq!(stage.log().await.iter().filter(|event| told(event)).count(), 1);

    let (accepted, call) = stage.ask("q").await;
    assert_eq!(call.request.effort, Some(effort("low")));
    call.answer(&["a"]).await;
    let turn = stage.ended(&accepted).await;
    let input = soon(stage.runtime.turn_input(stage.worker, turn.turn_id)).await.unwrap();
    assert_eq!((turn.effort, input.effort), (Some(effort("low")), Some(effort("low"))));

    // The choice survives a crash.
    let mut crashed = stage.after_a_crash().await;
    let (_, call) = crashed.ask("q").await;
    assert_eq!(call.request.effort, Some(effort("low")));
    let error = soon(stage.runtime.choose(stage.worker, wanted(Some("xhigh")))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidInput);
    // The other model does not take the effort, so it is dropped.
    let other = ModelPatch { model: Some(Some(OTHER.to_owned())), ..ModelPatch::default() };
    let worker = soon(stage.runtime.choose(stage.worker, other)).await.unwrap();
    assert_eq!((worker.model.as_deref(), worker.effort), (Some(OTHER), None));
}

/// After a refused effort, the turn records the wanted effort and the one that was sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_records_a_refused_effort() {
    let mut stage = Stage::new().await;
    soon(stage.runtime.choose(stage.worker, wanted(Some("high")))).await.unwrap();
    let (accepted, call) = stage.ask("q").await;
    let without = protocol::Adjustment::WithoutEffort;
    call.refuse(ProviderKind::Parameter, without).await;
    let call = stage.script.call().await;
    call.asks(Shown { adjustments: vec![without], ..Shown::default() }).await;
    call.say(Output::Began).await;
    call.text("a").await;
    call.finish().await;
    let turn = stage.ended(&accepted).await;
    let input = soon(stage.runtime.turn_input(stage.worker, turn.turn_id)).await.unwrap();
    assert_eq!((turn.effort, turn.unsent.effort.clone()), (None, Some(effort("high"))));
    assert_eq!((input.effort, input.unsent), (None, turn.unsent));
    assert_eq!(turn.retries[0].adjustment, Some(without));
}

async fn thinks_its_budget_away(stage: &mut Stage, id: Option<AskAgain>) -> protocol::Turn {
    let (accepted, call) = match id {
        None => stage.ask("q").await,
        Some(request) => {
            let accepted = soon(stage.runtime.ask_again(stage.worker, request)).await.unwrap();
            (accepted, stage.script.call().await)
        }
    };
    call.begin().await;
    call.say(Output::Reasoning("Hm. ".to_owned())).await;
    let usage = Usage { prompt_tokens: 48, completion_tokens: 300, ..USAGE };
    call.say(Output::Finished { finish: Finish::Length, usage: Some(usage) }).await;
    stage.ended(&accepted).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answer_now_uses_the_least_effort_and_then_a_larger_budget() {
    let mut stage = Stage::new().await;
    let sooner = |before: &protocol::Turn, n| {
        let id = TurnId::from_parts(1_763_800_000_000, [n; 10]);
        AskAgain { answer_now: Some(before.turn_id), ..AskAgain::new(id, before.question) }
    };
    let first = thinks_its_budget_away(&mut stage, None).await;
    let request = sooner(&first, 1);
    let second = thinks_its_budget_away(&mut stage, Some(request)).await;
    assert_eq!(second.effort, Some(Effort::none()));
    assert_eq!(second.sampling, first.sampling);
    let request = sooner(&second, 2);
    let third = thinks_its_budget_away(&mut stage, Some(request)).await;
    assert_eq!(third.effort, Some(Effort::none()));
    // This is four times the spent tokens, and fits into the window of 2048.
    assert_eq!(third.sampling.max_tokens, Some(1_200));

    // A turn for another question is refused.
    let other = stage.ask_and_answer("another", &["a"]).await;
    let request = AskAgain { question: other.question, ..sooner(&first, 3) };
    let error = soon(stage.runtime.ask_again(stage.worker, request)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidInput);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn earlier_reasoning_is_shown_in_the_input_only_if_it_was_sent() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.say(Output::Reasoning("Hm.".to_owned())).await;
    call.text("a").await;
    call.finish().await;
    stage.ended(&accepted).await;
    for reasoning in [false, true] {
        let (accepted, call) = stage.ask("next").await;
        assert!(!call.request.send_reasoning, "no profile of the product asks for it");
        assert_eq!(call.request.messages[1].reasoning, "Hm.");
        call.asks(Shown { reasoning, ..Shown::default() }).await;
        call.say(Output::Began).await;
        call.text("b").await;
        call.finish().await;
        let turn = stage.ended(&accepted).await.turn_id;
        let input = soon(stage.runtime.turn_input(stage.worker, turn)).await.unwrap();
        assert_eq!(input.with_reasoning, reasoning);
        let shown = if reasoning { "Hm." } else { "" };
        assert_eq!(input.messages[2].reasoning, shown);
    }
}
