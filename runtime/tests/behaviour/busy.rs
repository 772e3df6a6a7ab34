//! At most one turn runs per worker (invariant 4).

use protocol::ErrorCode;
use protocol::TurnState;

use crate::stage::{Stage, message, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_message_is_refused_and_nothing_of_it_is_stored() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("first").await;
    let second = message("second");
    for begun in [false, true] {
        if begun {
            call.begin().await;
            let mut watcher = stage.watch().await;
            watcher.until(|view| view.running().unwrap().state == TurnState::Generating).await;
        }
        let before = stage.log().await;
        let error = stage.runtime.send(stage.worker, second.clone()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Busy);
        assert!(error.hint.is_some());
        assert_eq!(stage.log().await, before);
    }
    assert!(stage.script.is_quiet());
    call.finish().await;
    stage.ended(&accepted).await;
    // The id of the refused message can be used again.
    let accepted = stage.runtime.send(stage.worker, second.clone()).await.unwrap();
    assert_eq!(accepted.message.id, second.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_halts_still_counts_as_running() {
    let mut stage = Stage::new().await;
    let (_, call) = stage.ask("first").await;
    let runtime = stage.runtime.clone();
    let worker = stage.worker;
    let cancel = tokio::spawn(async move { runtime.cancel(worker).await });
    call.asked_to_stop().await;
    assert_eq!(stage.send("second").await.unwrap_err().code, ErrorCode::Busy);
    call.halt().await;
    soon(cancel).await.unwrap().unwrap();
    stage.ask("second").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_concurrent_messages_is_accepted() {
    let mut stage = Stage::new().await;
    let mut sends = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (runtime, worker) = (stage.runtime.clone(), stage.worker);
        sends.spawn(async move { runtime.send(worker, message(&format!("{n}"))).await });
    }
    let answers = soon(sends.join_all()).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((taken.len(), refused.len()), (1, 19));
    assert!(refused.into_iter().all(|answer| answer.unwrap_err().code == ErrorCode::Busy));
    assert_eq!(stage.snapshot().await.messages.len(), 2);
    stage.script.call().await;
    assert!(stage.script.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_turn_does_not_block_other_conversations() {
    let mut stage = Stage::new().await;
    let (_, _running) = stage.ask("first").await;
    let other = stage.runtime.create(Default::default()).await.unwrap().worker_id;
    let accepted = stage.runtime.send(other, message("second")).await.unwrap();
    let call = stage.script.call().await;
    assert_eq!(call.request.turn_id, accepted.turn.turn_id);
    assert_eq!(stage.runtime.summary().await.unwrap().running, 2);
}
