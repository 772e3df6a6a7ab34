//! A provider that the test controls: it sends the given outputs and records the requests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use protocol::catalogue::{ModelEntry, ProviderModels};
use protocol::{Adjustment, Effort, Error, ErrorCode, Finish, ProviderKind, ProviderName, Usage};
use provider::{OUTPUTS, Output, Provider, Request, Shown};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::stage::soon;

/// A second model that can be chosen.
pub(crate) const OTHER: &str = "other";
/// A model that can be chosen but not used.
pub(crate) const BROKEN: &str = "broken";

/// The reason why the broken model cannot be used.
pub(crate) fn broken() -> Error {
    Error::new(ErrorCode::Unavailable, "The model is broken.").with_hint("Choose another one.")
}

/// The provider that the runtime uses.
pub(crate) struct Scripted {
    calls: mpsc::UnboundedSender<Call>,
    unusable: Mutex<Option<Error>>,
    /// Outputs that each call sends at once, before the test gets it.
    opening: Mutex<Vec<Output>>,
    /// The number of calls that will still panic.
    panics: AtomicUsize,
}

/// The test's handle to the provider.
pub(crate) struct Script {
    provider: Arc<Scripted>,
    calls: mpsc::UnboundedReceiver<Call>,
    kept: Vec<Call>,
}

/// A running request.
pub(crate) struct Call {
    pub request: Request,
    stop: CancellationToken,
    outputs: mpsc::Sender<Output>,
}

pub(crate) const USAGE: Usage =
    Usage { prompt_tokens: 7, completion_tokens: 3, cached_tokens: None, reasoning_tokens: None };

impl Script {
    pub(crate) fn new() -> Self {
        let (sender, calls) = mpsc::unbounded_channel();
        let provider = Scripted {
            calls: sender,
            unusable: Mutex::default(),
            opening: Mutex::default(),
            panics: AtomicUsize::new(0),
        };
        Self { provider: Arc::new(provider), calls, kept: Vec::new() }
    }

    pub(crate) fn provider(&self) -> Arc<Scripted> {
        self.provider.clone()
    }

    /// Waits for the runtime's next request.
    pub(crate) async fn call(&mut self) -> Call {
        soon(self.calls.recv()).await.expect("the provider lives")
    }

    /// Keeps a call alive as long as the script.
    pub(crate) fn keep(&mut self, call: Call) {
        self.kept.push(call);
    }

    /// Whether there was no request since the last call.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.calls.try_recv().is_err()
    }

    /// Sets the answer of `usable`.
    pub(crate) fn set_unusable(&self, error: Option<Error>) {
        *self.provider.unusable.lock().unwrap() = error;
    }

    /// Makes the next calls panic, in the task of the worker that asks.
    pub(crate) fn set_panics(&self, calls: usize) {
        self.provider.panics.store(calls, Ordering::SeqCst);
    }

    /// Sets the outputs that each call sends by itself before anything else.
    pub(crate) fn set_opening(&self, outputs: Vec<Output>) {
        *self.provider.opening.lock().unwrap() = outputs;
    }
}

impl Call {
    pub(crate) async fn say(&self, output: Output) {
        soon(self.outputs.send(output)).await.expect("the turn listens");
    }

    pub(crate) async fn begin(&self) {
        // This does not wait until the input is recorded, so that a test can make the store fail at
        // that point.
        let shown = Shown { window_tokens: Some(2048), ..Shown::default() };
        self.say(Output::Asking(shown)).await;
        self.say(Output::Began).await;
    }

    /// Announces the input and waits until it is recorded.
    pub(crate) async fn asks(&self, shown: Shown) {
        self.say(Output::Asking(shown)).await;
        soon(self.request.recorded.wait()).await;
    }

    pub(crate) async fn text(&self, text: &str) {
        self.say(Output::Text(text.to_owned())).await;
    }

    pub(crate) async fn finish(&self) {
        self.say(Output::Finished { finish: Finish::Stop, usage: Some(USAGE) }).await;
    }

    pub(crate) async fn fail(&self, kind: ProviderKind) {
        let error = Error::new(ErrorCode::Provider(kind), "The model is ill.");
        self.say(Output::Failed(error)).await;
    }

    /// Refuses the request, and offers this adjustment.
    pub(crate) async fn refuse(&self, kind: ProviderKind, adjustment: Adjustment) {
        let error = Error::new(ErrorCode::Provider(kind), "The model does not take this.");
        self.say(Output::Refused { error, adjustment }).await;
    }

    /// Waits until the turn asks the provider to halt.
    pub(crate) async fn asked_to_stop(&self) {
        soon(self.stop.cancelled()).await;
    }

    pub(crate) fn is_asked_to_stop(&self) -> bool {
        self.stop.is_cancelled()
    }

    pub(crate) async fn halt(&self) {
        self.say(Output::Halted).await;
    }

    /// Waits until the turn no longer reads the outputs.
    pub(crate) async fn abandoned(&self) {
        soon(self.outputs.closed()).await;
    }

    /// Sends a whole answer.
    pub(crate) async fn answer(&self, pieces: &[&str]) {
        self.begin().await;
        for piece in pieces {
            self.text(piece).await;
        }
        self.finish().await;
    }
}

#[async_trait::async_trait]
impl Provider for Scripted {
    fn name(&self) -> ProviderName {
        ProviderName::local()
    }

    fn default_model(&self) -> String {
        "scripted".to_owned()
    }

    fn usable(&self, model: &str) -> Result<(), Error> {
        if model == BROKEN {
            return Err(broken());
        }
        self.unusable.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn offers(&self, model: &str) -> bool {
        [self.default_model().as_str(), OTHER, BROKEN].contains(&model)
    }

    fn efforts(&self, model: &str) -> Vec<Effort> {
        if model == OTHER { Vec::new() } else { Effort::usual() }
    }

    async fn models(&self) -> ProviderModels {
        let entry = |name: &str| ModelEntry { name: name.to_owned(), ..ModelEntry::default() };
        ProviderModels {
            provider: self.name(),
            default_model: Some(self.default_model()),
            models: vec![entry("scripted"), entry(OTHER)],
            left_out: 0,
            error: None,
            learned: Vec::new(),
        }
    }

    fn generate(&self, request: Request, stop: CancellationToken) -> mpsc::Receiver<Output> {
        let left = self.panics.load(Ordering::SeqCst);
        if left > 0 {
            self.panics.store(left - 1, Ordering::SeqCst);
            panic!("scripted");
        }
        let (outputs, receiver) = mpsc::channel(OUTPUTS);
        for output in self.opening.lock().unwrap().iter() {
            outputs.try_send(output.clone()).unwrap();
        }
        // A test that has ended no longer takes calls.
        let _ = self.calls.send(Call { request, stop, outputs });
        receiver
    }

    async fn shutdown(&self) {}
}
