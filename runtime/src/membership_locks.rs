//! Orders the deletions and restorations of one worker.
//!
//! The observers of a worker, and of the list, have to be told of deletions and restorations in the
//! order of the commits. So each of these requests holds the worker's lock from its commit until
//! the observers are told. Each worker has its own lock, so a slow commit does not delay other
//! conversations.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use protocol::WorkerId;
use tokio::sync::OwnedMutexGuard;

/// The locks that are held or waited for.
#[derive(Default)]
pub(crate) struct MembershipLocks {
    /// The map is bounded: a lock lives only while a task holds it or waits for it, and all other
    /// entries are removed when one is added. The mutex is held for a map access only.
    locks: Mutex<HashMap<WorkerId, Weak<tokio::sync::Mutex<()>>>>,
}

impl MembershipLocks {
    /// Waits until no other request deletes or restores this worker.
    pub(crate) async fn lock(&self, id: WorkerId) -> OwnedMutexGuard<()> {
        self.of(id).lock_owned().await
    }

    fn of(&self, id: WorkerId) -> Arc<tokio::sync::Mutex<()>> {
        // The map is consistent after every access, so it stays usable if a holder panicked.
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(&id).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        locks.insert(id, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> WorkerId {
        WorkerId::from_parts(u64::from(number), [number; 10])
    }

    #[tokio::test]
    async fn a_lock_blocks_only_its_own_worker_and_unused_locks_are_removed() {
        let locks = MembershipLocks::default();
        let held = locks.lock(id(1)).await;
        let other = locks.lock(id(2)).await;
        assert!(locks.of(id(1)).try_lock().is_err());
        drop((held, other));
        assert!(locks.of(id(1)).try_lock().is_ok());
        for number in 3..20 {
            drop(locks.lock(id(number)).await);
        }
        assert_eq!(locks.locks.lock().unwrap().len(), 1);
    }
}
