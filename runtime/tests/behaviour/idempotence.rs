//! Sending the same message again gets the same answer (invariant 5).

use protocol::api::SendMessage;
use protocol::{ErrorCode, EventBody, TurnState};

use crate::faulty::{Reads, Writes};
use crate::stage::{Stage, fresh_id, message, soon};

fn turns(stage_log: &[protocol::Event]) -> usize {
    let accepted = |event: &&protocol::Event| matches!(event.body, EventBody::TurnAccepted { .. });
    stage_log.iter().filter(accepted).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_message_gets_the_same_response_at_any_time() {
    let mut stage = Stage::new().await;
    let request = message("once");
    let again = || request.clone();
    let worker = stage.worker;
    let first = soon(stage.runtime.send(worker, again())).await.unwrap();
    assert_eq!(stage.runtime.send(worker, again()).await.unwrap(), first, "before it begins");

    let call = stage.script.call().await;
    call.begin().await;
    call.text("text").await;
    let mut watcher = stage.watch().await;
    watcher.until_text("text").await;
    assert_eq!(stage.runtime.send(worker, again()).await.unwrap(), first, "while it runs");
    call.finish().await;
    stage.ended(&first).await;
    assert_eq!(stage.runtime.send(worker, again()).await.unwrap(), first, "after the end");
    stage.ask_and_answer("another", &["a"]).await;
    assert_eq!(stage.runtime.send(worker, again()).await.unwrap(), first, "after another");
    assert_eq!(turns(&stage.log().await), 2);
    drop(watcher);

    let mut stage = stage.reopened(|_| {}).await;
    assert_eq!(stage.runtime.send(worker, again()).await.unwrap(), first, "after a restart");
    stage.runtime.stop(worker).await.unwrap();
    assert_eq!(stage.runtime.send(worker, again()).await.unwrap(), first, "when it is closed");
    assert_eq!(turns(&stage.log().await), 2);
    assert!(stage.script.is_quiet(), "no model was asked again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_sends_of_one_message_make_one_turn() {
    let mut stage = Stage::new().await;
    let request = message("once");
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (runtime, worker, request) = (stage.runtime.clone(), stage.worker, request.clone());
        sends.spawn(async move { runtime.send(worker, request).await.unwrap() });
    }
    let mut answers = soon(sends.join_all()).await;
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(turns(&stage.log().await), 1);
    let call = stage.script.call().await;
    call.answer(&["a"]).await;
    assert_eq!(stage.ended(&answers[0]).await.state, TurnState::Completed);
    assert!(stage.script.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_cannot_be_reused_for_another_message() {
    let mut stage = Stage::new().await;
    let request = message("the first text");
    let first = stage.runtime.send(stage.worker, request.clone()).await.unwrap();
    stage.script.call().await.answer(&["an answer"]).await;
    stage.ended(&first).await;
    let before = stage.log().await;
    let (id, text) = (request.id, request.text);
    let other_text = SendMessage::new(id, "another text".to_owned());
    let other_parent =
        SendMessage { parent: Some(first.turn.answer), ..SendMessage::new(id, text.clone()) };
    let an_answers = SendMessage::new(first.turn.answer, text);
    for request in [other_text, other_parent, an_answers] {
        let error = stage.runtime.send(stage.worker, request).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
    }
    assert_eq!(stage.log().await, before);
    assert!(stage.script.is_quiet());
}

/// A client that got an error sends the same message again; the message is stored once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_response_was_lost_is_stored_once() {
    let mut stage = Stage::new().await;
    let request = message("did it arrive?");
    stage.store.set(Writes::Lose);
    stage.store.set_reads(Reads::TailsFail);
    let error = soon(stage.runtime.send(stage.worker, request.clone())).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    stage.store.set(Writes::Pass);
    stage.store.set_reads(Reads::Pass);

    let accepted = soon(stage.runtime.send(stage.worker, request.clone())).await.unwrap();
    assert_eq!(accepted.message.id, request.id);
    assert_eq!(turns(&stage.log().await), 1);
    // Its turn has ended, and the conversation can be continued.
    let turn = stage.ended(&accepted).await;
    assert_eq!(turn.state, TurnState::Interrupted);
    let turn = stage.ask_and_answer("and now?", &["Yes."]).await;
    assert_eq!(turn.state, TurnState::Completed);
}

/// The store returned an error, but the log contains the message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_in_the_log_is_accepted_despite_an_error_of_the_store() {
    let mut stage = Stage::new().await;
    let request = message("did it arrive?");
    stage.store.set(Writes::Lose);
    let accepted = soon(stage.runtime.send(stage.worker, request.clone())).await.unwrap();
    stage.store.set(Writes::Pass);
    stage.script.call().await.answer(&["It did."]).await;
    assert_eq!(stage.ended(&accepted).await.state, TurnState::Completed);
    assert_eq!(stage.runtime.send(stage.worker, request).await.unwrap(), accepted);
    assert_eq!(turns(&stage.log().await), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_may_be_used_in_two_conversations() {
    let mut stage = Stage::new().await;
    let other = stage.runtime.create(Default::default()).await.unwrap().worker_id;
    let id = fresh_id();
    for (worker, text) in [(stage.worker, "here"), (other, "there")] {
        let request = SendMessage::new(id, text.to_owned());
        let accepted = stage.runtime.send(worker, request).await.unwrap();
        assert_eq!(accepted.message.text, text);
        stage.script.call().await.answer(&["a"]).await;
    }
}
