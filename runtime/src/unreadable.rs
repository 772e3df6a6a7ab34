//! Remembers which conversations were found to be unreadable, so that each is reported once: in the
//! server's log, and to the observers of the list.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{Worker, WorkerId};
use store::{Store, StoreError, initial_worker};

use crate::notifier::Notifier;

/// The most ids that are remembered. Beyond that the set is cleared, and some are reported again.
const MOST: usize = 10_000;

/// The unreadable conversations that were found since the start.
#[derive(Default)]
pub(crate) struct Unreadable {
    found: Mutex<HashSet<WorkerId>>,
    /// Those that were reported to the observers of the list.
    told: Mutex<HashSet<WorkerId>>,
}

impl Unreadable {
    /// The placeholder of a worker that cannot be read, or not all of it. `None` means that there
    /// is no such worker.
    pub(crate) async fn placeholder(
        &self,
        store: &dyn Store,
        notifier: &Notifier,
        id: WorkerId,
    ) -> Result<Option<Worker>, StoreError> {
        let Some(owner) = store.owner(id).await? else { return Ok(None) };
        let since = notifier.lists().since(owner);
        let Some(known) = store.listed(id).await? else { return Ok(None) };
        let worker = initial_worker::mark_unreadable(known);
        self.note(id);
        if insert(&self.told, id) {
            // After whatever was told of it: nothing more is.
            notifier.lists().changed(owner, &worker, u64::MAX, since);
        }
        Ok(Some(worker))
    }

    /// Logs once that a worker cannot be read. The entry holds the worker's id and none of its
    /// contents.
    pub(crate) fn note(&self, id: WorkerId) {
        if insert(&self.found, id) {
            tracing::warn!(worker = %id, "a conversation cannot be read, or not all of it");
        }
    }

    /// Forgets a worker that was deleted, or imported again: its id now belongs to another log than
    /// the unreadable one.
    pub(crate) fn forget(&self, id: WorkerId) {
        lock(&self.found).remove(&id);
        lock(&self.told).remove(&id);
    }

    /// Whether some part of the worker was found to be unreadable.
    pub(crate) fn knows(&self, id: WorkerId) -> bool {
        lock(&self.found).contains(&id)
    }

    /// Marks a worker's summary if some part of the worker was found to be unreadable.
    pub(crate) fn mark(&self, worker: Worker) -> Worker {
        if worker.unreadable {
            self.note(worker.worker_id);
            return worker;
        }
        if self.knows(worker.worker_id) { initial_worker::mark_unreadable(worker) } else { worker }
    }
}

/// Adds an id; returns whether it is new.
fn insert(set: &Mutex<HashSet<WorkerId>>, id: WorkerId) -> bool {
    let mut set = lock(set);
    if set.len() >= MOST {
        set.clear();
    }
    set.insert(id)
}

fn lock(set: &Mutex<HashSet<WorkerId>>) -> MutexGuard<'_, HashSet<WorkerId>> {
    // A set is consistent after every access, so a panic elsewhere does not spoil it.
    set.lock().unwrap_or_else(PoisonError::into_inner)
}
