//! Tells observers what changed in a list of workers.
//!
//! It keeps the newest committed state of the recently changed workers and not a history of
//! changes, so a slow reader gets each worker once, in its newest state. There is no queue per
//! reader: a `watch` channel wakes the readers, and each reads on from its own position.

mod changes;
mod lists;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{CloseReason, Cursor, ListFrame, LogId, RuntimeId, Worker, WorkerId};
use tokio::sync::watch;

use crate::ids;
use crate::notifier::LogStatus;
use changes::{Change, Changes, News, Revision};
pub(crate) use lists::{Lists, Since};

/// The number of workers whose last change is remembered, at about a kilobyte each. A reader that
/// missed more changes reads its pages again, which takes two requests.
const REMEMBERED: usize = 1024;

/// The most changes that one read returns.
const READ: usize = 64;

/// The list's newest changes. The lock is held for a map access only, never across an await.
#[derive(Clone)]
pub(crate) struct Listing {
    /// Identifies this start of the process: a cursor with another epoch does not fit.
    epoch: LogId,
    changes: Arc<Mutex<Changes>>,
    /// The newest revision, or that the runtime is going down.
    newest: watch::Sender<LogStatus>,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            epoch: ids::log_id(),
            changes: Arc::new(Mutex::new(Changes::new(REMEMBERED))),
            newest: watch::Sender::new(LogStatus::Committed(0)),
        }
    }
}

impl Listing {
    /// The list's current position.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor::new(self.epoch, self.lock().revision())
    }

    /// Where the list stands now, for a summary that is going to be read or committed.
    fn revision(&self) -> Revision {
        Revision(self.lock().revision())
    }

    /// How a worker stands after `seq` of its log. `since` is [`Self::revision`], taken before
    /// that was read or committed.
    fn changed(&self, worker: Worker, seq: u64, since: Revision) {
        self.record(|changes| changes.put(worker, seq, since));
    }

    fn deleted(&self, id: WorkerId) {
        self.record(|changes| changes.delete(id));
    }

    /// Makes all readers read their pages again, because more has changed than can be told.
    fn forget(&self) {
        self.record(Changes::forget);
    }

    fn close(&self) {
        self.newest.send_replace(LogStatus::Closed);
    }

    fn record(&self, change: impl FnOnce(&mut Changes)) {
        let revision = {
            let mut changes = self.lock();
            change(&mut changes);
            changes.revision()
        };
        self.newest.send_if_modified(|wake| match wake {
            // Two calls at once may get here in either order.
            LogStatus::Committed(known) if *known < revision => {
                *known = revision;
                true
            }
            _ => false,
        });
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        // The changes are consistent after every access, so a panic elsewhere does not spoil them.
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the list of workers. Dropping it ends the observation; it holds at most one read's worth
/// of changes.
pub struct ListObservation {
    runtime_id: RuntimeId,
    listing: Listing,
    wakes: watch::Receiver<LogStatus>,
    /// The revision that was handed out last.
    position: u64,
    ready: VecDeque<ListFrame>,
    over: bool,
}

impl ListObservation {
    pub(crate) fn begin(runtime_id: RuntimeId, listing: Listing, cursor: Option<&Cursor>) -> Self {
        let wakes = listing.newest.subscribe();
        let given = cursor.and_then(|cursor| cursor.parts().ok());
        let given =
            given.filter(|(epoch, _)| *epoch == listing.epoch).map(|(_, revision)| revision);
        let (position, resumed) = listing.lock().begin(given);
        let mut observation =
            Self { runtime_id, listing, wakes, position, ready: VecDeque::new(), over: false };
        observation.hello(resumed);
        observation
    }

    /// Waits for the next frame; `None` after a `Close`. Cancel-safe: dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Option<ListFrame> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.over {
                return None;
            }
            let wake = *self.wakes.borrow_and_update();
            self.read();
            if !self.ready.is_empty() {
                continue;
            }
            if wake == LogStatus::Closed || self.wakes.changed().await.is_err() {
                self.over = true;
                return Some(ListFrame::Close { reason: CloseReason::Shutdown });
            }
        }
    }

    fn read(&mut self) {
        let news = self.listing.lock().after(self.position, READ);
        match news {
            News::Changes(changes) => {
                for (revision, change) in changes {
                    self.position = revision;
                    let cursor = self.cursor();
                    self.ready.push_back(match change {
                        Change::Worker { worker, .. } => {
                            ListFrame::Worker { cursor, worker: Box::new((*worker).clone()) }
                        }
                        Change::Deleted(worker_id) => ListFrame::Deleted { cursor, worker_id },
                    });
                }
            }
            News::Missed { now } => {
                self.position = now;
                self.hello(false);
            }
        }
    }

    fn hello(&mut self, resumed: bool) {
        let (runtime_id, cursor) = (self.runtime_id.clone(), self.cursor());
        self.ready.push_back(ListFrame::Hello { runtime_id, cursor, resumed });
    }

    fn cursor(&self) -> Cursor {
        Cursor::new(self.listing.epoch, self.position)
    }
}
