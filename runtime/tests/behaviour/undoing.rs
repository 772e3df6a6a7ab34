//! Deleting with a way to restore.

use protocol::api::CreateWorker;
use protocol::{CloseReason, ErrorCode, ListFrame, Timestamp, TurnState, WorkerStatus};
use store::Store as _;

use crate::faulty::{Reads, Writes};
use crate::stage::{Setting, Stage, soon};

/// A running turn is cancelled by the deletion, and stays cancelled.
#[tokio::test]
async fn a_restored_worker_is_what_was_deleted() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("a question").await;
    call.begin().await;
    call.text("half an answer").await;
    let mut watcher = stage.watch().await;
    watcher.until_text("half an answer").await;
    let runtime = stage.runtime.clone();
    let delete = tokio::spawn(async move { runtime.delete(stage.worker).await });
    call.asked_to_stop().await;
    call.halt().await;
    soon(delete).await.unwrap().unwrap();
    assert_eq!(watcher.until_closed().await, CloseReason::Deleted);
    let error = stage.runtime.worker(stage.worker).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    assert_eq!(stage.send("more").await.unwrap_err().code, ErrorCode::NotFound);

    let worker = stage.runtime.restore(stage.worker).await.unwrap();
    assert_eq!(worker.status, WorkerStatus::Idle);
    let view = stage.snapshot().await;
    assert_eq!(view.turn(accepted.turn.turn_id).unwrap().state, TurnState::Cancelled);
    assert_eq!(view.message(accepted.turn.answer).unwrap().text, "half an answer");
    // It can be followed and continued as before.
    let turn = stage.ask_and_answer("and now?", &["on it goes"]).await;
    assert_eq!(turn.state, TurnState::Completed);
}

/// If a worker is deleted again while a request restores it, observers must not get the older state
/// after the deletion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_deleted_again_during_its_restoration_stays_deleted_for_observers() {
    for looks in 0..2 {
        let stage = Stage::new().await;
        let id = stage.runtime.create(CreateWorker::default()).await.unwrap().worker_id;
        soon(stage.runtime.delete(id)).await.unwrap();
        let cursor = stage.runtime.workers(None, 1).await.unwrap().cursor;
        stage.store.hold_a_look_after(looks);
        let runtime = stage.runtime.clone();
        let restore = tokio::spawn(async move { runtime.restore(id).await });
        stage.store.a_look_is_held().await;
        let runtime = stage.runtime.clone();
        let mut delete = tokio::spawn(async move { runtime.delete(id).await });
        // The deletion is done by now, or waits for the read that is held back.
        let a_while = async {
            for _ in 0..200 {
                stage.store.collect(Timestamp::from_unix_ms(0)).await.unwrap();
            }
        };
        let early = tokio::select! {
            done = &mut delete => Some(done),
            () = a_while => None,
        };
        stage.store.answer_the_look();
        let deleted = match early {
            Some(done) => done,
            None => soon(delete).await,
        };
        deleted.unwrap().unwrap();
        // Whether the restoring request still found the worker does not matter.
        let _ = soon(restore).await.unwrap();
        assert_eq!(stage.runtime.worker(id).await.unwrap_err().code, ErrorCode::NotFound);

        let mut told = stage.runtime.observe_list(cursor.as_ref()).unwrap();
        let last = loop {
            match soon(told.next()).await.unwrap() {
                ListFrame::Deleted { worker_id, .. } if worker_id == id => break None,
                ListFrame::Worker { worker, .. } if worker.worker_id == id => break Some(worker),
                _ => {}
            }
        };
        assert_eq!(last, None, "after {looks} looks");
    }
}

/// Somebody looks at a conversation that cannot be read, and it is deleted before the list is told
/// of what was found.
#[tokio::test]
async fn a_late_summary_does_not_restore_a_deleted_worker() {
    let stage = Stage::new().await;
    let id = stage.runtime.create(CreateWorker::default()).await.unwrap().worker_id;
    let cursor = stage.runtime.workers(None, 1).await.unwrap().cursor;
    stage.store.set_reads(Reads::Damaged);
    stage.store.hold_a_look_after(0);
    let runtime = stage.runtime.clone();
    let look = tokio::spawn(async move { runtime.worker(id).await });
    stage.store.a_look_is_held().await;
    stage.store.set_reads(Reads::Pass);
    soon(stage.runtime.delete(id)).await.unwrap();
    stage.store.answer_the_look();
    assert!(soon(look).await.unwrap().unwrap().unreadable);

    // Another worker changes last, so that the end of what is told is seen.
    let end = stage.runtime.create(CreateWorker::default()).await.unwrap().worker_id;
    let mut told = stage.runtime.observe_list(cursor.as_ref()).unwrap();
    let mut listed = None;
    loop {
        match soon(told.next()).await.unwrap() {
            ListFrame::Worker { worker, .. } if worker.worker_id == end => break,
            ListFrame::Worker { worker, .. } if worker.worker_id == id => listed = Some(true),
            ListFrame::Deleted { worker_id, .. } if worker_id == id => listed = Some(false),
            _ => {}
        }
    }
    assert_eq!(listed, Some(false));
}

/// A commit that takes long holds up its own conversation, and no other one.
#[tokio::test]
async fn creating_or_restoring_a_worker_blocks_no_other() {
    let stage = Stage::new().await;
    let create = async || stage.runtime.create(CreateWorker::default()).await.unwrap().worker_id;
    let (back, gone, also_gone) = (create().await, create().await, create().await);
    soon(stage.runtime.delete(back)).await.unwrap();

    stage.store.set(Writes::HoldNew);
    let runtime = stage.runtime.clone();
    let adding = tokio::spawn(async move { runtime.create(CreateWorker::default()).await });
    stage.store.met(1).await;
    soon(stage.runtime.delete(gone)).await.unwrap();
    stage.send("a question").await.unwrap();
    stage.store.set(Writes::Pass);
    soon(adding).await.unwrap().unwrap();

    stage.store.hold_a_look_after(0);
    let runtime = stage.runtime.clone();
    let restoring = tokio::spawn(async move { runtime.restore(back).await });
    stage.store.a_look_is_held().await;
    soon(stage.runtime.delete(also_gone)).await.unwrap();
    create().await;
    soon(stage.runtime.restore(gone)).await.unwrap();
    stage.store.answer_the_look();
    soon(restoring).await.unwrap().unwrap();
}

/// The worker was marked as deleted while its turn was still unfinished.
#[tokio::test]
async fn an_unfinished_turn_is_interrupted_when_its_worker_is_restored() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("a question").await;
    let id = stage.worker;
    stage.store.delete(id, Timestamp::from_unix_ms(i64::from(i32::MAX) * 1_000)).await.unwrap();
    let after = stage.after_a_crash().await;
    drop(call);
    let worker = after.runtime.restore(id).await.unwrap();
    assert_eq!(worker.status, WorkerStatus::Idle);
    let turn = after.runtime.turn(id, accepted.turn.turn_id).await.unwrap();
    assert_eq!(turn.state, TurnState::Interrupted);
}

#[tokio::test]
async fn workers_that_are_due_are_purged_at_the_next_start() {
    let stage = Stage::new().await;
    let long_ago = stage.worker;
    stage.store.delete(long_ago, Timestamp::from_unix_ms(1_000)).await.unwrap();
    let just_now = stage.runtime.create(Default::default()).await.unwrap().worker_id;
    soon(stage.runtime.delete(just_now)).await.unwrap();
    let told = stage.runtime.deleted(None, 10).await.unwrap().deleted;
    assert_eq!(told.len(), 1, "what is due is told of no more");
    assert_eq!(told[0].worker.worker_id, just_now);
    let one = stage.runtime.deleted_one(just_now).await.unwrap();
    assert_eq!(one.as_ref(), Some(&told[0]));
    assert_eq!(stage.runtime.deleted_one(long_ago).await.unwrap(), None);

    let stage = stage.reopened(|_| {}).await;
    let swept = async {
        while stage.store.deleted(protocol::AccountId::FIRST, None, 10).await.unwrap().len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    soon(swept).await;
    let error = stage.runtime.restore(long_ago).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(stage.runtime.restore(just_now).await.is_ok());
}

#[tokio::test]
async fn every_deleted_worker_is_listed_once() {
    let stage = Stage::new().await;
    let mut gone = Vec::new();
    for _ in 0..7 {
        let id = stage.runtime.create(CreateWorker::default()).await.unwrap().worker_id;
        soon(stage.runtime.delete(id)).await.unwrap();
        gone.push(id);
    }
    // The time of this one is over, but it is not removed yet.
    stage.store.delete(stage.worker, Timestamp::from_unix_ms(1_000)).await.unwrap();
    for limit in 1..9 {
        let (mut told, mut before) = (Vec::new(), None::<String>);
        loop {
            let page = stage.runtime.deleted(before.as_deref(), limit).await.unwrap();
            assert!(page.deleted.len() <= limit as usize);
            told.extend(page.deleted.into_iter().map(|deleted| deleted.worker.worker_id));
            before = page.next_before;
            if before.is_none() {
                break;
            }
        }
        told.reverse();
        assert_eq!(told, gone, "by {limit}");
    }
    let error = stage.runtime.deleted(Some("elsewhere"), 9).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidInput);
}

#[tokio::test]
async fn a_failed_deletion_changes_nothing() {
    let stage = Stage::with(Setting { undo_delete_ms: 0, ..Setting::default() }).await;
    stage.store.set(Writes::Refuse);
    assert!(stage.runtime.delete(stage.worker).await.is_err());
    stage.store.set(Writes::Pass);
    assert!(stage.runtime.worker(stage.worker).await.is_ok());
    soon(stage.runtime.delete(stage.worker)).await.unwrap();
    assert_eq!(stage.runtime.restore(stage.worker).await.unwrap_err().code, ErrorCode::NotFound);
}
