//! Deleted conversations: they can be restored for a while and are then removed.

use std::sync::Arc;
use std::time::Duration;

use protocol::api::{DeletedList, DeletedWorker};
use protocol::{Error, Timestamp, Worker, WorkerId, WorkerStatus, limits};
use store::{Deleted, StoreError, Stored, initial_worker, recovery};

use super::{Access, Runtime, list};
use crate::fault;
use crate::notifier::LogStatus;
use crate::worker::{Command, Deletion, Shared};

/// The pause between two searches for deleted conversations whose time is over.
const EVERY: Duration = Duration::from_secs(20);

impl Access {
    /// Deletes a worker with its log, after ending its running turn. It can be restored for a
    /// while, unless the configuration says otherwise. If it was the last worker in view, an empty
    /// one replaces it.
    pub async fn delete(&self, id: WorkerId) -> Result<(), Error> {
        let id = self.own(id).await?;
        if self.inner.undo_delete_ms == 0 {
            return self.remove(id).await;
        }
        self.end(id, Deletion::Undoable).await
    }

    /// Deletes a worker so that it cannot be restored, even if it was deleted before. Returns when
    /// its rows are removed.
    pub async fn delete_for_good(&self, id: WorkerId) -> Result<(), Error> {
        let id = self.own(id).await?;
        self.remove(id).await
    }

    async fn remove(&self, id: WorkerId) -> Result<(), Error> {
        match self.end(id, Deletion::ForGood).await {
            Err(error) if error == fault::no_worker() => {
                let shared = &self.inner.shared;
                let _in_order = shared.membership_locks.lock(id).await;
                let found = self.store().purge(id).await.map_err(fault::from_store)?;
                if !found {
                    return Err(error);
                }
                // The worker may have been restored just before, so its observers must hear of the
                // deletion.
                shared.notifier.deleted(Some(self.account()), id);
            }
            ended => ended?,
        }
        self.collect().await.map_err(fault::from_store)
    }

    /// Brings a deleted worker back as it was.
    pub async fn restore(&self, id: WorkerId) -> Result<Worker, Error> {
        let id = self.own(id).await?;
        self.bring_back(id).await.map_err(fault::from_store)?;
        // If another request has restored it already, the worker is found all the same.
        self.worker(id).await
    }

    /// Restores the worker, if that is possible, and tells the observers.
    async fn bring_back(&self, id: WorkerId) -> Result<(), StoreError> {
        let shared = &self.inner.shared;
        let _in_order = shared.membership_locks.lock(id).await;
        let (owner, lists) = (self.account(), shared.notifier.lists());
        let since = lists.since(owner);
        if !self.store().restore(id).await? {
            return Ok(());
        }
        match self.settled(id).await {
            Ok(Some(Stored { worker, last_seq, .. })) => {
                // Its former observers were told that it was deleted. New ones learn the position
                // of its log here.
                shared.notifier.wake(id, LogStatus::Committed(last_seq));
                lists.changed(owner, &worker, last_seq, since);
            }
            Ok(None) => {}
            // The worker was restored although it cannot be read: observers get a placeholder.
            Err(StoreError::Damaged(_)) => {
                shared.notifier.wake(id, LogStatus::Unreadable);
                if let Some(worker) = self.store().listed(id).await? {
                    let worker = initial_worker::mark_unreadable(worker);
                    lists.changed(owner, &worker, u64::MAX, since);
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads a worker that was restored. A turn that was running when it was deleted is ended as
    /// `interrupted` first.
    async fn settled(&self, id: WorkerId) -> Result<Option<Stored>, StoreError> {
        let stored = self.store().worker(id).await?;
        if stored.as_ref().is_none_or(|found| found.worker.status != WorkerStatus::Generating) {
            return Ok(stored);
        }
        recovery::interrupt_of(self.store(), id, self.inner.shared.clock.now()).await?;
        self.store().worker(id).await
    }

    /// A page of the conversations that can be restored, the last deleted first. `before` is the
    /// `next_before` of another page.
    pub async fn deleted(&self, before: Option<&str>, limit: u32) -> Result<DeletedList, Error> {
        let before = before.map(list::parse).transpose()?;
        let limit = limit.clamp(1, limits::WORKER_PAGE_MAX);
        let found = self
            .store()
            .deleted(self.account(), before, limit + 1)
            .await
            .map_err(fault::from_store)?;
        let more = found.len() > limit as usize;
        // A conversation whose time is over may still be stored. It is left out, and so are all
        // that follow it, because they were deleted even earlier.
        let until = self.due();
        let kept = found.into_iter().take(limit as usize).filter(|deleted| deleted.at > until);
        let deleted: Vec<_> = kept.map(|deleted| self.to_dto(deleted)).collect();
        let last = deleted.last().filter(|_| more && deleted.len() == limit as usize);
        let next_before = last.map(|last| list::position(last.deleted_at, last.worker.worker_id));
        Ok(DeletedList { deleted, next_before })
    }

    /// A deleted conversation, if it can be brought back.
    pub async fn deleted_one(&self, id: WorkerId) -> Result<Option<DeletedWorker>, Error> {
        let Ok(id) = self.own(id).await else { return Ok(None) };
        let found = self.store().deleted_one(id).await.map_err(fault::from_store)?;
        let kept = found.filter(|deleted| deleted.at > self.due());
        Ok(kept.map(|deleted| self.to_dto(deleted)))
    }

    fn to_dto(&self, deleted: Deleted) -> DeletedWorker {
        let Deleted { worker, at } = deleted;
        let gone_at = later(at, self.inner.undo_delete_ms);
        DeletedWorker { worker, deleted_at: at, gone_at }
    }

    async fn end(&self, id: WorkerId, deletion: Deletion) -> Result<(), Error> {
        self.inner.actors.ask(id, |reply| Command::Delete { deletion, reply }).await?;
        self.keep_one_if_it_can_be(self.account()).await;
        Ok(())
    }
}

impl Runtime {
    pub(super) async fn collect(&self) -> Result<(), StoreError> {
        collect(&self.inner.shared, self.inner.undo_delete_ms).await
    }

    /// The time before which a deleted conversation cannot be restored any more and is removed.
    fn due(&self) -> Timestamp {
        earlier(self.inner.shared.clock.now(), self.inner.undo_delete_ms)
    }
}

/// Removes deleted conversations whose time is over, at once and then every [`EVERY`], until the
/// runtime goes down.
pub(super) async fn collect_regularly(shared: Arc<Shared>, undo_ms: u64) {
    loop {
        tokio::select! {
            biased;
            () = shared.down.cancelled() => return,
            done = collect(&shared, undo_ms) => {
                if let Err(error) = done {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "deleted conversations could not be purged; this is tried again later");
                }
            }
        }
        tokio::select! {
            biased;
            () = shared.down.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Removes them in small steps, so that other commits can run in between.
async fn collect(shared: &Shared, undo_ms: u64) -> Result<(), StoreError> {
    let until = earlier(shared.clock.now(), undo_ms);
    while shared.store.collect(until).await? {}
    Ok(())
}

fn earlier(at: Timestamp, ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(at.unix_ms().saturating_sub_unsigned(ms))
}

fn later(at: Timestamp, ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(at.unix_ms().saturating_add_unsigned(ms))
}
