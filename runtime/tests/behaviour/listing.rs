//! The list of workers as an observer sees it.

use std::collections::HashMap;

use protocol::api::CreateWorker;
use protocol::{CloseReason, Cursor, ListFrame, Visibility, Worker, WorkerId, WorkerStatus};
use runtime::{Access, ListObservation};

use crate::faulty::Writes;
use crate::stage::{Stage, message, soon, still_waits};

/// A page of the list that is kept up to date.
struct Page {
    observation: ListObservation,
    workers: HashMap<WorkerId, Worker>,
    cursor: Cursor,
    frames: usize,
}

impl Page {
    async fn open(runtime: &Access) -> Self {
        let page = soon(runtime.workers(None, 200)).await.unwrap();
        let cursor = page.cursor.unwrap();
        let workers = page.workers.into_iter().map(|worker| (worker.worker_id, worker)).collect();
        let mut observation = runtime.observe_list(Some(&cursor)).unwrap();
        let hello = soon(observation.next()).await.unwrap();
        assert!(matches!(hello, ListFrame::Hello { resumed: true, .. }), "{hello:?}");
        Self { observation, workers, cursor, frames: 0 }
    }

    async fn next(&mut self) -> ListFrame {
        let frame = soon(self.observation.next()).await.unwrap();
        if let Some(cursor) = frame.cursor() {
            self.cursor = cursor.clone();
        }
        self.frames += 1;
        match &frame {
            ListFrame::Worker { worker, .. } => {
                self.workers.insert(worker.worker_id, (**worker).clone());
            }
            ListFrame::Deleted { worker_id, .. } => {
                self.workers.remove(worker_id);
            }
            ListFrame::Hello { .. } | ListFrame::Close { .. } => {}
        }
        frame
    }

    async fn until(&mut self, so: impl Fn(&HashMap<WorkerId, Worker>) -> bool) {
        while !so(&self.workers) {
            let frame = self.next().await;
            assert!(!matches!(frame, ListFrame::Close { .. }), "{frame:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_that_a_list_shows_is_sent() {
    let mut stage = Stage::new().await;
    let runtime = stage.runtime.clone();
    let (first, mut page) = (stage.worker, Page::open(&runtime).await);

    let made = soon(runtime.create(CreateWorker::default())).await.unwrap();
    page.until(|list| list.get(&made.worker_id) == Some(&made)).await;
    soon(runtime.rename(made.worker_id, Some("Tides".into()))).await.unwrap();
    page.until(|list| list[&made.worker_id].title.as_deref() == Some("Tides")).await;

    let asked_at = page.workers[&first].updated_at;
    let (accepted, call) = stage.ask("Hello").await;
    page.until(|list| list[&first].status == WorkerStatus::Generating).await;
    assert_eq!(page.workers[&first].title.as_deref(), Some("Hello"));
    assert!(page.workers[&first].updated_at > asked_at);
    let began = page.workers[&first].updated_at;
    // Streaming text changes nothing in the list.
    let mut watcher = stage.watch().await;
    call.begin().await;
    call.text("a").await;
    {
        let mut told = Box::pin(page.observation.next());
        still_waits(&mut told, watcher.until_text("a")).await;
    }
    let before = page.frames;
    call.finish().await;
    stage.ended(&accepted).await;
    page.until(|list| list[&first].status == WorkerStatus::Idle).await;
    assert_eq!(page.frames, before + 1);
    assert!(page.workers[&first].updated_at > began);

    soon(runtime.delete(made.worker_id)).await.unwrap();
    page.until(|list| !list.contains_key(&made.worker_id)).await;
    let back = soon(runtime.restore(made.worker_id)).await.unwrap();
    page.until(|list| list.get(&back.worker_id) == Some(&back)).await;
    let placed = soon(runtime.place(made.worker_id, Visibility::Pinned)).await.unwrap();
    page.until(|list| list[&placed.worker_id].place == Visibility::Pinned).await;
    // A page that is read now shows the same.
    let fresh = Page::open(&runtime).await;
    assert_eq!(page.workers, fresh.workers);
    assert_eq!(page.cursor, fresh.cursor);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_is_sent_before_it_is_committed() {
    let stage = Stage::new().await;
    let mut page = Page::open(&stage.runtime).await;
    stage.store.set(Writes::Hold);
    let (runtime, worker) = (stage.runtime.clone(), stage.worker);
    let renamed = tokio::spawn(async move { runtime.rename(worker, Some("Late".into())).await });
    {
        let mut told = Box::pin(page.observation.next());
        still_waits(&mut told, stage.store.met(1)).await;
    }
    stage.store.set(Writes::Pass);
    soon(renamed).await.unwrap().unwrap();
    page.until(|list| list[&stage.worker].title.as_deref() == Some("Late")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_resumes_with_each_changed_worker_once() {
    let stage = Stage::new().await;
    let runtime = &stage.runtime;
    let mut page = Page::open(runtime).await;
    let cursor = page.cursor.clone();
    for n in 0..50 {
        soon(runtime.rename(stage.worker, Some(format!("{n}")))).await.unwrap();
    }
    // A slow observer and a returning one get only the newest name.
    page.until(|list| list[&stage.worker].title.as_deref() == Some("49")).await;
    assert_eq!(page.frames, 1);
    let mut resumed = runtime.observe_list(Some(&cursor)).unwrap();
    let hello = soon(resumed.next()).await.unwrap();
    let expected = ListFrame::Hello { runtime_id: runtime.id().clone(), cursor, resumed: true };
    assert_eq!(hello, expected);
    let Some(ListFrame::Worker { worker, .. }) = soon(resumed.next()).await else { panic!() };
    assert_eq!(worker.title.as_deref(), Some("49"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_of_an_earlier_start_requires_a_reload() {
    let stage = Stage::new().await;
    let old = Page::open(&stage.runtime).await.cursor;
    let stage = stage.reopened(|_| {}).await;
    for cursor in [None, Some(old), Some(Cursor::from_client("odd"))] {
        let mut observation = stage.runtime.observe_list(cursor.as_ref()).unwrap();
        let hello = soon(observation.next()).await.unwrap();
        assert!(matches!(hello, ListFrame::Hello { resumed: false, .. }), "{hello:?}");
        // Earlier changes are on the pages and are not sent.
        soon(stage.runtime.rename(stage.worker, Some("x".into()))).await.unwrap();
        let told = soon(observation.next()).await.unwrap();
        assert!(matches!(told, ListFrame::Worker { .. }), "{told:?}");
        soon(stage.runtime.rename(stage.worker, None)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_observer_that_lags_too_far_has_to_reload() {
    let stage = Stage::new().await;
    let mut page = Page::open(&stage.runtime).await;
    for _ in 0..1100 {
        soon(stage.runtime.create(CreateWorker::default())).await.unwrap();
    }
    let hello = page.next().await;
    let ListFrame::Hello { resumed: false, cursor, .. } = hello else { panic!("{hello:?}") };
    assert_eq!(cursor, Page::open(&stage.runtime).await.cursor);
    soon(stage.runtime.send(stage.worker, message("On"))).await.unwrap();
    page.until(|list| list[&stage.worker].status == WorkerStatus::Generating).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observation_ends_at_shutdown_and_cannot_begin_afterwards() {
    let stage = Stage::new().await;
    let mut page = Page::open(&stage.runtime).await;
    soon(stage.runtime.shutdown()).await;
    let closed = page.next().await;
    assert_eq!(closed, ListFrame::Close { reason: CloseReason::Shutdown });
    assert_eq!(soon(page.observation.next()).await, None);
    assert!(stage.runtime.observe_list(None).is_err());
}
