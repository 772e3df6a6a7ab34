//! The provider that runs a model on this machine: any GGUF chat model, with llama.cpp.
//!
//! [`Local`] is a handle; one task (`engine_supervisor`) owns the queue and the engine's process
//! (the crate `engine`). That process is this same program started again, because the engine aborts
//! its process on some damaged files. One model is loaded at a time; a request for another one ends
//! the process and starts a new one. The two talk over pipes (`engine_wire`). The decisions are
//! pure functions: which request is next (`queue`), which messages fit the window
//! (`engine::prompt`), and which tokens need not be read again (`engine::sequences`).

use std::sync::Arc;

use protocol::catalogue::ProviderModels;
use protocol::{Effort, Error, ProviderName};
use provider::{OUTPUTS, Output, Provider, Request};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use engine_supervisor::{EngineSupervisor, Inbox, Submission};
use model_catalog::{Extent, GLANCE, LIST, ModelCatalog};
use watcher::Watcher;

mod child;
mod config;
mod cpu;
mod descriptors;
mod engine_supervisor;
mod failure;
mod folder;
mod framing;
mod gguf;
mod looks;
mod model_catalog;
mod process;
mod queue;
mod request;
mod sandbox;
pub mod spawner;
mod stderr;
mod watcher;

pub use config::{LoadPolicy, LocalConfig};
pub use engine_wire::Sandbox;
pub use gguf::{GgufError, ModelInfo};
pub use sandbox::{SandboxError, sandbox};

/// Capacity of the channel to the supervisor, which receives requests at once, except while it
/// starts a child.
const INBOX: usize = 64;

/// The local provider. Dropping it kills the engine's process.
pub struct Local {
    config: Arc<LocalConfig>,
    catalog: Arc<ModelCatalog>,
    watcher: Watcher,
    inbox: mpsc::Sender<Inbox>,
    engine: watch::Receiver<Engine>,
    _supervisor: AbortOnDropHandle<()>,
}

/// The state of the engine's process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// There is no process, and the model takes no memory.
    #[default]
    Off,
    /// The process is loading the model.
    Loading {
        /// The process's id in the system, for diagnosis.
        pid: u32,
    },
    /// The process answers requests. The window is the model's context window in tokens.
    Ready {
        /// The process's id in the system, for diagnosis.
        pid: u32,
        /// The window for prompt and answer together, as the engine allocated it.
        window_tokens: u32,
        /// The number of conversations whose tokens the engine keeps.
        cached_conversations: u32,
    },
}

impl Local {
    /// Must be called within a tokio runtime. Files are looked at by a thread of its own; with
    /// [`LoadPolicy::AtStart`] the model begins to load, and a failure is only logged, because
    /// the first message will fail with it again.
    pub fn new(config: LocalConfig) -> Self {
        let config = Arc::new(config);
        let (inbox, received) = mpsc::channel(INBOX);
        let (state, engine) = watch::channel(Engine::Off);
        let catalog = Arc::new(ModelCatalog::new(&config));
        let watcher = Watcher::start(Arc::clone(&catalog));
        let supervisor =
            EngineSupervisor::new(Arc::clone(&config), Arc::clone(&catalog), received, state);
        let supervisor = AbortOnDropHandle::new(tokio::spawn(supervisor.run()));
        Self { config, catalog, watcher, inbox, engine, _supervisor: supervisor }
    }

    /// The state of the engine's process, and its changes.
    pub fn engine(&self) -> watch::Receiver<Engine> {
        self.engine.clone()
    }

    /// Whether the model is the small one that comes with the product.
    pub fn bundled(&self) -> bool {
        self.config.bundled
    }

    /// Describes the model from the head of its file, without the engine. Reading takes some
    /// milliseconds.
    pub fn describe(&self) -> Result<ModelInfo, GgufError> {
        ModelInfo::read(&self.config.model_file)
    }

    /// What was seen of the files, which are looked at again if that is a while ago.
    fn seen(&self, model: &str) -> &ModelCatalog {
        self.catalog.watch(model);
        self.watcher.nudge();
        &self.catalog
    }
}

#[async_trait::async_trait]
impl Provider for Local {
    fn name(&self) -> ProviderName {
        ProviderName::local()
    }

    fn default_model(&self) -> String {
        self.config.model.clone()
    }

    fn usable(&self, model: &str) -> Result<(), Error> {
        self.seen(model).usable(model)
    }

    fn offers(&self, model: &str) -> bool {
        self.seen(model).offers(model)
    }

    fn efforts(&self, model: &str) -> Vec<Effort> {
        self.seen(model).efforts(model)
    }

    async fn models(&self) -> ProviderModels {
        // The look under way may take as long as the one that is waited for.
        self.watcher.look(Extent::All, 2 * (GLANCE + LIST)).await;
        self.catalog.models()
    }

    async fn look(&self, model: &str) {
        self.catalog.watch(model);
        self.watcher.look(Extent::Used, GLANCE).await;
    }

    fn generate(&self, request: Request, stop: CancellationToken) -> mpsc::Receiver<Output> {
        let (outputs, receiver) = mpsc::channel(OUTPUTS);
        let submission = Submission { request, stop, outputs: outputs.clone() };
        if let Err(refused) = self.inbox.try_send(Inbox::Submit(submission)) {
            let why = match refused {
                mpsc::error::TrySendError::Full(_) => failure::queue_full(),
                mpsc::error::TrySendError::Closed(_) => failure::shut_down(),
            };
            // This cannot fail: the channel is new and empty, and its receiver still exists.
            let _ = outputs.try_send(Output::Failed(why));
        }
        receiver
    }

    async fn shutdown(&self) {
        let (done, finished) = oneshot::channel();
        if self.inbox.send(Inbox::Shutdown(done)).await.is_ok() {
            // An error means that the supervisor has ended already.
            let _ = finished.await;
        }
    }
}
