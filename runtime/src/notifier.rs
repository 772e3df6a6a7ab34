//! Wakes observers. A wake-up carries no events: the observer reads the tail of the log from its
//! own position, so no queue can overflow and a slow observer delays no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{Progress, TurnId, Worker, WorkerId};
use tokio::sync::watch;

use crate::listing::{Listing, Revision};

/// The newest known state of a worker's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogStatus {
    /// The last committed seq; 0 if none was announced yet.
    Committed(u64),
    Deleted,
    /// Part of the log cannot be read.
    Unreadable,
    /// The runtime is going down.
    Closed,
}

/// How much of its prompt a turn's model has read. This is shown live and not logged; an observer
/// sees only the newest value.
pub(crate) type Reading = Option<(TurnId, Progress)>;

/// The senders that wake the observers of one worker.
struct Watches {
    wake: watch::Sender<LogStatus>,
    reading: watch::Sender<Reading>,
}

/// The receivers of [`Watches`] that one observer holds.
pub(crate) struct Watching {
    pub(crate) wake: watch::Receiver<LogStatus>,
    pub(crate) reading: watch::Receiver<Reading>,
}

/// The watches of each observed worker, and the listing that wakes the observers of the list. The
/// lock is held for a map access only, never across an await.
#[derive(Clone, Default)]
pub(crate) struct Notifier {
    observed: Arc<Mutex<HashMap<WorkerId, Watches>>>,
    listing: Listing,
}

impl Notifier {
    /// Follows a worker. The first value is the last one that was announced, or `Committed(0)`.
    pub(crate) fn subscribe(&self, id: WorkerId) -> Watching {
        let mut observed = self.lock();
        // Entries whose observers are all gone are removed here, so no other clean-up is needed.
        observed.retain(|_, watches| watches.wake.receiver_count() > 0);
        let watches = observed.entry(id).or_insert_with(|| Watches {
            wake: watch::Sender::new(LogStatus::Committed(0)),
            reading: watch::Sender::new(None),
        });
        Watching { wake: watches.wake.subscribe(), reading: watches.reading.subscribe() }
    }

    /// Tells a worker's observers how much of the prompt its model has read.
    pub(crate) fn progress(&self, id: WorkerId, turn: TurnId, progress: Progress) {
        if let Some(watches) = self.lock().get(&id) {
            watches.reading.send_replace(Some((turn, progress)));
        }
    }

    /// The changes of the list of workers.
    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Tells those who follow the list how a worker stands after `seq` of its log, which must be
    /// committed. `since` is where the list stood before it was read or committed: a deletion that
    /// was told later is not undone by it.
    pub(crate) fn listed(&self, worker: &Worker, seq: u64, since: Revision) {
        self.listing.changed(worker.clone(), seq, since);
    }

    /// Wakes a worker's observers, if there are any. A deletion also goes to the observers of the
    /// list.
    pub(crate) fn wake(&self, id: WorkerId, wake: LogStatus) {
        if wake == LogStatus::Deleted {
            self.listing.deleted(id);
        }
        if let Some(watches) = self.lock().get(&id) {
            // After `Closed` no other state follows.
            watches.wake.send_if_modified(|last| {
                let goes_on = *last != LogStatus::Closed;
                if goes_on {
                    *last = wake;
                }
                goes_on
            });
        }
    }

    /// Tells everyone that the runtime is going down.
    pub(crate) fn close(&self) {
        self.listing.close();
        for watches in self.lock().values() {
            watches.wake.send_replace(LogStatus::Closed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WorkerId, Watches>> {
        // The map is whole after every access, so a panic elsewhere does not spoil it.
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
