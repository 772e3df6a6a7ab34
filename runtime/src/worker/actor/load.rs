//! Loads an actor's worker.

use protocol::{WorkerId, WorkerStatus};
use store::{StoreError, Stored, recovery};

use super::Shared;
use crate::notifier::LogStatus;
use crate::worker::CONTEXT_BYTES;

/// The stored worker with no turn running: a turn that an earlier actor left unfinished is
/// interrupted. Errors with `Damaged` also if the newest page or branch cannot be read, so that
/// nothing is added to a log that cannot be shown or sent to a model.
pub(super) async fn load(shared: &Shared, id: WorkerId) -> Result<Option<Stored>, StoreError> {
    let stored = settled(shared, id).await?;
    if let Some(stored) = &stored {
        shared.store.page(id, None, shared.transcript_page).await?;
        if let Some(head) = stored.head {
            shared.store.branch(id, head, CONTEXT_BYTES).await?;
        }
    }
    Ok(stored)
}

async fn settled(shared: &Shared, id: WorkerId) -> Result<Option<Stored>, StoreError> {
    let store = shared.store.as_ref();
    let stored = store.worker(id).await?;
    let generating = |stored: &Stored| stored.worker.status == WorkerStatus::Generating;
    let Some(owner) = stored.as_ref().filter(|stored| generating(stored)).map(|s| s.owner) else {
        return Ok(stored);
    };
    let lists = shared.notifier.lists();
    let since = lists.since(owner);
    recovery::interrupt_of(store, id, shared.clock.now()).await?;
    let stored = store.worker(id).await?;
    if let Some(stored) = &stored {
        lists.changed(owner, &stored.worker, stored.last_seq, since);
    }
    shared
        .notifier
        .wake(id, LogStatus::Committed(stored.as_ref().map_or(0, |stored| stored.last_seq)));
    Ok(stored)
}
