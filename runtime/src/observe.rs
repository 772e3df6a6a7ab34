//! Follows a worker's log from one observer's position.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::{
    CloseReason, Cursor, Envelope, Error, ErrorCode, Frame, LogId, Snapshot, View, Worker,
    WorkerId, fold_deltas,
};
use store::{Page, StoreError};
use tokio::sync::watch;

use crate::notifier::{LogStatus, Reading, Watching};
use crate::worker::Shared;

/// The most rows of the log that one read takes. Neighbouring deltas among them become one frame,
/// so an observer that lags gets bigger frames instead of more.
const TAIL_ROWS: u32 = 256;

/// Follows one worker. Dropping it ends the observation; it holds at most one read's worth of
/// events.
pub struct Observation {
    shared: Arc<Shared>,
    worker_id: WorkerId,
    log: LogId,
    wakes: watch::Receiver<LogStatus>,
    reading: watch::Receiver<Reading>,
    /// The last seq that was handed out.
    position: u64,
    ready: VecDeque<Frame>,
    /// Whether the last frame was the placeholder of a log that cannot be read.
    unreadable: bool,
    /// Whether the observer knows that some part of the log cannot be read, perhaps an older one.
    marked: bool,
    over: bool,
}

impl Observation {
    /// Begins at `cursor`, or with a snapshot if there is no cursor or it does not fit.
    pub(crate) async fn begin(
        shared: Arc<Shared>,
        worker_id: WorkerId,
        Watching { wake: wakes, reading }: Watching,
        cursor: Option<Cursor>,
    ) -> Result<Option<Self>, StoreError> {
        let mut observation = Self {
            shared,
            worker_id,
            log: LogId(0),
            wakes,
            reading,
            position: 0,
            ready: VecDeque::new(),
            unreadable: false,
            marked: false,
            over: false,
        };
        let stored = match observation.shared.store.worker(worker_id).await {
            Err(StoreError::Damaged(_)) => {
                return Ok(observation.tell_unreadable().await?.then_some(observation));
            }
            stored => stored?,
        };
        let Some(stored) = stored else { return Ok(None) };
        observation.log = stored.log;
        let resumes = cursor.as_ref().and_then(|cursor| {
            let (log, seq) = cursor.parts().ok()?;
            (log == stored.log && (1..=stored.last_seq).contains(&seq)).then_some(seq)
        });
        if let Some(seq) = resumes {
            observation.position = seq;
            return Ok(Some(observation));
        }
        if cursor.is_some() {
            observation.ready.push_back(Frame::Notice { error: stale_cursor() });
        }
        Ok(observation.tell_page().await?.then_some(observation))
    }

    /// Queues a snapshot of the newest page, or a placeholder if it cannot be read. False: there is
    /// no such worker.
    async fn tell_page(&mut self) -> Result<bool, StoreError> {
        let Shared { unreadable, store, transcript_page, .. } = self.shared.as_ref();
        // This is asked before the page is read: damage that is found meanwhile is reported at the
        // next wake-up.
        self.marked = unreadable.knows(self.worker_id);
        let page = match store.page(self.worker_id, None, *transcript_page).await {
            Err(StoreError::Damaged(_)) => return self.tell_unreadable().await,
            page => page?,
        };
        let Some(mut page) = page else { return Ok(false) };
        (self.log, self.position) = (page.stored.log, page.stored.last_seq);
        self.unreadable = false;
        if self.marked {
            page.stored.worker = unreadable.mark(page.stored.worker);
        }
        self.tell_snapshot(snapshot(page));
        Ok(true)
    }

    /// Queues a placeholder for a log that cannot be read, once. False: there is no such worker.
    async fn tell_unreadable(&mut self) -> Result<bool, StoreError> {
        let Shared { unreadable, store, notifier, .. } = self.shared.as_ref();
        let found = unreadable.placeholder(store.as_ref(), notifier, self.worker_id).await?;
        let Some(worker) = found else { return Ok(false) };
        self.marked = true;
        if !self.unreadable {
            self.unreadable = true;
            self.tell_snapshot(placeholder(worker));
        }
        Ok(true)
    }

    fn tell_snapshot(&mut self, snapshot: Snapshot) {
        let (runtime_id, worker_id) = (self.shared.runtime_id.clone(), self.worker_id);
        let snapshot = Box::new(snapshot);
        self.ready.push_back(Frame::Snapshot { runtime_id, worker_id, snapshot });
    }

    /// Waits for the next frame; `None` after a `Close`. Cancel-safe: dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.over {
                return None;
            }
            let wake = *self.wakes.borrow_and_update();
            if let Err(reason) = self.read_tail(wake).await {
                self.over = true;
                return Some(Frame::Close { reason });
            }
            if !self.ready.is_empty() {
                continue;
            }
            // Committed events go first; the progress of reading the prompt is only shown live.
            let woken = tokio::select! {
                biased;
                woken = self.wakes.changed() => woken,
                Ok(()) = self.reading.changed() => {
                    if let Some(frame) = self.progress() {
                        return Some(frame);
                    }
                    continue;
                }
            };
            if woken.is_err() {
                self.over = true;
                return Some(Frame::Close { reason: CloseReason::Shutdown });
            }
        }
    }

    fn progress(&mut self) -> Option<Frame> {
        let (turn_id, progress) = (*self.reading.borrow_and_update())?;
        let (runtime_id, worker_id) = (self.shared.runtime_id.clone(), self.worker_id);
        Some(Frame::Progress { runtime_id, worker_id, turn_id, progress })
    }

    /// Reads the events after the position. All committed events are handed out before a close.
    async fn read_tail(&mut self, wake: LogStatus) -> Result<(), CloseReason> {
        if wake == LogStatus::Deleted {
            return Err(CloseReason::Deleted);
        }
        let found = !self.marked && self.shared.unreadable.knows(self.worker_id);
        let read = match self.unreadable || found {
            // The observer needs a new snapshot: either the log was unreadable and may be readable
            // again, or damage was found since the last one.
            true => self.tell_page().await.map(|there| there.then(Vec::new)),
            false => self.shared.store.tail(self.worker_id, self.position, TAIL_ROWS).await,
        };
        let read = match read {
            Err(StoreError::Damaged(_)) => {
                self.tell_unreadable().await.map(|there| there.then(Vec::new))
            }
            read => read,
        };
        let events = match read {
            Ok(Some(events)) => events,
            Ok(None) => return Err(CloseReason::Deleted),
            Err(StoreError::Closed) => return Err(CloseReason::Shutdown),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a log cannot be read");
                return Err(CloseReason::Internal);
            }
        };
        if !self.ready.is_empty() {
            return Ok(());
        }
        if events.is_empty() && wake == LogStatus::Closed {
            return Err(CloseReason::Shutdown);
        }
        for event in fold_deltas(events) {
            self.position = event.seq;
            self.ready.push_back(Frame::Event(Box::new(Envelope {
                cursor: Cursor::new(self.log, event.seq),
                runtime_id: self.shared.runtime_id.clone(),
                worker_id: self.worker_id,
                event,
                html: None,
            })));
        }
        Ok(())
    }
}

/// Folds a page that reaches the newest event.
pub(crate) fn snapshot(page: Page) -> Snapshot {
    let log = page.stored.log;
    fold(page).snapshot(log)
}

/// The snapshot of a worker that cannot be read: it has no messages, and its cursor belongs to no
/// log, so that a client that resumes from it gets a new snapshot.
pub(crate) fn placeholder(worker: Worker) -> Snapshot {
    View::new(worker, 0).snapshot(LogId(0))
}

/// Folds a page of a log. The worker's summary is always the newest one, even for an older page.
pub(crate) fn fold(page: Page) -> View {
    let Page { stored, events, next_before } = page;
    let before = events.first().map_or(stored.last_seq, |event| event.first_seq() - 1);
    let mut view = View::new(stored.worker.clone(), before);
    for event in &events {
        view.apply(event);
    }
    view.worker = stored.worker;
    view.next_before = next_before;
    view
}

fn stale_cursor() -> Error {
    Error::new(ErrorCode::StaleCursor, "The cursor is not one of this conversation's log.")
        .with_hint("A fresh snapshot follows; go on from its cursor.")
}
