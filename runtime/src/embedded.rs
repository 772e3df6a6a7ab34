//! The embedded runtime: its workers and the operations on them.

use std::sync::Arc;
use std::time::Duration;

use protocol::{AccountId, Error, RuntimeId, Worker, WorkerId};
use store::{Store, StoreError, initial_worker, recovery};
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
use crate::prices::Prices;
use crate::providers::{ModelRequest, Providers};
use crate::turn::TurnLimits;
use crate::turn_places::TurnPlaces;
use crate::unreadable::Unreadable;
use crate::worker::{Command, Shared};

mod access;
mod branch;
mod catalogue;
mod change;
mod create;
mod deleted;
mod export;
mod fork;
mod list;
mod reading;
mod repairs;
mod search;
mod transfer;
mod transfer_slots;
mod turns;
mod usage;
mod workers;

pub use access::Access;
pub use branch::{BranchExport, ExcerptExport};
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
    /// The most turns of one member that run at the same time.
    pub member_turns: u32,
    /// The number of messages in a page of a transcript, unless a request names another one.
    pub transcript_page: u32,
    /// The name of this installation that prompts may use.
    pub workspace: String,
    /// Where uploads go, and how large they may be.
    pub imports: Imports,
    /// For how long a deleted conversation can be restored, in milliseconds; 0 means not at all.
    pub undo_delete_ms: u64,
    /// What models cost, if the owner has a list.
    pub prices: Option<Prices>,
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
    prices: Option<Prices>,
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
            turn_places: TurnPlaces::new(config.member_turns),
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
        let (undo_delete_ms, prices) = (config.undo_delete_ms, config.prices);
        let tasks = TaskTracker::new();
        tasks.spawn(deleted::collect_regularly(shared.clone(), undo_delete_ms));
        let keeping = Mutex::default();
        let inner = Inner {
            shared,
            actors,
            keeping,
            imports,
            transfer_slots,
            undo_delete_ms,
            prices,
            tasks,
        };
        let runtime = Self { inner: Arc::new(inner) };
        runtime.keep_one(AccountId::FIRST).await?;
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

    /// Checks that the store can currently be read and written. Errors with `unavailable` or
    /// `internal` and the reason.
    pub async fn check_store(&self) -> Result<(), Error> {
        self.store().check().await.map_err(fault::from_store)
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

    fn prices(&self) -> Option<&Prices> {
        self.inner.prices.as_ref()
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
