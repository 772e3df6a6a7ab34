//! Deleting a worker, which needs nothing of its log.

use protocol::{Error, WorkerId};

use super::command::Deletion;
use super::shared::Shared;
use crate::fault;
use crate::notifier::LogStatus;

/// Deletes a worker that runs no turn, and tells those who follow it.
pub(super) async fn delete(shared: &Shared, id: WorkerId, deletion: Deletion) -> Result<(), Error> {
    let _in_order = shared.membership_locks.lock(id).await;
    let store = &shared.store;
    let deleted = match deletion {
        Deletion::Undoable => store.delete(id, shared.clock.now()).await,
        Deletion::ForGood => store.give_up(id).await,
    };
    let deleted = match deleted {
        Ok(deleted) => deleted,
        // The deletion may have been committed although the answer was lost.
        Err(_) if matches!(store.exists(id).await, Ok(false)) => true,
        Err(error) => return Err(shared.failed(id, error).await),
    };
    shared.unreadable.forget(id);
    shared.notifier.wake(id, LogStatus::Deleted);
    if deleted { Ok(()) } else { Err(fault::no_worker()) }
}
