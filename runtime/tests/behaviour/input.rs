//! The exact input of the model can be looked up (invariant 8).

use model_io::outgoing;
use protocol::api::{InputMessage, SendMessage, TurnInput};
use protocol::{ErrorCode, ProviderKind, TurnId, TurnState};
use provider::{Output, Request, Shown};

use crate::stage::{Stage, fresh_id, soon};

/// The expected input: the system prompt, and the messages that the provider did not leave out.
fn sent(request: &Request, left_out: usize) -> Vec<InputMessage> {
    outgoing::messages(&request.system, &request.messages[left_out..], &[], false)
}

async fn looked_up(stage: &Stage, turn: TurnId) -> TurnInput {
    soon(stage.runtime.turn_input(stage.worker, turn)).await.unwrap()
}

fn texts(request: &Request) -> Vec<&str> {
    request.messages.iter().map(|message| message.text.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_input_of_a_turn_is_what_was_sent_also_after_a_restart() {
    let mut stage = Stage::new().await;
    let mut asked = Vec::new();
    for question in ["one", "two", "three"] {
        let (accepted, call) = stage.ask(question).await;
        call.answer(&["an", "swer"]).await;
        stage.ended(&accepted).await;
        assert!(call.request.system.contains("the stage"), "the prompt is rendered");
        assert_eq!(call.request.messages.last().unwrap().text, question);
        let input = looked_up(&stage, accepted.turn.turn_id).await;
        assert_eq!(input.messages, sent(&call.request, 0));
        assert_eq!(input.model, call.request.model);
        assert_eq!(input.sampling, call.request.sampling);
        asked.push((accepted.turn.turn_id, input));
    }
    let stage = stage.reopened(|_| {}).await;
    for (turn, input) in asked {
        assert_eq!(looked_up(&stage, turn).await, input);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_were_left_out_are_not_in_the_input_and_shown_as_left_out() {
    let mut stage = Stage::new().await;
    for question in ["one", "two"] {
        stage.ask_and_answer(question, &["a"]).await;
    }
    for left_out in [0u32, 2, 4] {
        let (accepted, call) = stage.ask("and now").await;
        let total = call.request.messages.len();
        call.asks(Shown { left_out, window_tokens: Some(64), ..Shown::default() }).await;
        call.say(Output::Began).await;
        call.text("b").await;
        call.finish().await;
        let turn = stage.ended(&accepted).await;
        let sight = turn.sight.clone().unwrap();
        assert_eq!((sight.left_out, sight.window_tokens), (left_out, Some(64)));
        let input = looked_up(&stage, turn.turn_id).await;
        assert_eq!(input.messages, sent(&call.request, left_out as usize));
        assert_eq!(input.messages.len(), 1 + total - left_out as usize);
        let page = stage.runtime.transcript(stage.worker, None, 50).await.unwrap();
        match left_out {
            0 => assert_eq!(page.truncated, None),
            _ => {
                let out = page.truncated.unwrap();
                assert_eq!((out.left_out, Some(out.first)), (left_out, sight.first));
                let first = page.messages.iter().find(|m| m.id == out.first).unwrap();
                assert_eq!(first.text, input.messages[1].text);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_answers_are_not_sent_later_and_partial_ones_are() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("one").await;
    call.begin().await;
    call.fail(ProviderKind::Upstream).await;
    stage.ended(&accepted).await;
    let (accepted, call) = stage.ask("two").await;
    // They are sent as one message, because roles must alternate.
    assert_eq!(texts(&call.request), ["one", "two"]);
    call.begin().await;
    call.text("half").await;
    call.fail(ProviderKind::Network).await;
    stage.ended(&accepted).await;
    let (accepted, call) = stage.ask("three").await;
    assert_eq!(texts(&call.request), ["one", "two", "half", "three"]);
    call.answer(&[]).await;
    stage.ended(&accepted).await;
    let input = looked_up(&stage, accepted.turn.turn_id).await;
    assert_eq!(input.messages, sent(&call.request, 0));
    let said: Vec<_> = input.messages[1..].iter().map(|message| message.text.as_str()).collect();
    assert_eq!(said, ["one\n\ntwo", "half", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_makes_a_sibling_and_the_model_sees_only_its_branch() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("one", &["uno"]).await;
    stage.ask_and_answer("two", &["dos"]).await;
    let id = fresh_id();
    let edit = SendMessage { parent: Some(first.answer), ..SendMessage::new(id, "two, edited") };
    let accepted = stage.runtime.send(stage.worker, edit.clone()).await.unwrap();
    let call = stage.script.call().await;
    assert_eq!(texts(&call.request), ["one", "uno", "two, edited"]);
    call.answer(&["due"]).await;
    stage.ended(&accepted).await;
    assert_eq!(stage.runtime.send(stage.worker, edit).await.unwrap(), accepted);
    // Without a parent, a message follows the newest one, which is on the branch of the edit.
    let (accepted, call) = stage.ask("three").await;
    assert_eq!(texts(&call.request), ["one", "uno", "two, edited", "due", "three"]);
    call.answer(&["tre"]).await;
    stage.ended(&accepted).await;
    // History is append-only, so all of it is still there.
    assert_eq!(stage.snapshot().await.messages.len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_never_began_has_no_input() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.fail(ProviderKind::Auth).await;
    assert_eq!(stage.ended(&accepted).await.state, TurnState::Failed);
    let turn = accepted.turn.turn_id;
    let error = stage.runtime.turn_input(stage.worker, turn).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
}
