//! A new conversation that continues from a message of another one.

use protocol::api::ForkWorker;
use protocol::{Error, ErrorCode, Worker, WorkerId};
use store::fork::{CannotFork, Fork, fork};
use store::{ConflictPolicy, ConversationExport, ImportSource, StoreError, title};

use super::Access;
use crate::notifier::LogStatus;
use crate::{fault, ids};

impl Access {
    /// Copies the branch that ends with a message into a new conversation of the account; the other
    /// one stays as it is. Counts as an export while it runs, and waits for an import that runs.
    ///
    /// Errors: `not_found` also for a message of another conversation, `busy` while the message is
    /// being written, `rate_limited` while too many exports run, `internal` for a conversation that cannot be read
    /// as a whole.
    pub async fn fork(&self, id: WorkerId, request: ForkWorker) -> Result<Worker, Error> {
        let ForkWorker { message_id, title } = request;
        let title = title::check(title)?;
        let id = self.own(id).await?;
        // The permit is taken before the conversation is read, because reading is what takes
        // memory.
        let _place = self.place_to_export()?;
        let whole = match self.store().whole(id).await {
            Err(StoreError::Damaged(_)) => return Err(unreadable()),
            read => read.map_err(fault::from_store)?.ok_or_else(fault::no_worker)?,
        };
        let at = self.inner.shared.clock.now();
        let made = Fork {
            worker_id: ids::worker_id(at),
            log: ids::log_id(),
            at,
            title: title.or_else(|| whole.worker.title.clone()),
        };
        let copy = fork(&whole, message_id, made).map_err(refusal)?;
        drop(whole);
        self.add_copy(copy).await.map_err(fault::from_store)
    }

    /// Commits a conversation with all its events.
    async fn add_copy(&self, copy: ConversationExport) -> Result<Worker, StoreError> {
        let worker = copy.worker.clone();
        let seq = copy.events.last().map_or(0, |event| event.seq);
        let (owner, notifier) = (self.account(), &self.inner.shared.notifier);
        let since = notifier.lists().since(owner);
        let source: ImportSource = Box::new(move |sink| sink(copy));
        self.store().import(owner, source, ConflictPolicy::Refuse).await?;
        notifier.lists().changed(owner, &worker, seq, since);
        notifier.wake(worker.worker_id, LogStatus::Committed(seq));
        Ok(worker)
    }
}

fn refusal(cannot: CannotFork) -> Error {
    match cannot {
        CannotFork::NoMessage => fault::no_message(),
        CannotFork::Running => Error::new(ErrorCode::Busy, "This answer is still being written.")
            .with_hint("Wait until it is complete, or stop it."),
    }
}

fn unreadable() -> Error {
    Error::new(ErrorCode::Internal, "Some or all of this conversation can't be read.")
        .with_hint("So it can't be continued elsewhere. You can export the readable part of it.")
}
