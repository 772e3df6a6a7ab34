//! Edits and further answers are siblings, and nothing is overwritten (invariant 5).

use protocol::api::{AskAgain, SendMessage};
use protocol::{ErrorCode, Role, TurnId, TurnState};

use crate::stage::{Stage, message, soon};

fn again(question: protocol::MessageId, n: u8) -> AskAgain {
    AskAgain::new(TurnId::from_parts(1_763_800_000_000, [n; 10]), question)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_answer_is_a_sibling_and_gets_the_same_request() {
    let mut stage = Stage::new().await;
    let (first, call) = stage.ask("q").await;
    call.answer(&["one"]).await;
    stage.ended(&first).await;
    let request = again(first.message.id, 7);
    let accepted = soon(stage.runtime.ask_again(stage.worker, request.clone())).await.unwrap();
    assert_eq!((accepted.message.id, accepted.turn.turn_id), (first.message.id, request.id));
    let second = stage.script.call().await;
    assert_eq!(second.request.messages, call.request.messages);
    second.answer(&["two"]).await;
    stage.ended(&accepted).await;

    let view = stage.snapshot().await;
    let texts: Vec<_> = view.messages.iter().map(|m| (m.role, m.text.as_str())).collect();
    assert_eq!(texts, [(Role::User, "q"), (Role::Assistant, "one"), (Role::Assistant, "two")]);
    assert_eq!(view.messages[1].parent, view.messages[2].parent);
    // The next message follows the newest answer.
    let (_, third) = stage.ask("and?").await;
    let shown: Vec<_> = third.request.messages.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(shown, ["q", "two", "and?"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_for_another_answer_makes_one_turn() {
    let mut stage = Stage::new().await;
    let turn = stage.ask_and_answer("q", &["one"]).await;
    let request = again(turn.question, 7);
    let first = soon(stage.runtime.ask_again(stage.worker, request.clone())).await.unwrap();
    let call = stage.script.call().await;
    let while_running = soon(stage.runtime.ask_again(stage.worker, request.clone())).await;
    assert_eq!(while_running.unwrap(), first);
    let other = soon(stage.runtime.ask_again(stage.worker, again(turn.question, 8))).await;
    assert_eq!(other.unwrap_err().code, ErrorCode::Busy);
    call.answer(&["two"]).await;
    stage.ended(&first).await;
    let log = stage.log().await;
    assert_eq!(soon(stage.runtime.ask_again(stage.worker, request)).await.unwrap(), first);
    assert_eq!(stage.log().await, log);
    assert!(stage.script.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_has_the_same_parent_as_the_edited_message() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("one", &["1"]).await;
    let second = stage.ask_and_answer("two", &["2"]).await;
    for (edited, expected) in
        [(first.question, vec!["edited"]), (second.question, vec!["one", "1", "edited"])]
    {
        let edit = SendMessage { edits: Some(edited), ..message("edited") };
        let accepted = soon(stage.runtime.send(stage.worker, edit)).await.unwrap();
        let call = stage.script.call().await;
        let shown: Vec<_> = call.request.messages.iter().map(|m| m.text.as_str()).collect();
        assert_eq!(shown, expected);
        call.answer(&["3"]).await;
        assert_eq!(stage.ended(&accepted).await.state, TurnState::Completed);
    }
    assert_eq!(stage.snapshot().await.messages.len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_user_messages_can_be_edited_or_answered_again() {
    let mut stage = Stage::new().await;
    let turn = stage.ask_and_answer("q", &["a"]).await;
    let log = stage.log().await;
    for message_id in [turn.answer, crate::stage::fresh_id()] {
        let wish = soon(stage.runtime.ask_again(stage.worker, again(message_id, 7))).await;
        assert_eq!(wish.unwrap_err().code, ErrorCode::InvalidInput);
        let edit = SendMessage { edits: Some(message_id), ..message("e") };
        let edit = soon(stage.runtime.send(stage.worker, edit)).await;
        assert_eq!(edit.unwrap_err().code, ErrorCode::InvalidInput);
    }
    let both =
        SendMessage { edits: Some(turn.question), parent: Some(turn.answer), ..message("e") };
    let both = soon(stage.runtime.send(stage.worker, both)).await;
    assert_eq!(both.unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(stage.log().await, log);
}

fn on_from(turn: &protocol::Turn, n: u8) -> AskAgain {
    AskAgain { continues: Some(turn.answer), ..again(turn.question, n) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_answer_is_continued_in_a_sibling() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("one", &["uno"]).await;
    let (accepted, call) = stage.ask("two").await;
    call.begin().await;
    call.text("It is").await;
    call.fail(protocol::ProviderKind::Network).await;
    let cut = stage.ended(&accepted).await;
    let wish = on_from(&cut, 7);
    let accepted = soon(stage.runtime.ask_again(stage.worker, wish.clone())).await.unwrap();
    assert_eq!(accepted.turn.continues, Some(cut.answer));
    // The beginning of the answer is committed before the model is asked, and does not count as the
    // model's time.
    let second = stage.script.call().await;
    let view = stage.snapshot().await;
    assert_eq!(view.message(accepted.turn.answer).unwrap().text, "It is");
    assert_eq!(view.turn(wish.id).unwrap().timings.first_token_ms, None);
    let sent: Vec<_> = second.request.messages.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(sent, ["one", "uno", "two", "It is"]);
    assert_eq!(second.request.messages[3].role, protocol::api::InputRole::Assistant);

    second.answer(&[" so.", " Really."]).await;
    let ended = stage.ended(&accepted).await;
    assert!(ended.timings.first_token_ms.is_some());
    let view = stage.snapshot().await;
    let (old, new) = (view.message(cut.answer).unwrap(), view.message(ended.answer).unwrap());
    assert_eq!((old.text.as_str(), new.text.as_str()), ("It is", "It is so. Really."));
    assert_eq!(
        (old.parent, view.turn(cut.turn_id).unwrap().state),
        (new.parent, TurnState::Failed)
    );
    // The exact input can be looked up (invariant 8).
    let input = stage.runtime.turn_input(stage.worker, wish.id).await.unwrap();
    assert_eq!(input.messages[1..], second.request.messages);
    // The same request gets the same turn, even after its end.
    assert_eq!(soon(stage.runtime.ask_again(stage.worker, wish.clone())).await.unwrap(), accepted);
    let other = AskAgain { continues: None, ..wish };
    let other = soon(stage.runtime.ask_again(stage.worker, other)).await;
    assert_eq!(other.unwrap_err().code, ErrorCode::InvalidInput);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_continued_answer_keeps_its_beginning_after_a_crash() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("日本").await;
    call.fail(protocol::ProviderKind::Network).await;
    let cut = stage.ended(&accepted).await;
    let accepted = soon(stage.runtime.ask_again(stage.worker, on_from(&cut, 7))).await.unwrap();
    // The call is kept, because dropping it would end the turn before the crash.
    let _writing = stage.script.call().await;
    let crashed = stage.after_a_crash().await;
    let view = crashed.snapshot().await;
    assert_eq!(view.message(accepted.turn.answer).unwrap().text, "日本");
    assert_eq!(view.turn(accepted.turn.turn_id).unwrap().state, TurnState::Interrupted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_answer_with_text_to_the_same_question_can_be_continued() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("one", &["uno"]).await;
    let second = stage.ask_and_answer("two", &["dos"]).await;
    let empty = stage.ask_and_answer("three", &[]).await;
    let log = stage.log().await;
    for (question, continues) in [
        (second.question, first.answer),
        (first.question, first.question),
        (first.question, crate::stage::fresh_id()),
        (empty.question, empty.answer),
    ] {
        let wish = AskAgain { continues: Some(continues), ..again(question, 7) };
        let refused = soon(stage.runtime.ask_again(stage.worker, wish)).await;
        assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidInput);
    }
    assert_eq!(stage.log().await, log);
    assert!(stage.script.is_quiet());
}
