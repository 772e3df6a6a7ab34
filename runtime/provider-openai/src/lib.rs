//! The provider for any OpenAI-compatible endpoint: OpenAI, vLLM, SGLang, Ollama, llama.cpp,
//! LiteLLM and others.
//!
//! Requests are async-openai's types. Its client is not used, as of 0.43: it retries by itself,
//! hides `Retry-After` and every other header, buffers a line of any length, queues events without
//! bound, logs what the provider wrote, and leaves closing a connection to a task that runs some
//! time later. Here a connection is held by the one task of the turn that uses it (`connection`),
//! and is reused only after an answer that was read to its end, so that
//!
//! - a stop closes the socket before it is acknowledged (invariant 6);
//! - there is no retry, no redirect is followed (a key is sent only to the configured address), and
//!   no cookie is kept, because no code here does so;
//! - everything that comes in is bounded ([`OpenaiConfig`], invariant 11).
//!
//! HTTP/1.1 only. `HTTP_PROXY` and similar variables are used only if the owner says so: a stray
//! variable must not send a conversation elsewhere. TLS is rustls with ring and the system's root
//! certificates.
//!
//! Decisions are pure (`plan`, `request`, `tokens`, `reply`, `sse`, `answer`, `said`, `classify`,
//! `refusal`, `overflow`, `words`); `exchange` and `connection` do the input and output. What an
//! endpoint refuses is left out from then on (`learned`), and only the turn asks again. Time limits
//! belong to the turn, except for connecting and for what follows a complete answer.

use std::sync::Arc;
use std::time::Duration;

use protocol::catalogue::{LearnedModel, ProviderModels};
use protocol::{Effort, Error, ProviderName};
use provider::{OUTPUTS, Output, Provider, Request};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod answer;
mod classify;
mod config;
mod connection;
mod echo;
mod endpoint;
mod error_report;
mod exchange;
mod fault;
mod learned;
mod list;
mod models;
mod overflow;
mod pace;
mod plan;
#[cfg(feature = "fuzzing")]
pub mod reading;
mod refusal;
mod reply;
mod request;
mod sse;
mod tokens;
mod waits;
mod windows;
mod words;

pub use config::{
    ANSWER_RESERVE_TOKENS, Api, CONNECT_TIMEOUT_MS, CONTEXT_TOKENS, ConfigError,
    IDLE_CONNECTION_MS, IDLE_CONNECTIONS, MAX_ANSWER_BYTES, MAX_EVENT_BYTES, OpenaiConfig,
};
pub use endpoint::route::{ProxySetting, ProxyVariables};
pub use models::{EffortForm, MaxTokensField, ModelSettings, ModelTable};
pub use pace::ReadingPace;
pub use request::kept::sent_request;

/// What [`Provider::default_model`] returns while no model is configured and the endpoint has not
/// been asked for its models yet. A request for this name, or for an empty one, asks the endpoint.
pub const FIRST_MODEL: &str = "the provider's first model";

/// A provider that asks an OpenAI-compatible endpoint.
pub struct Openai {
    shared: Arc<Shared>,
    /// Runs one task for each running turn.
    turns: TaskTracker,
    closed: CancellationToken,
}

/// State that the turns' tasks share; immutable except for what the endpoint said of its models.
struct Shared {
    config: OpenaiConfig,
    endpoint: endpoint::Endpoint,
    idle: connection::idle::IdleConnections,
    listing: list::Listing,
    learned: learned::Learned,
    pace: ReadingPace,
}

impl Openai {
    /// Makes a provider for this configuration. Does not connect, but reads the system's root
    /// certificates for an https address, and what was learned from refusals.
    pub fn new(config: OpenaiConfig) -> Result<Self, ConfigError> {
        Self::with_pace(config, ReadingPace::default())
    }

    /// Like [`Self::new`]. The answers of all providers that are given the same pace count together.
    pub fn with_pace(config: OpenaiConfig, pace: ReadingPace) -> Result<Self, ConfigError> {
        let endpoint = endpoint::Endpoint::new(&config)?;
        let listing = list::Listing::new();
        let memory = config.memory.as_deref();
        let memory = memory.map(|file| learned::Memory::new(file, config.fingerprint()));
        let learned = learned::Learned::new(memory);
        let idle = connection::idle::IdleConnections::new(Duration::from_millis(
            config.idle_connection_ms,
        ));
        let shared = Shared { config, endpoint, idle, listing, learned, pace };
        Ok(Self {
            shared: Arc::new(shared),
            turns: TaskTracker::new(),
            closed: CancellationToken::new(),
        })
    }
}

impl Openai {
    /// What was learned about a model, and the owner's settings for it.
    fn known_of(&self, model: &str) -> (learned::Habits, &ModelSettings) {
        let first = self.shared.known_model().filter(|_| model == FIRST_MODEL);
        let model = first.as_deref().unwrap_or(model);
        let settings = ModelSettings::of(&self.shared.config.model_tables, model);
        (self.shared.learned.of(model), settings)
    }
}

impl Shared {
    /// The model that answers when none is named: the configured one, or else the first of the
    /// endpoint's list, once that was read.
    fn known_model(&self) -> Option<String> {
        let configured = self.config.model.clone().filter(|model| !model.is_empty());
        configured.or_else(|| self.listing.first())
    }

    /// Saves what was learned, if there is a file for it.
    async fn save_learned(self: Arc<Self>) {
        if self.learned.is_unsaved() {
            let _ = tokio::task::spawn_blocking(move || self.learned.save()).await;
        }
    }

    fn has_key(&self) -> bool {
        self.config.api_key.as_ref().is_some_and(|key| !key.reveal().is_empty())
    }

    /// Prepares an error for display: cleans the endpoint's words in it. All errors pass through
    /// here.
    fn fit_to_show(&self, mut error: Error) -> Error {
        let proxy = self.config.proxy.as_ref().map(ProxySetting::secrets).unwrap_or_default();
        let secrets = self.config.secrets().into_iter().chain(&proxy).collect();
        let known = words::Known { secrets, places: self.endpoint.places() };
        error.said = error.said.and_then(|said| words::shown(&said, &known));
        fault::with_settings(error, &self.config.name)
    }
}

#[async_trait::async_trait]
impl Provider for Openai {
    fn name(&self) -> ProviderName {
        self.shared.config.name.clone()
    }

    fn default_model(&self) -> String {
        self.shared.known_model().unwrap_or_else(|| FIRST_MODEL.to_owned())
    }

    /// Always `Ok`: an [`Openai`] exists only for a usable configuration, and a missing key is no
    /// error, since not every endpoint needs one.
    fn usable(&self, _model: &str) -> Result<(), Error> {
        Ok(())
    }

    /// Always true: an endpoint may have models that it does not list, and a name is only sent to
    /// it.
    fn offers(&self, _model: &str) -> bool {
        true
    }

    fn efforts(&self, model: &str) -> Vec<Effort> {
        let (habits, settings) = self.known_of(model);
        habits.efforts(settings)
    }

    fn takes(&self, model: &str, effort: &Effort) -> bool {
        let (habits, settings) = self.known_of(model);
        habits.may_choose(settings, effort)
    }

    fn effort_sent(&self, model: &str, effort: &Effort) -> Option<Effort> {
        let (habits, settings) = self.known_of(model);
        habits.effort_sent(settings, effort)
    }

    async fn models(&self) -> ProviderModels {
        self.shared.models().await
    }

    fn learned(&self) -> Vec<LearnedModel> {
        self.shared.learned.all()
    }

    async fn forget(&self, model: Option<&str>) -> u32 {
        let forgotten = self.shared.learned.forget(model);
        self.shared.clone().save_learned().await;
        forgotten
    }

    fn generate(&self, request: Request, stop: CancellationToken) -> mpsc::Receiver<Output> {
        let (outputs, receiver) = mpsc::channel(OUTPUTS);
        let (shared, closed) = (self.shared.clone(), self.closed.clone());
        self.turns.spawn(async move {
            let last = tokio::select! {
                biased;
                () = stop.cancelled() => Output::Halted,
                () = closed.cancelled() => Output::Halted,
                () = outputs.closed() => Output::Halted,
                end = shared.exchange(request, &outputs) => match end {
                    Ok(Output::Refused { error, adjustment }) => {
                        Output::Refused { error: shared.fit_to_show(error), adjustment }
                    }
                    Ok(end) => end,
                    Err(error) => Output::Failed(shared.fit_to_show(error)),
                },
            };
            // Invariant: the exchange has been dropped by now, and its connection with it.
            let is_answered = matches!(last, Output::Finished { .. });
            let _ = outputs.send(last).await;
            drop(outputs);
            shared.clone().save_learned().await;
            if is_answered {
                // This is for later turns, and no turn waits for it.
                let _ = closed.run_until_cancelled(shared.learn_windows()).await;
            }
        });
        receiver
    }

    async fn shutdown(&self) {
        self.closed.cancel();
        self.turns.close();
        self.turns.wait().await;
        self.shared.idle.close().await;
    }
}
