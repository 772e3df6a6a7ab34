//! One observer's position in a worker's log.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::{
    CloseReason, Cursor, Envelope, Error, ErrorCode, Frame, LogId, RuntimeId, Snapshot, View,
    WorkerId, fold_deltas,
};
use tokio::sync::watch;

use crate::hub::Wake;
use crate::store::{Page, Store, StoreError};

/// Rows of the log that one read takes. Neighbouring deltas among them become one frame,
/// so an observer that lags gets bigger frames instead of more.
const TAIL_ROWS: u32 = 256;

/// Follows one worker. Dropping it ends it; it holds at most one read's worth of events.
pub struct Observation {
    runtime_id: RuntimeId,
    worker_id: WorkerId,
    log: LogId,
    store: Arc<dyn Store>,
    wakes: watch::Receiver<Wake>,
    /// The last seq that was handed out.
    position: u64,
    ready: VecDeque<Frame>,
    over: bool,
}

impl Observation {
    /// Begins at `cursor`, or with a snapshot where there is none or it does not fit.
    pub(crate) async fn begin(
        runtime_id: RuntimeId,
        worker_id: WorkerId,
        store: Arc<dyn Store>,
        wakes: watch::Receiver<Wake>,
        cursor: Option<Cursor>,
        page_limit: u32,
    ) -> Result<Option<Self>, StoreError> {
        let Some(stored) = store.worker(worker_id).await? else { return Ok(None) };
        let mut observation = Self {
            runtime_id,
            worker_id,
            log: stored.log,
            store,
            wakes,
            position: 0,
            ready: VecDeque::new(),
            over: false,
        };
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
        let page = observation.store.page(worker_id, None, page_limit).await?;
        let Some(page) = page else { return Ok(None) };
        observation.position = page.stored.last_seq;
        let snapshot = Box::new(snapshot(page));
        let runtime_id = observation.runtime_id.clone();
        observation.ready.push_back(Frame::Snapshot { runtime_id, worker_id, snapshot });
        Ok(Some(observation))
    }

    /// The next frame, waiting for it; none after a `Close`. Cancel-safe: a call that is
    /// dropped loses nothing.
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
            if self.ready.is_empty() && self.wakes.changed().await.is_err() {
                self.over = true;
                return Some(Frame::Close { reason: CloseReason::Shutdown });
            }
        }
    }

    /// Reads what came after the position. What is committed is told before a close is.
    async fn read_tail(&mut self, wake: Wake) -> Result<(), CloseReason> {
        if wake == Wake::Deleted {
            return Err(CloseReason::Deleted);
        }
        let read = self.store.tail(self.worker_id, self.position, TAIL_ROWS).await;
        let events = match read {
            Ok(Some(events)) => events,
            Ok(None) => return Err(CloseReason::Deleted),
            Err(StoreError::Closed) => return Err(CloseReason::Shutdown),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a log cannot be read");
                return Err(CloseReason::Internal);
            }
        };
        if events.is_empty() && wake == Wake::Closed {
            return Err(CloseReason::Shutdown);
        }
        for event in fold_deltas(events) {
            self.position = event.seq;
            self.ready.push_back(Frame::Event(Box::new(Envelope {
                cursor: Cursor::new(self.log, event.seq),
                runtime_id: self.runtime_id.clone(),
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

/// Folds a page of a log. The worker's summary is the newest whatever the page is.
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
