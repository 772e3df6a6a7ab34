//! Deletes a worker without reading its log.

use protocol::{Error, WorkerId};

use super::command::Deletion;
use super::shared::Shared;
use crate::fault;

/// Deletes a worker that runs no turn, and tells its observers.
pub(super) async fn delete(shared: &Shared, id: WorkerId, deletion: Deletion) -> Result<(), Error> {
    let _in_order = shared.membership_locks.lock(id).await;
    let store = &shared.store;
    let owner = store.owner(id).await.ok().flatten();
    let deleted = match deletion {
        Deletion::Undoable => store.delete(id, shared.clock.now()).await,
        Deletion::ForGood => store.purge(id).await,
    };
    let deleted = match deleted {
        Ok(deleted) => deleted,
        // The deletion may have been committed although we got an error, so look whether the worker
        // still exists.
        Err(_) if matches!(store.exists(id).await, Ok(false)) => true,
        Err(error) => return Err(shared.failed(id, error).await),
    };
    shared.unreadable.forget(id);
    shared.notifier.deleted(owner, id);
    if deleted { Ok(()) } else { Err(fault::no_worker()) }
}
