//! The model inside this program: any GGUF chat model, run by llama.cpp.
//!
//! [`Local`] is a handle; one task (`owner`) owns the queue and the model's process
//! ([`child`]), which is this same program started again, because the engine ends its
//! process on some damaged files. One model is loaded at a time; a request for another one
//! ends that process and starts one anew. The two talk over pipes (`wire`). What is decided here
//! and there is decided by pure functions: whose turn it is (`queue`), what fits the
//! window (`child::prompt`), what need not be read again (`child::prefill`).

use std::sync::Arc;

use protocol::catalogue::ProviderModels;
use protocol::{Effort, Error, ProviderName};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::{OUTPUTS, Output, Provider, Request};
use owner::{Inbox, Owner, Submission};
use shelf::{Extent, GLANCE, LIST, Shelf};
use watcher::Watcher;

pub mod child;
mod config;
mod cpu;
mod descriptors;
mod failure;
mod folder;
mod gguf;
mod looks;
mod owner;
mod process;
mod queue;
mod request;
mod shelf;
mod stderr;
mod watcher;
mod wire;

pub use config::{LoadPolicy, LocalConfig};
pub use gguf::{GgufError, ModelInfo};

/// Requests that may wait for the owner. It takes them at once, except while it starts a child.
const INBOX: usize = 64;

/// The local provider. Dropping it kills the model's process.
pub struct Local {
    config: Arc<LocalConfig>,
    shelf: Arc<Shelf>,
    watcher: Watcher,
    inbox: mpsc::Sender<Inbox>,
    engine: watch::Receiver<Engine>,
    _owner: AbortOnDropHandle<()>,
}

/// What the model's process is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// There is no process, and no memory is used.
    #[default]
    Off,
    /// The process loads the model.
    Loading { pid: u32 },
    /// The process answers requests. The window is the number of tokens that the model sees at
    /// once.
    Ready { pid: u32, window_tokens: u32 },
}

impl Local {
    /// Must be called within a tokio runtime. Files are looked at by a thread of its own; with
    /// [`LoadPolicy::AtStart`] the model begins to load, and a failure is only logged, because
    /// the first message will fail with it again.
    pub fn new(config: LocalConfig) -> Self {
        let config = Arc::new(config);
        let (inbox, received) = mpsc::channel(INBOX);
        let (state, engine) = watch::channel(Engine::Off);
        let shelf = Arc::new(Shelf::new(&config));
        let watcher = Watcher::start(Arc::clone(&shelf));
        let owner = Owner::new(Arc::clone(&config), Arc::clone(&shelf), received, state);
        let owner = AbortOnDropHandle::new(tokio::spawn(owner.run()));
        Self { config, shelf, watcher, inbox, engine, _owner: owner }
    }

    /// What the model's process is doing, now and from now on.
    pub fn engine(&self) -> watch::Receiver<Engine> {
        self.engine.clone()
    }

    /// Whether the model is the small one that comes with the product.
    pub fn bundled(&self) -> bool {
        self.config.bundled
    }

    /// What the model's file says about itself, read without the engine: some
    /// milliseconds of file reading. Errors as [`GgufError`].
    pub fn describe(&self) -> Result<ModelInfo, GgufError> {
        ModelInfo::read(&self.config.model_file)
    }

    /// What was seen of the files, which are looked at again if that is a while ago.
    fn seen(&self, model: &str) -> &Shelf {
        self.shelf.watch(model);
        self.watcher.nudge();
        &self.shelf
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
        self.shelf.models()
    }

    async fn look(&self, model: &str) {
        self.shelf.watch(model);
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
            // The channel is new and empty, and its receiver is in our hands.
            let _ = outputs.try_send(Output::Failed(why));
        }
        receiver
    }

    async fn shutdown(&self) {
        let (done, finished) = oneshot::channel();
        if self.inbox.send(Inbox::Shutdown(done)).await.is_ok() {
            // An error means that the owner has ended, which is what is wanted.
            let _ = finished.await;
        }
    }
}
