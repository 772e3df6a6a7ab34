//! Many conversations at once.

use protocol::TurnState;
use provider::{Output, Shown};

use crate::stage::{Stage, message, soon};
use crate::watcher::Watcher;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_concurrent_turns_get_their_own_answers() {
    let mut stage = Stage::new().await;
    let mut observers = tokio::task::JoinSet::new();
    let mut speakers = tokio::task::JoinSet::new();
    for n in 0..30 {
        let worker = stage.runtime.create(Default::default()).await.unwrap().worker_id;
        let mut watcher = Watcher::begin(&stage.runtime, worker, None).await;
        let accepted = stage.runtime.send(worker, message(&format!("{n}"))).await.unwrap();
        let call = stage.script.call().await;
        assert_eq!(call.request.turn_id, accepted.turn.turn_id);
        speakers.spawn(async move {
            call.begin().await;
            for piece in 0..40 {
                call.text(&format!("{n}:{piece} 日本;")).await;
            }
            call.finish().await;
        });
        observers.spawn(async move {
            watcher.until_ended(accepted.turn.turn_id).await;
            (n, worker, watcher.view().clone())
        });
    }
    soon(speakers.join_all()).await;
    for (n, worker, view) in soon(observers.join_all()).await {
        let text: String = (0..40).map(|piece| format!("{n}:{piece} 日本;")).collect();
        assert_eq!(view.messages[1].text, text);
        assert_eq!(view.turns[0].state, TurnState::Completed);
        let fresh = protocol::View::from_snapshot(stage.runtime.snapshot(worker).await.unwrap());
        assert_eq!(view, fresh);
    }
    assert_eq!(stage.runtime.summary().await.unwrap().running, 0);
    assert_eq!(stage.runtime.live_workers(), 30);
    soon(stage.runtime.shutdown()).await;
    assert_eq!(stage.runtime.live_workers(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_requests_of_every_kind_leave_a_valid_log() {
    let mut stage = Stage::new().await;
    let asking = Output::Asking(Shown::default());
    stage.script.set_opening(vec![asking, Output::Began]);
    let mut watcher = stage.watch().await;
    for round in 0..10 {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..12 {
            let (runtime, worker) = (stage.runtime.clone(), stage.worker);
            tasks.spawn(async move {
                match n % 4 {
                    0 => drop(runtime.send(worker, message(&format!("{round} {n}"))).await),
                    1 => drop(runtime.rename(worker, Some(format!("{round} {n}"))).await),
                    2 => drop(runtime.worker(worker).await.unwrap()),
                    _ => drop(runtime.snapshot(worker).await.unwrap()),
                }
            });
        }
        soon(tasks.join_all()).await;
        let call = stage.script.call().await;
        call.text("text").await;
        let (runtime, worker) = (stage.runtime.clone(), stage.worker);
        let cancel = tokio::spawn(async move { runtime.cancel(worker).await.unwrap() });
        call.asked_to_stop().await;
        call.halt().await;
        assert_eq!(soon(cancel).await.unwrap().turn.unwrap().state, TurnState::Cancelled);
    }
    let fresh = stage.snapshot().await;
    watcher.until(|view| view.seq == fresh.seq).await;
    assert_eq!(*watcher.view(), fresh);
    assert_eq!(fresh.messages.len(), 20);
}
