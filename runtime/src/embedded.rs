//! The embedded runtime: its workers and the operations on them.

use std::sync::Arc;
use std::time::Duration;

use protocol::api::{
    Accepted, AskAgain, Cancelled, Capabilities, CompanionState, RuntimeSummary, SendMessage,
    WorkerPage,
};
use protocol::{Error, ErrorCode, RuntimeId, Worker, WorkerId, limits};
use store::{Store, StoreError, VisibilityFilter, initial_worker, recovery};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::actor_registry::ActorRegistry;
use crate::bundle::Bundle;
use crate::clock::Clock;
use crate::fault;
use crate::membership_locks::MembershipLocks;
use crate::notifier::Notifier;
use crate::providers::{ModelRequest, Providers};
use crate::turn::TurnLimits;
use crate::unreadable::Unreadable;
use crate::worker::{Command, Shared};

mod catalogue;
mod change;
mod create;
mod deleted;
mod export;
mod list;
mod reading;
mod repairs;
mod search;
mod transfer;
mod transfer_slots;
mod turns;

pub use export::{Export, ExportForm};
pub use transfer::{IMPORT_FILES, Imports, Incoming};

/// For how long a start waits to know whether the default model can be used. The files of models
/// are looked at in less than a millisecond, unless their disk does not answer.
const FIRST_LOOK: Duration = Duration::from_millis(200);

/// The parts and limits of a runtime.
pub struct RuntimeConfig {
    /// Holds all conversations; closed by [`Runtime::shutdown`].
    pub store: Arc<dyn Store>,
    /// The models that can answer; shut down by [`Runtime::shutdown`].
    pub providers: Providers,
    /// The profiles in force until the next start.
    pub bundle: Bundle,
    /// Tells the times of the log. A test passes in a fixed one.
    pub clock: Arc<dyn Clock>,
    /// The time limits of every turn.
    pub turn_limits: TurnLimits,
    /// The most characters in one user message.
    pub message_chars: u32,
    /// The number of messages in a page of a transcript, unless a request names another one.
    pub transcript_page: u32,
    /// The name of this installation that prompts may use.
    pub workspace: String,
    /// Where uploads go, and how large they may be.
    pub imports: Imports,
    /// For how long a deleted conversation can be restored, in milliseconds; 0 means not at all.
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
    /// Background tasks besides the actors.
    tasks: TaskTracker,
}

impl Runtime {
    /// Opens the runtime: ends the turns that a crash left unfinished and makes sure that a worker
    /// exists.
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
        let _ = timeout(FIRST_LOOK, shared.providers.look(ModelRequest::default())).await;
        recovery::interrupt_all(shared.store.as_ref(), shared.clock.now()).await?;
        let actors = ActorRegistry::new(shared.clone());
        let (imports, transfer_slots) = (config.imports, transfer_slots::TransferSlots::default());
        let undo_delete_ms = config.undo_delete_ms;
        let tasks = TaskTracker::new();
        tasks.spawn(deleted::collect_regularly(shared.clone(), undo_delete_ms));
        let keeping = Mutex::default();
        let inner =
            Inner { shared, actors, keeping, imports, transfer_slots, undo_delete_ms, tasks };
        let runtime = Self { inner: Arc::new(inner) };
        runtime.keep_one().await?;
        runtime.inner.tasks.spawn(repairs::follow(runtime.clone()));
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

    /// Status, capabilities (no tools) and counts.
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

    /// A page of the workers that are not in the archive, the most recently used first. `before` is
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
        // The cursor is taken before the page is read: a change in between is then read twice, and
        // never missed.
        let cursor = self.inner.shared.notifier.listing().cursor();
        let limit = limit.clamp(1, limits::WORKER_PAGE_MAX);
        let found = || async { self.store().workers(places, before, limit + 1).await };
        let mut workers = found().await.map_err(fault::from_store)?;
        if workers.is_empty() && before.is_none() && places == VisibilityFilter::InView {
            self.keep_one().await.map_err(fault::from_store)?;
            workers = found().await.map_err(fault::from_store)?;
        }
        let unreadable = &self.inner.shared.unreadable;
        let workers = workers.into_iter().map(|worker| unreadable.mark(worker)).collect();
        Ok(list::page(workers, limit, cursor))
    }

    /// Checks that the store can currently be read and written. Errors with `unavailable` or
    /// `internal` and the reason.
    pub async fn check_store(&self) -> Result<(), Error> {
        self.store().check().await.map_err(fault::from_store)
    }

    /// A worker's summary. If the summary cannot be read, this is a placeholder; if other parts of
    /// the log were found to be unreadable, the summary is marked so.
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
            // Reading works even while the store cannot be written, so the stored summary will do.
            Err(error) if error.code != ErrorCode::NotFound => Ok(worker),
            refreshed => refreshed,
        }
    }

    /// Closes a worker to new messages permanently, after ending its running turn.
    pub async fn stop(&self, id: WorkerId) -> Result<Worker, Error> {
        self.inner.actors.ask(id, |reply| Command::Stop { reply }).await
    }

    /// Commits a message and begins its turn. A request with an id that was used before gets the
    /// answer of the first one.
    pub async fn send(&self, id: WorkerId, request: SendMessage) -> Result<Accepted, Error> {
        let make = |reply| Command::Send { request: request.clone(), reply };
        self.inner.actors.ask(id, make).await
    }

    /// Begins another turn for an existing message. A request with an id that was used before gets
    /// the answer of the first one.
    pub async fn ask_again(&self, id: WorkerId, request: AskAgain) -> Result<Accepted, Error> {
        let make = |reply| Command::AskAgain { request: request.clone(), reply };
        self.inner.actors.ask(id, make).await
    }

    /// Cancels the running turn; returns when the provider has halted and the end is committed.
    pub async fn cancel(&self, id: WorkerId) -> Result<Cancelled, Error> {
        self.inner.actors.ask(id, |reply| Command::Cancel { reply }).await
    }

    /// Interrupts running turns (their text is kept), then ends the observations, the providers'
    /// work and the store.
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

    /// Commits what the store has been given so far and closes it, while other tasks may still be
    /// running. This is for an exit that cannot wait for [`Self::shutdown`].
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

    /// Whether the availability in the log matches the current one.
    fn is_current(&self, worker: &Worker) -> bool {
        self.choice_of(worker).err() == worker.reason
    }

    async fn refresh(&self, id: WorkerId) -> Result<Worker, Error> {
        self.inner.actors.ask(id, |reply| Command::Refresh { reply }).await
    }
}
