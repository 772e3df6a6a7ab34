//! Which conversations were found to be unreadable, so that each is told of once: in the log,
//! and to those who follow the list.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{Worker, WorkerId};

use crate::initial_worker;
use crate::notifier::Notifier;
use crate::store::{Store, StoreError};

/// How many are remembered; of more than that, some are told of again.
const MOST: usize = 10_000;

/// Those that were found since the start.
#[derive(Default)]
pub(crate) struct Unreadable {
    found: Mutex<HashSet<WorkerId>>,
    /// Those that the list was told of.
    told: Mutex<HashSet<WorkerId>>,
}

impl Unreadable {
    /// The placeholder of a worker of which something cannot be read. None: there is no such
    /// worker.
    pub(crate) async fn placeholder(
        &self,
        store: &dyn Store,
        notifier: &Notifier,
        id: WorkerId,
    ) -> Result<Option<Worker>, StoreError> {
        let since = notifier.listing().revision();
        let Some(known) = store.listed(id).await? else { return Ok(None) };
        let worker = initial_worker::mark_unreadable(known);
        self.note(id);
        if insert(&self.told, id) {
            // After whatever was told of it: nothing more is.
            notifier.listed(&worker, u64::MAX, since);
        }
        Ok(Some(worker))
    }

    /// Logs that a worker cannot be read, once. The log says which, and nothing of what is in it.
    pub(crate) fn note(&self, id: WorkerId) {
        if insert(&self.found, id) {
            tracing::warn!(worker = %id, "a conversation cannot be read, or not all of it");
        }
    }

    /// Forgets a worker that was deleted, or imported anew: its id now has another log than the
    /// one that could not be read.
    pub(crate) fn forget(&self, id: WorkerId) {
        lock(&self.found).remove(&id);
        lock(&self.told).remove(&id);
    }

    /// Whether it was found that something of a worker cannot be read.
    pub(crate) fn knows(&self, id: WorkerId) -> bool {
        lock(&self.found).contains(&id)
    }

    /// A worker's summary, marked where something of the worker was found to be unreadable.
    pub(crate) fn mark(&self, worker: Worker) -> Worker {
        if worker.unreadable {
            self.note(worker.worker_id);
            return worker;
        }
        if self.knows(worker.worker_id) { initial_worker::mark_unreadable(worker) } else { worker }
    }
}

/// Whether it is new.
fn insert(set: &Mutex<HashSet<WorkerId>>, id: WorkerId) -> bool {
    let mut set = lock(set);
    if set.len() >= MOST {
        set.clear();
    }
    set.insert(id)
}

fn lock(set: &Mutex<HashSet<WorkerId>>) -> MutexGuard<'_, HashSet<WorkerId>> {
    // A set is whole after every access, so a panic elsewhere does not spoil it.
    set.lock().unwrap_or_else(PoisonError::into_inner)
}
