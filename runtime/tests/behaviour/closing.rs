//! Stopping and deleting workers.

use protocol::{CloseReason, ErrorCode, TurnState, WorkerStatus};

use crate::faulty::Writes;
use crate::stage::{Stage, message, soon, still_waits};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_a_running_worker_ends_its_turn_and_closes_it_permanently() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("so far").await;
    watcher.until_text("so far").await;
    let mut stop = Box::pin(stage.runtime.stop(stage.worker));
    still_waits(&mut stop, call.asked_to_stop()).await;
    let rename = stage.runtime.rename(stage.worker, Some("t".to_owned()));
    still_waits(&mut stop, rename).await.unwrap();
    call.halt().await;
    assert_eq!(soon(stop).await.unwrap().status, WorkerStatus::Stopped);
    watcher.until(|view| view.worker.status == WorkerStatus::Stopped).await;
    let turn = watcher.view().turn(accepted.turn.turn_id).unwrap();
    assert_eq!(turn.state, TurnState::Cancelled);
    drop(watcher);

    let mut stage = stage.reopened(|_| {}).await;
    for _ in 0..2 {
        let before = stage.log().await;
        let error = stage.send("more").await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert_eq!(stage.log().await, before);
        let again = soon(stage.runtime.stop(stage.worker)).await.unwrap();
        assert_eq!(again.status, WorkerStatus::Stopped);
    }
    assert!(stage.script.is_quiet());
    assert_eq!(stage.snapshot().await.messages[1].text, "so far");
    let renamed = stage.runtime.rename(stage.worker, Some("kept".to_owned())).await.unwrap();
    assert_eq!((renamed.title.as_deref(), renamed.status), (Some("kept"), WorkerStatus::Stopped));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_running_worker_waits_for_its_provider_and_closes_observers() {
    let mut stage = Stage::new().await;
    let kept = stage.runtime.create(Default::default()).await.unwrap().worker_id;
    let mut watcher = stage.watch().await;
    let (_, call) = stage.ask("q").await;
    call.begin().await;
    call.text("so far").await;
    watcher.until_text("so far").await;
    let mut delete = Box::pin(stage.runtime.delete(stage.worker));
    still_waits(&mut delete, call.asked_to_stop()).await;
    let rename = stage.runtime.rename(stage.worker, Some("t".to_owned()));
    still_waits(&mut delete, rename).await.unwrap();
    call.halt().await;
    soon(delete).await.unwrap();
    assert_eq!(watcher.until_closed().await, CloseReason::Deleted);

    assert_eq!(stage.send("more").await.unwrap_err().code, ErrorCode::NotFound);
    let (runtime, worker) = (&stage.runtime, stage.worker);
    assert_eq!(runtime.worker(worker).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(runtime.snapshot(worker).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(runtime.cancel(worker).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(runtime.delete(worker).await.unwrap_err().code, ErrorCode::NotFound);
    assert!(runtime.observe(worker, None).await.is_err());
    let page = runtime.transcript(worker, None, 10).await;
    assert_eq!(page.unwrap_err().code, ErrorCode::NotFound);
    let list = runtime.workers(None, 50).await.unwrap().workers;
    assert_eq!(list.iter().map(|worker| worker.worker_id).collect::<Vec<_>>(), [kept]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_the_last_worker_creates_a_new_one() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("q", &["a"]).await;
    soon(stage.runtime.delete(stage.worker)).await.unwrap();
    let list = stage.runtime.workers(None, 50).await.unwrap().workers;
    assert_eq!(list.len(), 1);
    assert_ne!(list[0].worker_id, stage.worker);
    assert_eq!((list[0].status, &list[0].title), (WorkerStatus::Idle, &None));
    let stage = stage.reopened(|_| {}).await;
    assert_eq!(stage.worker, list[0].worker_id);
    assert_eq!(stage.snapshot().await.messages, []);
}

/// The deletion succeeds even if the replacement cannot be created.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replacement_for_the_last_worker_is_created_later_if_creating_fails() {
    let stage = Stage::new().await;
    stage.store.set(Writes::RefuseNew);
    soon(stage.runtime.delete(stage.worker)).await.unwrap();
    let error = stage.runtime.workers(None, 50).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    let error = stage.runtime.create(Default::default()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.retry_after_ms.is_some());
    stage.store.set(Writes::Pass);
    let list = stage.runtime.workers(None, 50).await.unwrap().workers;
    assert_eq!(list.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_deletions_of_all_workers_leave_one() {
    let stage = Stage::new().await;
    for _ in 0..10 {
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(stage.runtime.create(Default::default()).await.unwrap().worker_id);
        }
        let listed = stage.runtime.workers(None, 50).await.unwrap().workers;
        let mut deletes = tokio::task::JoinSet::new();
        for worker in listed {
            for _ in 0..2 {
                let (runtime, id) = (stage.runtime.clone(), worker.worker_id);
                deletes.spawn(async move { runtime.delete(id).await });
            }
        }
        let answers = soon(deletes.join_all()).await;
        // Of two deletions of the same worker, the second may find it gone.
        let bad = answers.iter().filter_map(|answer| answer.as_ref().err());
        assert!(bad.clone().all(|error| error.code == ErrorCode::NotFound));
        assert_eq!(stage.runtime.summary().await.unwrap().workers, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_workers_and_turns_are_not_found() {
    let stage = Stage::new().await;
    let nobody = protocol::WorkerId::from_parts(1, [1; 10]);
    let runtime = &stage.runtime;
    for error in [
        runtime.worker(nobody).await.unwrap_err(),
        runtime.send(nobody, message("q")).await.unwrap_err(),
        runtime.cancel(nobody).await.unwrap_err(),
        runtime.rename(nobody, None).await.unwrap_err(),
        runtime.stop(nobody).await.unwrap_err(),
        runtime.delete(nobody).await.unwrap_err(),
        runtime.transcript(nobody, None, 10).await.unwrap_err(),
    ] {
        assert_eq!(error.code, ErrorCode::NotFound);
    }
    let turn = protocol::TurnId::from_parts(1, [1; 10]);
    assert_eq!(runtime.turn(stage.worker, turn).await.unwrap_err().code, ErrorCode::NotFound);
    let input = runtime.turn_input(stage.worker, turn).await;
    assert_eq!(input.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(runtime.live_workers(), 0, "nothing was started for it");
}
