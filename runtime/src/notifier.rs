//! Wakes observers. A wake-up carries no events: the observer reads the tail of the log from its
//! own position, so no queue can overflow and a slow observer delays no other. The newest events
//! are in memory ([`Tail`]), all others in the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{AccountId, Cursor, Envelope, Event, LogId, Progress, TurnId, Worker, WorkerId};
use tokio::sync::watch;

use crate::listing::Lists;
use crate::tail::{SharedEvent, Tail};

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
    tail: Arc<Tail>,
}

/// The receivers of [`Watches`] that one observer holds.
pub(crate) struct Watching {
    pub(crate) wake: watch::Receiver<LogStatus>,
    pub(crate) reading: watch::Receiver<Reading>,
    pub(crate) tail: Arc<Tail>,
    // Dropped last, when the receivers above are gone.
    pub(crate) watched: Watched,
}

/// Frees what is kept for a worker's observers when the last of them goes.
pub(crate) struct Watched {
    notifier: Notifier,
    id: WorkerId,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut observed = self.notifier.lock();
        if observed.get(&self.id).is_some_and(|watches| watches.wake.receiver_count() == 0) {
            observed.remove(&self.id);
        }
    }
}

/// The watches of each observed worker, and the lists that wake their observers. The
/// lock is held for a map access only, never across an await.
#[derive(Clone, Default)]
pub(crate) struct Notifier {
    observed: Arc<Mutex<HashMap<WorkerId, Arc<Watches>>>>,
    lists: Lists,
}

impl Watches {
    fn tell(&self, status: LogStatus) {
        // After `Closed` no other state follows.
        self.wake.send_if_modified(|last| {
            let goes_on = *last != LogStatus::Closed;
            if goes_on {
                *last = status;
            }
            goes_on
        });
    }
}

impl Notifier {
    /// Follows a worker. The first value is the last one that was announced, or `Committed(0)`.
    pub(crate) fn subscribe(&self, id: WorkerId) -> Watching {
        let mut observed = self.lock();
        let watches = observed.entry(id).or_insert_with(|| {
            Arc::new(Watches {
                wake: watch::Sender::new(LogStatus::Committed(0)),
                reading: watch::Sender::new(None),
                tail: Arc::default(),
            })
        });
        Watching {
            wake: watches.wake.subscribe(),
            reading: watches.reading.subscribe(),
            tail: watches.tail.clone(),
            watched: Watched { notifier: self.clone(), id },
        }
    }

    /// Tells a worker's observers how much of the prompt its model has read.
    pub(crate) fn progress(&self, id: WorkerId, turn: TurnId, progress: Progress) {
        if let Some(watches) = self.of(id) {
            watches.reading.send_replace(Some((turn, progress)));
        }
    }

    /// The changes of the lists of workers. What they are told must be committed.
    pub(crate) fn lists(&self) -> &Lists {
        &self.lists
    }

    /// Gives a worker's observers, if there are any, the newest events of its log, which must be
    /// committed.
    pub(crate) fn committed(&self, worker: &Worker, log: LogId, events: &[Event]) {
        let Some(last) = events.last() else { return };
        let Some(watches) = self.of(worker.worker_id) else { return };
        for event in events {
            watches.tail.push(SharedEvent::new(Envelope {
                cursor: Cursor::new(log, event.seq),
                runtime_id: worker.runtime_id.clone(),
                worker_id: worker.worker_id,
                event: event.clone(),
                html: None,
            }));
        }
        watches.tell(LogStatus::Committed(last.seq));
    }

    /// Wakes a worker's observers, if there are any, after a change that was not made by
    /// [`Self::committed`].
    pub(crate) fn wake(&self, id: WorkerId, wake: LogStatus) {
        if let Some(watches) = self.of(id) {
            watches.tail.clear();
            watches.tell(wake);
        }
    }

    /// Tells the observers of a worker, and those of its account's list, that it was deleted.
    pub(crate) fn deleted(&self, owner: Option<AccountId>, id: WorkerId) {
        self.lists.deleted(owner, id);
        self.wake(id, LogStatus::Deleted);
    }

    /// Tells everyone that the runtime is going down.
    pub(crate) fn close(&self) {
        self.lists.close();
        for watches in self.lock().values() {
            watches.wake.send_replace(LogStatus::Closed);
        }
    }

    /// The watches of a worker that is observed.
    fn of(&self, id: WorkerId) -> Option<Arc<Watches>> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WorkerId, Arc<Watches>>> {
        // The map is whole after every access, so a panic elsewhere does not spoil it.
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
