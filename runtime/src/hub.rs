//! Wakes observers. It carries no events: an observer that is woken reads the log's tail
//! from its own position, so there is no queue to overflow and nobody waits for anybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{Worker, WorkerId};
use tokio::sync::watch;

use crate::listing::Listing;

/// The newest that is known of a worker's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The last committed seq that was told here; 0 when none was.
    Committed(u64),
    Deleted,
    /// Something of it cannot be read, so that nobody goes on with it.
    Unreadable,
    /// The runtime is going down.
    Closed,
}

/// One watch per observed worker, and one for those who follow the list. The lock is held for
/// a map access only, never across an await.
#[derive(Clone, Default)]
pub(crate) struct Hub {
    observed: Arc<Mutex<HashMap<WorkerId, watch::Sender<Wake>>>>,
    listing: Listing,
}

impl Hub {
    /// Follows a worker; the first value is `Committed(0)` or what was told last.
    pub(crate) fn subscribe(&self, id: WorkerId) -> watch::Receiver<Wake> {
        let mut observed = self.lock();
        // Forgets the workers whose observers have all gone, now that one comes.
        observed.retain(|_, sender| sender.receiver_count() > 0);
        observed.entry(id).or_insert_with(|| watch::Sender::new(Wake::Committed(0))).subscribe()
    }

    /// What the list of workers is told by.
    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Tells whoever follows the list how a worker stands after `seq` of its log. Only what is
    /// committed is told.
    pub(crate) fn listed(&self, worker: &Worker, seq: u64) {
        self.listing.changed(worker.clone(), seq);
    }

    /// Tells a worker's observers; without any this does nothing. That it was deleted is told
    /// to those who follow the list, too.
    pub(crate) fn wake(&self, id: WorkerId, wake: Wake) {
        if wake == Wake::Deleted {
            self.listing.deleted(id);
        }
        if let Some(sender) = self.lock().get(&id) {
            // Nothing comes after the end.
            sender.send_if_modified(|last| {
                let goes_on = *last != Wake::Closed;
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
        for sender in self.lock().values() {
            sender.send_replace(Wake::Closed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WorkerId, watch::Sender<Wake>>> {
        // The map is whole after every access, so a panic elsewhere does not spoil it.
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
