//! A message can be left out of what models are sent, and stays in the conversation.
//!
//! Users of other consoles ask for this, so that a long text that is no longer needed costs nothing, and
//! can be sent again later (https://github.com/chatboxai/chatbox/issues/1103).

use protocol::api::{AskAgain, ForkWorker, PatchMessage};
use protocol::{ErrorCode, MessageId, TurnId, View, Worker, limits};
use store::Store as _;

use crate::scripted::Call;
use crate::stage::{Stage, fresh_id, soon};

async fn omit(stage: &Stage, message: MessageId, omitted: bool) -> Worker {
    let patch = PatchMessage { omitted };
    soon(stage.runtime.patch_message(stage.worker, message, patch)).await.unwrap()
}

fn sent(call: &Call) -> Vec<&str> {
    call.request.messages.iter().map(|message| message.text.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_omitted_message_is_not_sent_and_each_turn_records_that() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("one", &["uno"]).await;
    let second = stage.ask_and_answer("two", &["dos"]).await;
    let worker = omit(&stage, first.answer, true).await;
    assert_eq!(worker.omitted, [first.answer]);
    let log = stage.log().await;
    omit(&stage, first.answer, true).await;
    assert_eq!(stage.log().await, log, "the same choice again changes nothing");
    omit(&stage, first.question, true).await;

    let (accepted, call) = stage.ask("three").await;
    assert_eq!(sent(&call), ["two", "dos", "three"]);
    call.answer(&["tres"]).await;
    let third = stage.ended(&accepted).await;
    assert_eq!(third.omitted, [first.answer, first.question]);
    assert_eq!(third.sight.as_ref().unwrap().left_out, 0, "all that was to be sent did fit");

    // Sent again, it is in the next request, and the record of the earlier ones stays.
    let worker = omit(&stage, first.question, false).await;
    assert_eq!(worker.omitted, [first.answer]);
    let (accepted, call) = stage.ask("four").await;
    assert_eq!(sent(&call), ["one", "two", "dos", "three", "tres", "four"]);
    call.answer(&["cuatro"]).await;
    stage.ended(&accepted).await;
    // Neighbours of one role are joined on the way (invariant 12).
    for (turn, expected) in [
        (second.turn_id, &["one", "uno", "two"][..]),
        (third.turn_id, &["two", "dos", "three"]),
        (accepted.turn.turn_id, &["one\n\ntwo", "dos", "three", "tres", "four"]),
    ] {
        let input = soon(stage.runtime.turn_input(stage.worker, turn)).await.unwrap();
        let texts: Vec<_> = input.messages[1..].iter().map(|m| m.text.as_str()).collect();
        assert_eq!(texts, expected);
    }
    // Every message is still there, after a restart, too.
    let worker = stage.worker;
    let mut stage = stage.reopened(|_| {}).await;
    stage.worker = worker;
    let view = stage.snapshot().await;
    assert_eq!(view.messages.len(), 8);
    assert_eq!(view.worker.omitted, [first.answer]);
}

/// Models refuse conversations that begin with an answer (invariant 12).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_not_sent_first() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("one", &["uno"]).await;
    omit(&stage, first.question, true).await;
    let (_, call) = stage.ask("two").await;
    assert_eq!(sent(&call), ["two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_turn_is_about_is_sent_all_the_same() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("It").await;
    // The request of a turn that is running is made already, and the choice is for the next one.
    omit(&stage, accepted.message.id, true).await;
    omit(&stage, accepted.turn.answer, true).await;
    call.fail(protocol::ProviderKind::Network).await;
    let cut = stage.ended(&accepted).await;
    assert_eq!(cut.omitted, []);
    let id = TurnId::from_parts(1_763_800_000_000, [7; 10]);
    let again = AskAgain { continues: Some(cut.answer), ..AskAgain::new(id, cut.question) };
    soon(stage.runtime.ask_again(stage.worker, again)).await.unwrap();
    assert_eq!(sent(&stage.script.call().await), ["q", "It"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_messages_of_the_conversation_can_be_omitted_and_not_too_many() {
    let mut stage = Stage::new().await;
    let turn = stage.ask_and_answer("q", &["a"]).await;
    let other = PatchMessage { omitted: true };
    let unknown = soon(stage.runtime.patch_message(stage.worker, fresh_id(), other.clone())).await;
    assert_eq!(unknown.unwrap_err().code, ErrorCode::NotFound);

    let mut last = turn.answer;
    for number in 0..limits::OMITTED_MESSAGES {
        let edit = crate::editing::edit(&stage, turn.turn_id, &format!("version {number}")).await;
        omit(&stage, edit.turn.answer, true).await;
        last = edit.turn.answer;
    }
    let log = stage.log().await;
    let more = soon(stage.runtime.patch_message(stage.worker, turn.answer, other)).await;
    assert_eq!(more.unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(stage.log().await, log);
    omit(&stage, last, false).await;
    let worker = omit(&stage, turn.answer, true).await;
    assert_eq!(worker.omitted.len(), limits::OMITTED_MESSAGES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_and_an_export_keep_the_choice() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("one", &["uno"]).await;
    let second = stage.ask_and_answer("two", &["dos"]).await;
    omit(&stage, first.answer, true).await;
    omit(&stage, second.answer, true).await;
    let request = ForkWorker { message_id: second.question, title: None };
    let copy = soon(stage.runtime.fork(stage.worker, request)).await.unwrap();
    assert_eq!(copy.omitted, [first.answer], "the other message is not in the copy");
    let view = View::from_snapshot(soon(stage.runtime.snapshot(copy.worker_id)).await.unwrap());
    assert_eq!(view.worker.omitted, [first.answer]);
    for id in [stage.worker, copy.worker_id] {
        let whole = stage.store.whole(id).await.unwrap().unwrap();
        assert!(transfer::exportable(whole).is_some(), "the log is sound");
    }
}
