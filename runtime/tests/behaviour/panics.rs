//! A worker's task panics, and no observer waits for a turn that nothing runs.

use protocol::TurnState;

use crate::faulty::Writes;
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_interrupts_the_turn_at_once_and_the_worker_works_again() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    stage.script.set_panics(1);
    let accepted = stage.send("q").await.unwrap();
    // The observer is told even if no request comes.
    watcher.until_ended(accepted.turn.turn_id).await;
    let turn = watcher.view().turn(accepted.turn.turn_id).unwrap().clone();
    assert_eq!(turn.state, TurnState::Interrupted);
    let next = stage.ask_and_answer("go on", &["yes"]).await;
    assert_eq!(next.state, TurnState::Completed);
    assert_eq!(stage.snapshot().await.messages.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_panicked_during_an_outage_is_interrupted_afterwards() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    stage.script.set_panics(1);
    // The acceptance is committed; the interruption fails twice.
    stage.store.set_after(1, Writes::Refuse);
    let accepted = stage.send("q").await.unwrap();
    stage.store.met(2).await;
    stage.store.set(Writes::Pass);
    watcher.until_ended(accepted.turn.turn_id).await;
    stage.ask_and_answer("go on", &["yes"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_cannot_be_loaded_reports_the_cause() {
    let mut stage = Stage::new().await;
    stage.script.set_panics(1);
    stage.store.set_after(1, Writes::Refuse);
    stage.send("q").await.unwrap();
    stage.store.met(2).await;
    let error = stage.send("more").await.unwrap_err();
    assert!(error.message.contains("store"), "{error:?}");
    stage.store.set(Writes::Pass);
    let mut watcher = stage.watch().await;
    watcher.until(|view| view.turns.iter().all(|turn| turn.state.is_final())).await;
    stage.ask_and_answer("go on", &["yes"]).await;
}
