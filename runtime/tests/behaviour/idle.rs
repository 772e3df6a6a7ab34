//! An idle actor ends, and nobody notices.

use std::time::Duration;

use protocol::{ErrorCode, TurnState};

use crate::stage::{Stage, message, soon};

/// Longer than an actor stays idle.
const LONG: Duration = Duration::from_secs(61);

/// Advances tokio's clock. The clock is paused only while no request waits for the store's threads,
/// because these run in real time.
async fn a_long_time_passes() {
    tokio::time::pause();
    tokio::time::advance(LONG).await;
    tokio::time::resume();
}

/// The answer shows that the actor has handled the end of the last turn; observers can see that end
/// a little earlier.
async fn has_settled(stage: &Stage) {
    assert_eq!(stage.runtime.cancel(stage.worker).await.unwrap().turn, None);
}

async fn nobody_is_live(stage: &Stage) {
    soon(async {
        while stage.runtime.live_workers() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_idle_actor_ends_and_the_next_one_has_the_same_state() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let request = message("once");
    let accepted = stage.runtime.send(stage.worker, request.clone()).await.unwrap();
    stage.script.call().await.answer(&["a"]).await;
    watcher.until_ended(accepted.turn.turn_id).await;
    has_settled(&stage).await;
    assert_eq!(stage.runtime.live_workers(), 1);
    a_long_time_passes().await;
    nobody_is_live(&stage).await;

    assert_eq!(stage.runtime.send(stage.worker, request).await.unwrap(), accepted);
    let turn = stage.ask_and_answer("again", &["b"]).await;
    assert_eq!(turn.state, TurnState::Completed);
    let view = stage.snapshot().await;
    assert_eq!(view.messages[2].parent, Some(accepted.turn.answer));
    // An observer from before also gets the next actor's events.
    watcher.until(|watched| watched.seq == view.seq).await;
    assert_eq!(*watcher.view(), view);
}

#[tokio::test]
async fn an_actor_with_a_running_turn_does_not_end() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    a_long_time_passes().await;
    assert_eq!(stage.send("more").await.unwrap_err().code, ErrorCode::Busy);
    assert!(!call.is_asked_to_stop());
    call.finish().await;
    assert_eq!(stage.ended(&accepted).await.state, TurnState::Completed);
}

#[tokio::test]
async fn a_request_to_an_ending_actor_is_handled_by_the_next() {
    let mut stage = Stage::new().await;
    for round in 0..20 {
        stage.ask_and_answer("q", &["a"]).await;
        has_settled(&stage).await;
        let (runtime, worker) = (stage.runtime.clone(), stage.worker);
        let rename =
            tokio::spawn(
                async move { runtime.rename(worker, Some(format!("round {round}"))).await },
            );
        // In each round, the actor gets one more chance to run before it ends.
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        a_long_time_passes().await;
        let renamed = soon(rename).await.unwrap().unwrap();
        assert_eq!(renamed.title, Some(format!("round {round}")));
    }
    assert_eq!(stage.snapshot().await.messages.len(), 40);
}
