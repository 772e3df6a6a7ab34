//! The conversations of an account: the list, one of them, and what is asked of it.

use protocol::api::{
    Accepted, AskAgain, Cancelled, Capabilities, CompanionState, EditAnswer, Instructions,
    PatchMessage, RuntimeSummary, SendMessage, WorkerPage,
};
use protocol::{AccountId, Error, ErrorCode, MessageId, TurnId, Worker, WorkerId, limits};
use store::{StoreError, VisibilityFilter};

use super::{Access, list};
use crate::fault;
use crate::worker::Command;

impl Access {
    /// Status, capabilities (no tools) and counts of the account's conversations.
    pub async fn summary(&self) -> Result<RuntimeSummary, Error> {
        let usable = self.provider_status().reason.is_none();
        let (store, account) = (self.store(), self.account());
        let mut running = 0;
        for (id, _) in store.unfinished().await.map_err(fault::from_store)? {
            let owner = store.owner(id).await.map_err(fault::from_store)?;
            running += u64::from(owner == Some(account));
        }
        Ok(RuntimeSummary {
            runtime_id: self.id().clone(),
            status: if usable { CompanionState::Ready } else { CompanionState::Unavailable },
            capabilities: Capabilities::default(),
            workers: store.count(account).await.map_err(fault::from_store)?,
            running,
            bundle_digest: self.bundle().digest().to_owned(),
        })
    }

    /// How many conversations an account has. Another account's are told to an owner alone, who sees
    /// nothing but that and [`Self::bytes_of`] of them. Errors with `forbidden`.
    pub async fn conversations_of(&self, account: AccountId) -> Result<u64, Error> {
        self.may_measure(account)?;
        self.store().count(account).await.map_err(fault::from_store)
    }

    /// How many bytes an account's conversations have in the database, without their part of the search
    /// index. With a million messages this takes a second, and ten if they have to come from the
    /// disk. Errors like [`Self::conversations_of`].
    pub async fn bytes_of(&self, account: AccountId) -> Result<u64, Error> {
        self.may_measure(account)?;
        self.store().bytes(account).await.map_err(fault::from_store)
    }

    fn may_measure(&self, account: AccountId) -> Result<(), Error> {
        if account == self.account() { Ok(()) } else { self.as_owner() }
    }

    /// A page of the account's workers that are not in the archive, the most recently used first. `before` is
    /// the `next_before` of the page above it.
    pub async fn workers(&self, before: Option<&str>, limit: u32) -> Result<WorkerPage, Error> {
        self.workers_at(VisibilityFilter::InView, before, limit).await
    }

    /// Like [`Self::workers`], for the workers in `places`.
    pub async fn workers_at(
        &self,
        places: VisibilityFilter,
        before: Option<&str>,
        limit: u32,
    ) -> Result<WorkerPage, Error> {
        let before = before.map(list::parse).transpose()?;
        let account = self.account();
        // The cursor is taken before the page is read: a change in between is then read twice, and
        // never missed.
        let cursor = self.inner.shared.notifier.lists().of(account).cursor();
        let limit = limit.clamp(1, limits::WORKER_PAGE_MAX);
        let found = || async { self.store().workers(account, places, before, limit + 1).await };
        let mut workers = found().await.map_err(fault::from_store)?;
        if workers.is_empty() && before.is_none() && places == VisibilityFilter::InView {
            self.keep_one(account).await.map_err(fault::from_store)?;
            workers = found().await.map_err(fault::from_store)?;
        }
        let unreadable = &self.inner.shared.unreadable;
        let workers = workers.into_iter().map(|worker| unreadable.mark(worker)).collect();
        Ok(list::page(workers, limit, cursor))
    }

    /// A worker's summary. If the summary cannot be read, this is a placeholder; if other parts of
    /// the log were found to be unreadable, the summary is marked so.
    pub async fn worker(&self, id: WorkerId) -> Result<Worker, Error> {
        let unreadable = &self.inner.shared.unreadable;
        let worker = match self.store().worker(id).await {
            Ok(Some(stored)) if stored.owner != self.account() => return Err(fault::no_worker()),
            Ok(Some(stored)) if unreadable.knows(id) => return Ok(unreadable.mark(stored.worker)),
            Ok(stored) => stored.ok_or_else(fault::no_worker)?.worker,
            Err(StoreError::Damaged(_)) => {
                let id = self.own(id).await?;
                return self.inner.shared.placeholder(id).await;
            }
            Err(error) => return Err(fault::from_store(error)),
        };
        if self.is_current(&worker) {
            return Ok(worker);
        }
        match self.refresh(id).await {
            // Reading works even while the store cannot be written, so the stored summary will do.
            Err(error) if error.code != ErrorCode::NotFound => Ok(worker),
            refreshed => refreshed,
        }
    }

    /// A worker's own instructions. None if it has none, or if an imported file lacked their text.
    pub async fn instructions(&self, id: WorkerId) -> Result<Instructions, Error> {
        let Some(digest) = self.worker(id).await?.instructions else {
            return Ok(Instructions::default());
        };
        let text = self.store().prompt(&digest).await.map_err(fault::from_store)?;
        Ok(Instructions { text })
    }

    /// Closes a worker to new messages permanently, after ending its running turn.
    pub async fn stop(&self, id: WorkerId) -> Result<Worker, Error> {
        let id = self.own(id).await?;
        self.inner.actors.ask(id, |reply| Command::Stop { reply }).await
    }

    /// Commits a message and begins its turn. A request with an id that was used before gets the
    /// answer of the first one.
    pub async fn send(&self, id: WorkerId, request: SendMessage) -> Result<Accepted, Error> {
        let id = self.own(id).await?;
        let make = |reply| {
            let request = Box::new(request.clone());
            Command::Send { request, by: self.principal(), reply }
        };
        self.inner.actors.ask(id, make).await
    }

    /// Begins another turn for an existing message. A request with an id that was used before gets
    /// the answer of the first one.
    pub async fn ask_again(&self, id: WorkerId, request: AskAgain) -> Result<Accepted, Error> {
        let id = self.own(id).await?;
        let make = |reply| {
            let request = Box::new(request.clone());
            Command::AskAgain { request, by: self.principal(), reply }
        };
        self.inner.actors.ask(id, make).await
    }

    /// Commits the reader's own version of a turn's answer, beside it. No model is asked. A request
    /// with an id that was used before gets the answer of the first one.
    pub async fn edit_answer(
        &self,
        id: WorkerId,
        edited: TurnId,
        request: EditAnswer,
    ) -> Result<Accepted, Error> {
        let id = self.own(id).await?;
        let make = |reply| {
            let request = Box::new(request.clone());
            Command::EditAnswer { edited, request, reply }
        };
        self.inner.actors.ask(id, make).await
    }

    /// Leaves a message out of what models are sent from the next turn on, or sends it again. It stays
    /// in the conversation either way.
    pub async fn patch_message(
        &self,
        id: WorkerId,
        message: MessageId,
        PatchMessage { omitted }: PatchMessage,
    ) -> Result<Worker, Error> {
        let id = self.own(id).await?;
        self.inner.actors.ask(id, |reply| Command::Omit { message, omitted, reply }).await
    }

    /// Cancels the running turn; returns when the provider has halted and the end is committed.
    pub async fn cancel(&self, id: WorkerId) -> Result<Cancelled, Error> {
        let id = self.own(id).await?;
        self.inner.actors.ask(id, |reply| Command::Cancel { reply }).await
    }
}
