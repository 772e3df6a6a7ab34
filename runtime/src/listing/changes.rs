//! The last change of each worker, by revision. This is a plain data structure without a task or a
//! clock.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use protocol::{Worker, WorkerId};

/// A worker's newest state.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Worker {
        worker: Arc<Worker>,
        /// The position in the worker's log that this summary belongs to.
        seq: u64,
    },
    Deleted(WorkerId),
}

/// A position in the list's changes.
///
/// A summary carries the revision that the list had before the summary was read or committed. A
/// deletion that was recorded after that revision is newer than the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Revision(pub(super) u64);

/// The result of a read.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    /// Changes in the order of their revisions.
    Changes(Vec<(u64, Change)>),
    /// The reader missed changes that are not remembered any more, and continues from `now`.
    Missed { now: u64 },
}

/// The workers that changed most recently.
///
/// Invariant: a worker is in `at` and in `latest` at most once, under the revision of its last
/// change; both hold at most `most` workers.
pub(super) struct Changes {
    most: usize,
    revision: u64,
    /// A reader with a position of at least this revision has missed none of the forgotten changes.
    floor: u64,
    at: HashMap<WorkerId, u64>,
    latest: BTreeMap<u64, Change>,
}

impl Changes {
    pub(super) fn new(most: usize) -> Self {
        Self { most, revision: 0, floor: 0, at: HashMap::new(), latest: BTreeMap::new() }
    }

    /// The revision of the last change.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// The position from which a reader that has read up to `given` continues, and whether it gets
    /// all changes since.
    pub(super) fn begin(&self, given: Option<u64>) -> (u64, bool) {
        match given {
            Some(revision) if self.knows(revision) => (revision, true),
            _ => (self.revision, false),
        }
    }

    /// At most `most` changes after a revision.
    pub(super) fn after(&self, revision: u64, most: usize) -> News {
        if !self.knows(revision) {
            return News::Missed { now: self.revision };
        }
        let changes = self.latest.range(revision + 1..).take(most);
        News::Changes(changes.map(|(revision, change)| (*revision, change.clone())).collect())
    }

    /// Records a worker's summary after `seq` of its log. `since` was taken before the summary was
    /// read or committed. A summary that is older than the recorded change is ignored.
    pub(super) fn put(&mut self, worker: Worker, seq: u64, since: Revision) {
        let id = worker.worker_id;
        if since.0 < self.floor {
            // The worker may have been deleted since, and that deletion may be forgotten already.
            // So every reader has to read its pages again, which show the true state.
            return self.forget();
        }
        let known =
            self.at.get(&id).and_then(|revision| Some((revision, self.latest.get(revision)?)));
        let overtaken = match known {
            Some((revision, Change::Deleted(_))) => *revision > since.0,
            Some((_, Change::Worker { seq: known, .. })) => *known > seq,
            None => false,
        };
        if !overtaken {
            self.record(id, Change::Worker { worker: Arc::new(worker), seq });
        }
    }

    pub(super) fn delete(&mut self, id: WorkerId) {
        self.record(id, Change::Deleted(id));
    }

    /// Makes every reader read its pages again.
    pub(super) fn forget(&mut self) {
        self.revision += 1;
        self.floor = self.revision;
        self.at.clear();
        self.latest.clear();
    }

    fn knows(&self, revision: u64) -> bool {
        (self.floor..=self.revision).contains(&revision)
    }

    fn record(&mut self, id: WorkerId, change: Change) {
        self.revision += 1;
        if let Some(before) = self.at.insert(id, self.revision) {
            self.latest.remove(&before);
        }
        self.latest.insert(self.revision, change);
        if self.latest.len() > self.most
            && let Some((revision, change)) = self.latest.pop_first()
        {
            self.floor = revision;
            self.at.remove(&change.id());
        }
    }
}

impl Change {
    fn id(&self) -> WorkerId {
        match self {
            Self::Worker { worker, .. } => worker.worker_id,
            Self::Deleted(id) => *id,
        }
    }
}

#[cfg(test)]
mod tests;
