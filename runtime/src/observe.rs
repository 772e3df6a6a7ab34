//! Follows a worker's log from one observer's position.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::{
    CloseReason, Cursor, Envelope, Error, ErrorCode, Event, Frame, LogId, Snapshot, View, Worker,
    WorkerId, fold_deltas,
};
use store::{Page, StoreError};
use tokio::sync::watch;

use crate::notifier::{LogStatus, Reading, Watched, Watching};
use crate::tail::{Newer, SharedEvent, Tail};
use crate::worker::Shared;
use position::Position;

mod position;

/// The most rows of the log that one read takes. Neighbouring deltas among them become one frame,
/// so an observer that lags gets bigger frames instead of more.
const TAIL_ROWS: u32 = 256;

/// The most events that an observer is handed one by one, as they are shared. More of them are
/// folded for this observer.
const SHARED_AT_ONCE: usize = 8;

/// What an observer is handed next.
#[derive(Debug)]
pub enum Observed {
    /// A frame of this observer's own: a snapshot, a notice, the progress of reading or the end.
    Frame(Frame),
    /// The next event of the log.
    Event {
        /// The event, which other observers may be handed as well.
        event: Arc<SharedEvent>,
        /// Whether it is a delta that continues the last event that this observer was handed.
        continues: bool,
    },
}

impl From<Observed> for Frame {
    fn from(observed: Observed) -> Self {
        match observed {
            Observed::Frame(frame) => frame,
            Observed::Event { event, .. } => Self::Event(Box::new(event.envelope().clone())),
        }
    }
}

/// Follows one worker. Dropping it ends the observation; it holds at most one read's worth of
/// events.
pub struct Observation {
    shared: Arc<Shared>,
    worker_id: WorkerId,
    log: LogId,
    wakes: watch::Receiver<LogStatus>,
    reading: watch::Receiver<Reading>,
    tail: Arc<Tail>,
    /// The last event that was handed out.
    position: Position,
    /// A position that the log is known to have reached.
    committed: u64,
    ready: VecDeque<Observed>,
    /// Whether the last frame was the placeholder of a log that cannot be read.
    unreadable: bool,
    /// Whether the observer knows that some part of the log cannot be read, perhaps an older one.
    marked: bool,
    over: bool,
    /// Dropped after the receivers above.
    _watched: Watched,
}

impl Observation {
    /// Begins at `cursor`, or with a snapshot if there is no cursor or it does not fit.
    pub(crate) async fn begin(
        shared: Arc<Shared>,
        worker_id: WorkerId,
        Watching { wake: wakes, reading, tail, watched }: Watching,
        cursor: Option<Cursor>,
    ) -> Result<Option<Self>, StoreError> {
        let mut observation = Self {
            shared,
            worker_id,
            log: LogId(0),
            wakes,
            reading,
            tail,
            position: Position::default(),
            committed: 0,
            ready: VecDeque::new(),
            unreadable: false,
            marked: false,
            over: false,
            _watched: watched,
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
        observation.committed = stored.last_seq;
        if let Some(seq) = resumes {
            observation.position = Position::at(seq);
            return Ok(Some(observation));
        }
        if cursor.is_some() {
            observation.ready.push_back(Observed::Frame(Frame::Notice { error: stale_cursor() }));
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
        (self.log, self.committed) = (page.stored.log, page.stored.last_seq);
        self.position = Position::at(page.stored.last_seq);
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
        self.ready.push_back(Observed::Frame(Frame::Snapshot { runtime_id, worker_id, snapshot }));
    }

    /// Waits for the next frame; `None` after a `Close`. Cancel-safe: dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Option<Frame> {
        self.next_shared().await.map(Frame::from)
    }

    /// Like [`Self::next`]; events that other observers are handed as well are shared with them.
    pub async fn next_shared(&mut self) -> Option<Observed> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.over {
                return None;
            }
            let wake = *self.wakes.borrow_and_update();
            if let Err(reason) = self.read_newer(wake).await {
                return Some(self.close(reason));
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
                        return Some(Observed::Frame(frame));
                    }
                    continue;
                }
            };
            if woken.is_err() {
                return Some(self.close(CloseReason::Shutdown));
            }
        }
    }

    fn close(&mut self, reason: CloseReason) -> Observed {
        self.over = true;
        Observed::Frame(Frame::Close { reason })
    }

    fn progress(&mut self) -> Option<Frame> {
        let (turn_id, progress) = (*self.reading.borrow_and_update())?;
        let (runtime_id, worker_id) = (self.shared.runtime_id.clone(), self.worker_id);
        Some(Frame::Progress { runtime_id, worker_id, turn_id, progress })
    }

    /// Queues the events after the position. All committed events are handed out before a close.
    async fn read_newer(&mut self, wake: LogStatus) -> Result<(), CloseReason> {
        if wake == LogStatus::Deleted {
            return Err(CloseReason::Deleted);
        }
        let found = !self.marked && self.shared.unreadable.knows(self.worker_id);
        // The observer needs a new snapshot: either the log was unreadable and may be readable
        // again, or damage was found since the last one.
        let needs_page = self.unreadable || found;
        if let LogStatus::Committed(seq) = wake
            && !needs_page
        {
            self.committed = self.committed.max(seq);
            match self.tail.after(self.position.seq(), self.committed) {
                Newer::Events(events) => {
                    self.hand_out_all(events);
                    return Ok(());
                }
                Newer::Nothing => return Ok(()),
                Newer::Elsewhere => {}
            }
        }
        self.read_store(wake, needs_page).await
    }

    async fn read_store(&mut self, wake: LogStatus, needs_page: bool) -> Result<(), CloseReason> {
        let position = self.position.seq();
        let read = match needs_page {
            true => self.tell_page().await.map(|there| there.then(Vec::new)),
            false => self.shared.store.tail(self.worker_id, position, TAIL_ROWS).await,
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
        self.hand_out_folded(events);
        Ok(())
    }

    /// Queues events that all observers share. For one that lags, a few large frames of its own are
    /// cheaper than many small ones.
    fn hand_out_all(&mut self, events: Vec<Arc<SharedEvent>>) {
        if events.len() > SHARED_AT_ONCE {
            let events = events.iter().map(|event| event.envelope().event.clone()).collect();
            return self.hand_out_folded(events);
        }
        events.into_iter().for_each(|event| self.hand_out(event));
    }

    fn hand_out_folded(&mut self, events: Vec<Event>) {
        for event in fold_deltas(events) {
            let event = self.position.cut(event);
            self.hand_out(Arc::new(SharedEvent::new(Envelope {
                cursor: Cursor::new(self.log, event.seq),
                runtime_id: self.shared.runtime_id.clone(),
                worker_id: self.worker_id,
                event,
                html: None,
            })));
        }
    }

    fn hand_out(&mut self, event: Arc<SharedEvent>) {
        let continues = self.position.advance(&event.envelope().event);
        self.ready.push_back(Observed::Event { event, continues });
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
