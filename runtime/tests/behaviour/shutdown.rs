//! Shutting down in order (invariants 1 and 6).

use protocol::{CloseReason, ErrorCode, TurnState, WorkerStatus};

use crate::faulty::Writes;
use crate::stage::{Stage, answer_of, message, soon, still_waits};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_during_an_answer_keeps_the_text_and_closes_observers() {
    let mut stage = Stage::new().await;
    let (mut watcher, mut lagging) = (stage.watch().await, stage.watch().await);
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("so far").await;
    watcher.until_text("so far").await;

    let runtime = stage.runtime.clone();
    let mut shutdown = Box::pin(runtime.shutdown());
    still_waits(&mut shutdown, call.asked_to_stop()).await;
    let refused = still_waits(&mut shutdown, stage.send("more")).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Unavailable);
    still_waits(&mut shutdown, stage.runtime.transcript(stage.worker, None, 1)).await.unwrap();
    call.halt().await;
    soon(shutdown).await;

    // Even the observer that has not read anything yet gets all events before the close.
    for watcher in [&mut watcher, &mut lagging] {
        assert_eq!(watcher.until_closed().await, CloseReason::Shutdown);
        let end = ("so far".to_owned(), TurnState::Interrupted);
        assert_eq!(answer_of(watcher.view(), &accepted.turn), end);
        assert_eq!(watcher.view().worker.status, WorkerStatus::Idle);
    }
    assert_eq!(stage.send("more").await.unwrap_err().code, ErrorCode::Unavailable);
    assert!(stage.runtime.observe(stage.worker, None).await.is_err());
    let view = watcher.view().clone();
    drop((runtime, watcher, lagging));

    let mut stage = stage.reopened(|_| {}).await;
    assert_eq!(stage.snapshot().await, view);
    assert_eq!(stage.ask_and_answer("go on", &["yes"]).await.state, TurnState::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_cancel_is_answered_at_shutdown() {
    let mut stage = Stage::new().await;
    let (_, call) = stage.ask("q").await;
    let (runtime, worker) = (stage.runtime.clone(), stage.worker);
    let cancel = tokio::spawn(async move { runtime.cancel(worker).await });
    call.asked_to_stop().await;
    let runtime = stage.runtime.clone();
    let shutdown = tokio::spawn(async move { runtime.shutdown().await });
    call.halt().await;
    soon(shutdown).await.unwrap();
    let turn = soon(cancel).await.unwrap().unwrap().turn.unwrap();
    assert_eq!(turn.state, TurnState::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_shutdown_completes_at_once_and_can_be_repeated() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("q", &["a"]).await;
    assert_eq!(stage.runtime.live_workers(), 1);
    soon(stage.runtime.shutdown()).await;
    assert_eq!(stage.runtime.live_workers(), 0);
    soon(stage.runtime.shutdown()).await;
    let error = stage.runtime.create(Default::default()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
}

/// The next start finds the turn unfinished and ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_ends_although_the_store_fails() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("safe").await;
    watcher.until_text("safe").await;
    drop(watcher);
    stage.store.set(Writes::Refuse);
    let runtime = stage.runtime.clone();
    let shutdown = tokio::spawn(async move { runtime.shutdown().await });
    call.asked_to_stop().await;
    call.halt().await;
    soon(shutdown).await.unwrap();
    let stage = stage.reopened(|_| {}).await;
    let end = ("safe".to_owned(), TurnState::Interrupted);
    assert_eq!(answer_of(&stage.snapshot().await, &accepted.turn), end);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_ends_although_the_provider_does_not_halt() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    let runtime = stage.runtime.clone();
    let shutdown = tokio::spawn(async move { runtime.shutdown().await });
    call.asked_to_stop().await;
    soon(shutdown).await.unwrap();
    call.abandoned().await;
    let stage = stage.reopened(|_| {}).await;
    let end = (String::new(), TurnState::Interrupted);
    assert_eq!(answer_of(&stage.snapshot().await, &accepted.turn), end);
}

/// Observers that arrive during the shutdown are refused or told of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_during_a_shutdown_are_answered() {
    for _ in 0..20 {
        let stage = Stage::new().await;
        let mut observers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (runtime, worker) = (stage.runtime.clone(), stage.worker);
            observers.spawn(async move {
                if let Ok(mut observation) = runtime.observe(worker, None).await {
                    while soon(observation.next()).await.is_some() {}
                }
                let _ = soon(runtime.send(worker, message("q"))).await;
            });
        }
        tokio::task::yield_now().await;
        soon(stage.runtime.shutdown()).await;
        soon(observers.join_all()).await;
    }
}
