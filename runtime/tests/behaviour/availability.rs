//! If nothing can answer, the worker says so and what to configure (invariant 10).

use protocol::api::{CompanionState, CreateWorker};
use protocol::{Error, ErrorCode, TurnState, WorkerStatus};

use crate::stage::{Setting, Stage, soon};

fn no_model() -> Setting {
    Setting { model: false, ..Setting::default() }
}

fn gone() -> Error {
    Error::new(ErrorCode::Unavailable, "The model's file is gone.")
        .with_hint("Set COMPANION_MODEL_FILE to a GGUF file.")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_provider_a_worker_is_unavailable_and_names_a_setting() {
    let stage = Stage::with(no_model()).await;
    let view = stage.snapshot().await;
    assert_eq!(view.worker.status, WorkerStatus::Unavailable);
    let reason = view.worker.reason.unwrap();
    assert_eq!(reason.code, ErrorCode::Unavailable);
    assert!(reason.hint.as_ref().unwrap().contains("COMPANION_MODEL_FILE"));
    let status = stage.runtime.provider_status();
    assert_eq!((status.kind, status.reason), (None, Some(reason.clone())));
    assert_eq!(stage.runtime.summary().await.unwrap().status, CompanionState::Unavailable);

    let before = stage.log().await;
    assert_eq!(stage.send("q").await.unwrap_err(), reason);
    assert_eq!(stage.log().await, before, "nothing of it was stored");
    let made = stage.runtime.create(CreateWorker::default()).await.unwrap();
    assert_eq!((made.status, made.reason), (WorkerStatus::Unavailable, Some(reason)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_reopened_with_a_provider_is_idle_and_answers() {
    let stage = Stage::with(no_model()).await;
    let mut stage = stage.reopened(|setting| setting.model = true).await;
    let worker = stage.runtime.worker(stage.worker).await.unwrap();
    assert_eq!((worker.status, worker.reason), (WorkerStatus::Idle, None));
    assert_eq!(stage.snapshot().await.worker.status, WorkerStatus::Idle);
    let turn = stage.ask_and_answer("q", &["a"]).await;
    assert_eq!(turn.state, TurnState::Completed);
    let stage = stage.reopened(|setting| setting.model = false).await;
    let view = stage.snapshot().await;
    assert_eq!(view.worker.status, WorkerStatus::Unavailable);
    assert_eq!(view.messages.len(), 2, "what was said can be read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_read_or_send_notices_that_a_provider_went_away_or_came_back() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    stage.ask_and_answer("q", &["a"]).await;
    for round in 0..2 {
        stage.script.set_unusable(Some(gone()));
        match round {
            // Opening the page and sending a message both detect this.
            0 => {
                let worker = soon(stage.runtime.worker(stage.worker)).await.unwrap();
                assert_eq!(worker.status, WorkerStatus::Unavailable);
                assert_eq!(worker.reason, Some(gone()));
            }
            _ => assert_eq!(stage.send("more").await.unwrap_err(), gone()),
        }
        watcher.until(|view| view.worker.reason == Some(gone())).await;
        assert_eq!(watcher.view().worker.status, WorkerStatus::Unavailable);
        // A new observer gets this state, and no error.
        assert_eq!(stage.snapshot().await, *watcher.view());
        let mut late = stage.watch().await;
        assert_eq!(late.view_after_snapshot().await, watcher.view());

        stage.script.set_unusable(None);
        match round {
            0 => assert_eq!(stage.snapshot().await.worker.status, WorkerStatus::Idle),
            _ => {
                stage.ask_and_answer("again", &["a"]).await;
            }
        }
        watcher.until(|view| view.worker.status == WorkerStatus::Idle).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_and_observers_work_without_a_model() {
    for observes in [false, true] {
        let stage = Stage::new().await;
        stage.script.set_unusable(Some(gone()));
        let view = match observes {
            true => stage.watch().await.view_after_snapshot().await.clone(),
            false => stage.snapshot().await,
        };
        assert_eq!(view.worker.status, WorkerStatus::Unavailable);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_goes_away_during_an_answer_is_unavailable_after_it() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    stage.script.set_unusable(Some(gone()));
    let worker = stage.runtime.worker(stage.worker).await.unwrap();
    assert_eq!((worker.status, worker.reason), (WorkerStatus::Generating, Some(gone())));
    call.text("all the same").await;
    call.finish().await;
    watcher.until_ended(accepted.turn.turn_id).await;
    assert_eq!(watcher.view().worker.status, WorkerStatus::Unavailable);
    assert_eq!(watcher.text(), "all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_worker_stays_stopped_whatever_the_provider_does() {
    let stage = Stage::new().await;
    stage.runtime.stop(stage.worker).await.unwrap();
    for unusable in [Some(gone()), None] {
        stage.script.set_unusable(unusable);
        let worker = soon(stage.runtime.worker(stage.worker)).await.unwrap();
        assert_eq!(worker.status, WorkerStatus::Stopped);
        assert_eq!(stage.snapshot().await.worker.status, WorkerStatus::Stopped);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_can_be_read_while_its_availability_cannot_be_written() {
    let stage = Stage::new().await;
    stage.store.set(crate::faulty::Writes::Refuse);
    stage.script.set_unusable(Some(gone()));
    soon(stage.runtime.worker(stage.worker)).await.unwrap();
    stage.snapshot().await;
    stage.store.set(crate::faulty::Writes::Pass);
    let worker = soon(stage.runtime.worker(stage.worker)).await.unwrap();
    assert_eq!(worker.status, WorkerStatus::Unavailable);
}
