//! Orders what adds a worker to the list and what takes it away.
//!
//! The observers of a worker, and of the list, are told of a deletion and of a restoration in the
//! order of the commits. So each of the two holds the worker's lock from its commit until it is told.
//! There is a lock for each worker: a commit that takes long holds up no other conversation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use protocol::WorkerId;
use tokio::sync::OwnedMutexGuard;

/// The locks that are held or waited for.
#[derive(Default)]
pub(crate) struct MembershipLocks {
    /// Bounded: each lock lives while somebody holds it or waits for it, and the map is cleared of
    /// the others when one is added. Held for a map access only.
    locks: Mutex<HashMap<WorkerId, Weak<tokio::sync::Mutex<()>>>>,
}

impl MembershipLocks {
    /// Waits until nobody else deletes or restores this worker.
    pub(crate) async fn lock(&self, id: WorkerId) -> OwnedMutexGuard<()> {
        self.of(id).lock_owned().await
    }

    fn of(&self, id: WorkerId) -> Arc<tokio::sync::Mutex<()>> {
        // The map is whole after every access, so a panic elsewhere does not spoil it.
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
    async fn a_lock_holds_up_its_own_worker_alone_and_is_forgotten() {
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
