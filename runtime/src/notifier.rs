//! Wakes observers. It carries no events: an observer that is woken reads the log's tail
//! from its own position, so there is no queue to overflow and nobody waits for anybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{Progress, TurnId, Worker, WorkerId};
use tokio::sync::watch;

use crate::listing::{Listing, Revision};

/// The newest that is known of a worker's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogStatus {
    /// The last committed seq that was told here; 0 when none was.
    Committed(u64),
    Deleted,
    /// Something of it cannot be read, so that nobody goes on with it.
    Unreadable,
    /// The runtime is going down.
    Closed,
}

/// How far a turn has come with reading its prompt: of the moment, and in no log. An observer
/// hears of the newest, however many there were.
pub(crate) type Reading = Option<(TurnId, Progress)>;

/// What an observed worker's observers are woken by.
struct Watches {
    wake: watch::Sender<LogStatus>,
    reading: watch::Sender<Reading>,
}

/// An observer's end of [`Watches`].
pub(crate) struct Watching {
    pub(crate) wake: watch::Receiver<LogStatus>,
    pub(crate) reading: watch::Receiver<Reading>,
}

/// The watches of each observed worker, and one for those who follow the list. The lock is held
/// for a map access only, never across an await.
#[derive(Clone, Default)]
pub(crate) struct Notifier {
    observed: Arc<Mutex<HashMap<WorkerId, Watches>>>,
    listing: Listing,
}

impl Notifier {
    /// Follows a worker; the first value is `Committed(0)` or what was told last.
    pub(crate) fn subscribe(&self, id: WorkerId) -> Watching {
        let mut observed = self.lock();
        // Forgets the workers whose observers have all gone, now that one comes.
        observed.retain(|_, watches| watches.wake.receiver_count() > 0);
        let watches = observed.entry(id).or_insert_with(|| Watches {
            wake: watch::Sender::new(LogStatus::Committed(0)),
            reading: watch::Sender::new(None),
        });
        Watching { wake: watches.wake.subscribe(), reading: watches.reading.subscribe() }
    }

    /// Tells a worker's observers how far its turn has come with the prompt.
    pub(crate) fn progress(&self, id: WorkerId, turn: TurnId, progress: Progress) {
        if let Some(watches) = self.lock().get(&id) {
            watches.reading.send_replace(Some((turn, progress)));
        }
    }

    /// What the list of workers is told by.
    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Tells those who follow the list how a worker stands after `seq` of its log, which must be
    /// committed. `since` is where the list stood before it was read or committed: a deletion that
    /// was told later is not undone by it.
    pub(crate) fn listed(&self, worker: &Worker, seq: u64, since: Revision) {
        self.listing.changed(worker.clone(), seq, since);
    }

    /// Tells a worker's observers; without any this does nothing. That it was deleted is told
    /// to those who follow the list, too.
    pub(crate) fn wake(&self, id: WorkerId, wake: LogStatus) {
        if wake == LogStatus::Deleted {
            self.listing.deleted(id);
        }
        if let Some(watches) = self.lock().get(&id) {
            // Nothing comes after the end.
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
