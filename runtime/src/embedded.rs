//! The embedded runtime: its catalogue of workers and what can be asked of it.

use std::sync::Arc;
use std::time::Duration;

use protocol::api::{
    Accepted, AskAgain, Cancelled, Capabilities, CompanionState, RuntimeSummary, SendMessage,
    WorkerPage,
};
use protocol::{Error, ErrorCode, RuntimeId, Worker, WorkerId, limits};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::actor_registry::ActorRegistry;
use crate::bundle::Bundle;
use crate::clock::Clock;
use crate::membership_locks::MembershipLocks;
use crate::notifier::Notifier;
use crate::providers::{Providers, Wish};
use crate::store::{Places, Store, StoreError};
use crate::turn::TurnLimits;
use crate::unreadable::Unreadable;
use crate::worker::{Command, Shared};
use crate::{fault, initial_worker, recovery};

mod catalogue;
mod change;
mod create;
mod deleted;
mod export;
mod list;
mod reading;
mod search;
mod transfer;
mod transfer_slots;
mod turns;

pub use export::{Export, ExportForm};
pub use transfer::{IMPORT_FILES, Imports, Incoming};

/// For how long a start waits to know whether the default model can be used. The files of models
/// are looked at in less than a millisecond, unless their disk does not answer.
const FIRST_LOOK: Duration = Duration::from_millis(200);

/// What a runtime is made of.
pub struct RuntimeConfig {
    pub store: Arc<dyn Store>,
    pub providers: Providers,
    pub bundle: Bundle,
    pub clock: Arc<dyn Clock>,
    pub turn_limits: TurnLimits,
    /// Characters in one user message at most.
    pub message_chars: u32,
    /// Messages in one page of a transcript, unless asked otherwise.
    pub transcript_page: u32,
    /// What prompts may name as the place that the Companion works at.
    pub workspace: String,
    pub imports: Imports,
    /// For how long a deleted conversation can be brought back, in milliseconds; 0 is not at
    /// all.
    pub undo_delete_ms: u64,
}

/// A handle to the embedded runtime; cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    actors: ActorRegistry,
    /// Held by what makes the worker that is missing, from the count to the commit: two at once would
    /// make two. Only callers that found no worker wait for it, and they need the one that is made.
    keeping: Mutex<()>,
    imports: Imports,
    transfer_slots: transfer_slots::TransferSlots,
    undo_delete_ms: u64,
    /// What goes on beside the actors.
    tasks: TaskTracker,
}

impl Runtime {
    /// Recovers what a crash left behind and makes sure that there is a worker.
    pub async fn open(config: RuntimeConfig) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            runtime_id: initial_worker::runtime_id(),
            store: config.store,
            notifier: Notifier::default(),
            providers: config.providers,
            bundle: config.bundle,
            clock: config.clock,
            limits: config.turn_limits,
            message_chars: config.message_chars,
            transcript_page: config.transcript_page,
            workspace: config.workspace,
            membership_locks: MembershipLocks::default(),
            unreadable: Unreadable::default(),
            down: CancellationToken::new(),
        });
        // A disk that does not answer must not keep the rest from being served.
        let _ = timeout(FIRST_LOOK, shared.providers.look(Wish::default())).await;
        recovery::interrupt_all(shared.store.as_ref(), shared.clock.now()).await?;
        let actors = ActorRegistry::new(shared.clone());
        let (imports, transfer_slots) = (config.imports, transfer_slots::TransferSlots::default());
        let undo_delete_ms = config.undo_delete_ms;
        let tasks = TaskTracker::new();
        tasks.spawn(deleted::keep_sweeping(shared.clone(), undo_delete_ms));
        let keeping = Mutex::default();
        let inner =
            Inner { shared, actors, keeping, imports, transfer_slots, undo_delete_ms, tasks };
        let runtime = Self { inner: Arc::new(inner) };
        runtime.keep_one().await?;
        Ok(runtime)
    }

    /// `backend-internal`.
    pub fn id(&self) -> &RuntimeId {
        &self.inner.shared.runtime_id
    }

    /// The bundle in force.
    pub fn bundle(&self) -> &Bundle {
        &self.inner.shared.bundle
    }

    /// Status, capabilities (no tools), counts.
    pub async fn summary(&self) -> Result<RuntimeSummary, Error> {
        let usable = self.provider_status().reason.is_none();
        let running = self.store().unfinished().await.map_err(fault::from_store)?;
        Ok(RuntimeSummary {
            runtime_id: self.id().clone(),
            status: if usable { CompanionState::Ready } else { CompanionState::Unavailable },
            capabilities: Capabilities::default(),
            workers: self.store().count().await.map_err(fault::from_store)?,
            running: running.len() as u64,
            bundle_digest: self.bundle().digest().to_owned(),
        })
    }

    /// A page of the workers that are not in the archive, the most recently used first.
    /// `before` is a `next_before`.
    pub async fn workers(&self, before: Option<&str>, limit: u32) -> Result<WorkerPage, Error> {
        self.workers_at(Places::InView, before, limit).await
    }

    /// The same of the workers in some place.
    pub async fn workers_at(
        &self,
        places: Places,
        before: Option<&str>,
        limit: u32,
    ) -> Result<WorkerPage, Error> {
        let before = before.map(list::parse).transpose()?;
        // Taken before the page is read, so that no change falls between.
        let cursor = self.inner.shared.notifier.listing().cursor();
        let limit = limit.clamp(1, limits::WORKER_PAGE_MAX);
        let found = || async { self.store().workers(places, before, limit + 1).await };
        let mut workers = found().await.map_err(fault::from_store)?;
        if workers.is_empty() && before.is_none() && places == Places::InView {
            self.keep_one().await.map_err(fault::from_store)?;
            workers = found().await.map_err(fault::from_store)?;
        }
        let unreadable = &self.inner.shared.unreadable;
        let workers = workers.into_iter().map(|worker| unreadable.mark(worker)).collect();
        Ok(list::page(workers, limit, cursor))
    }

    /// Whether a message could be kept and a page be read now. Errors: `unavailable` or
    /// `internal`, with the reason.
    pub async fn check_store(&self) -> Result<(), Error> {
        self.store().check().await.map_err(fault::from_store)
    }

    /// A worker's summary; a placeholder where it cannot be read, and marked as unreadable where
    /// something of its log was found to be.
    pub async fn worker(&self, id: WorkerId) -> Result<Worker, Error> {
        let unreadable = &self.inner.shared.unreadable;
        let worker = match self.store().worker(id).await {
            Ok(Some(stored)) if unreadable.knows(id) => return Ok(unreadable.mark(stored.worker)),
            Ok(stored) => stored.ok_or_else(fault::no_worker)?.worker,
            Err(StoreError::Damaged(_)) => return self.inner.shared.placeholder(id).await,
            Err(error) => return Err(fault::from_store(error)),
        };
        if self.is_current(&worker) {
            return Ok(worker);
        }
        match self.refresh(id).await {
            // What is stored can be read even while nothing can be written.
            Err(error) if error.code != ErrorCode::NotFound => Ok(worker),
            refreshed => refreshed,
        }
    }

    /// Closes a worker to new messages for good, ending its turn first.
    pub async fn stop(&self, id: WorkerId) -> Result<Worker, Error> {
        self.inner.actors.ask(id, |reply| Command::Stop { reply }).await
    }

    /// Commits a message and begins its turn. The same id again gets the same answer.
    pub async fn send(&self, id: WorkerId, request: SendMessage) -> Result<Accepted, Error> {
        let make = |reply| Command::Send { request: request.clone(), reply };
        self.inner.actors.ask(id, make).await
    }

    /// Begins another turn for a message that is there. The same id again gets the same answer.
    pub async fn ask_again(&self, id: WorkerId, request: AskAgain) -> Result<Accepted, Error> {
        let make = |reply| Command::AskAgain { request: request.clone(), reply };
        self.inner.actors.ask(id, make).await
    }

    /// Ends the running turn; answers when the work has really ended.
    pub async fn cancel(&self, id: WorkerId) -> Result<Cancelled, Error> {
        self.inner.actors.ask(id, |reply| Command::Cancel { reply }).await
    }

    /// Interrupts running turns (their text is kept), ends observations, the providers'
    /// work, and the store.
    pub async fn shutdown(&self) {
        let shared = &self.inner.shared;
        shared.down.cancel();
        self.inner.actors.ended().await;
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        shared.providers.shutdown().await;
        shared.notifier.close();
        shared.store.close().await;
    }

    /// Commits what the store was given and closes it, whatever else is still going on. For an
    /// end that cannot wait for [`Self::shutdown`].
    pub async fn close_store(&self) {
        self.inner.shared.store.close().await;
    }

    /// How many workers have an actor at the moment.
    pub fn live_workers(&self) -> usize {
        self.inner.actors.count()
    }

    fn store(&self) -> &dyn Store {
        self.inner.shared.store.as_ref()
    }

    /// Whether the logged availability is what it is now.
    fn is_current(&self, worker: &Worker) -> bool {
        self.choice_of(worker).err() == worker.reason
    }

    async fn refresh(&self, id: WorkerId) -> Result<Worker, Error> {
        self.inner.actors.ask(id, |reply| Command::Refresh { reply }).await
    }
}
