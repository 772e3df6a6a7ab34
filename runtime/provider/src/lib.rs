//! The port to everything that generates text: the local model and the endpoints.
//!
//! A provider turns one [`Request`] into a stream of [`Output`]. It knows nothing of workers, logs
//! or stores. It manages its own queues and connections; time limits and retries belong to the
//! turn. The crates `provider-local` and `provider-openai` implement the port and do not know each
//! other.

use protocol::api::{InputMessage, Sampling};
use protocol::catalogue::{LearnedModel, ProviderModels};
use protocol::{Adjustment, Effort, Error, Finish, Progress, ProviderName, TurnId, Usage};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

mod secret;

pub use secret::Secret;

/// Capacity of the channel between a provider and its turn. The turn receives at once, except while
/// the store commits; a provider that has filled the channel waits.
pub const OUTPUTS: usize = 64;

/// The most models in one provider's list; the rest are only counted.
pub const MODELS: usize = 200;

/// One request to a model.
#[derive(Clone, Debug)]
pub struct Request {
    /// The turn that asks. It identifies the request here and is not sent to the model.
    pub turn_id: TurnId,
    /// The name of the model to ask; [`Provider::default_model`] where none was chosen.
    pub model: String,
    /// The rendered system prompt; empty if there is none.
    pub system: String,
    /// The messages, oldest first.
    ///
    /// Invariant: no message is blank. The last one is a user message, or the beginning of the
    /// assistant's answer to the user message before it, which the model is to continue. The
    /// provider may leave out messages from the front that do not fit its window, but never that
    /// end. Neighbours may have the same role and the first may be the assistant's, so the provider
    /// sends what `model_io::outgoing` makes of them.
    pub messages: Vec<InputMessage>,
    /// The parameters as they were asked for. The provider leaves out those that the model is known
    /// to refuse.
    pub sampling: Sampling,
    /// The reasoning effort; `None` for the model's default.
    pub effort: Option<Effort>,
    /// Whether the messages' reasoning is to be sent with them.
    pub send_reasoning: bool,
    /// The adjustments that the refusals of this turn's earlier attempts led to.
    pub made: Vec<Adjustment>,
    /// The provider waits for this between [`Output::Asking`] and sending the request.
    pub recorded: Recorded,
}

/// Signals that the request about to be sent is recorded in the log, so that a crash cannot lose
/// the fact that it was sent.
#[derive(Clone, Debug, Default)]
pub struct Recorded(CancellationToken);

impl Recorded {
    /// For a request that is not recorded.
    pub fn already() -> Self {
        let recorded = Self::default();
        recorded.set();
        recorded
    }

    /// Signals that the request is recorded.
    pub fn set(&self) {
        self.0.cancel();
    }

    /// Waits for [`Self::set`].
    pub async fn wait(&self) {
        self.0.cancelled().await;
    }
}

/// What the model is shown of a request, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The number of messages left out at the front because they do not fit.
    pub left_out: u32,
    /// The model's window for prompt and answer together, in tokens, if it is known.
    pub window_tokens: Option<u32>,
    /// The model that answers, if it is not the one that was asked for by name.
    pub model: Option<String>,
    /// The adjustments that the model is known to need and that this request makes.
    pub adjustments: Vec<Adjustment>,
    /// The reasoning effort that is sent, if it is not the one that was asked for.
    pub effort: Option<Effort>,
    /// Whether the messages' reasoning is sent with them.
    pub reasoning: bool,
    /// The prompt that a chat template rendered, in the form in which it is stored.
    pub rendered: Option<String>,
    /// The request to an endpoint, in the form in which it is stored.
    pub request: Option<String>,
}

/// An item of the stream that answers a request.
///
/// Invariant: `Waiting`* `Loading`? `Asking`? `Began`?, then any of `Reading`, `Text`, `Reasoning`
/// and at most one `TextWasReasoning`, all of them only after `Began`, and then exactly one of
/// `Finished`, `Failed`, `Refused`, `Halted`, which is the last. `Alive` may appear anywhere before
/// the last.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The request waits in a queue behind `ahead` others.
    Waiting {
        /// With 0, nothing is before the request any more.
        ahead: u32,
    },
    /// The model has to be loaded into memory first, which takes a while.
    Loading,
    /// The request is ready to be sent.
    Asking(Shown),
    /// The provider has started to work on the request.
    Began,
    /// How much of the prompt has been read. Sent after `Began`, before any other output that
    /// follows it, and at most a few times a second.
    Reading(Progress),
    /// A piece of text: whole UTF-8 characters, at least one.
    Text(String),
    /// A piece of the model's thinking: whole UTF-8 characters, at least one.
    Reasoning(String),
    /// All `Text` so far was thinking: the model marked only its end and not its beginning. Later
    /// pieces are what their variant says.
    TextWasReasoning,
    /// Data arrived that has nothing to show. Sent only now and then, however often data arrives.
    Alive,
    /// The model has finished its answer.
    Finished {
        /// Whether the model ended by itself or was cut off.
        finish: Finish,
        /// The tokens as the provider counted them, if it did.
        usage: Option<Usage>,
    },
    /// The request failed; the error is safe to show (see [`Error`]).
    Failed(Error),
    /// The request was refused in this form; a retry should make this adjustment.
    Refused {
        /// The turn ends with it if the adjustment is not possible; safe to show.
        error: Error,
        /// The change to make in the next attempt, through [`Request::made`].
        adjustment: Adjustment,
    },
    /// The stop took effect: the connection is dropped, or decoding has halted.
    Halted,
}

/// Generates text with a model.
#[async_trait::async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The name of the provider.
    fn name(&self) -> ProviderName;

    /// The name, for people, of the model that answers when a profile names none.
    fn default_model(&self) -> String;

    /// Whether a request for `model` could be tried now, as far as that is known; touches no file
    /// ([`Self::look`] does). An unreachable endpoint is found out by the turn, not here. The error
    /// has the code `unavailable` and a hint that names the setting to change.
    fn usable(&self, model: &str) -> Result<(), Error>;

    /// Whether a user may choose `model`. A provider that reads model files accepts only the names
    /// that it lists, so that a name is never a path.
    fn offers(&self, model: &str) -> bool;

    /// The reasoning efforts that `model` accepts, in the order in which they are offered; empty if
    /// the effort cannot be set. As cheap as [`Self::usable`].
    fn efforts(&self, model: &str) -> Vec<Effort>;

    /// Whether a user may choose `effort` for `model`. This includes an effort that is not offered
    /// because the model refused it once, since that may have changed.
    fn takes(&self, model: &str, effort: &Effort) -> bool {
        self.efforts(model).contains(effort)
    }

    /// The effort that would be sent to `model` now if `effort` were asked for.
    fn effort_sent(&self, model: &str, effort: &Effort) -> Option<Effort> {
        Some(effort.clone()).filter(|effort| self.efforts(model).contains(effort))
    }

    /// Brings up to date what [`Self::usable`], [`Self::offers`] and [`Self::efforts`] know of
    /// `model`, for a decision that must not follow from what was known a while ago. Takes a second
    /// at most.
    async fn look(&self, _model: &str) {}

    /// The models that can be chosen. Never fails as a whole: if listing fails, the models that are
    /// known without it are returned beside the error. Bounded in number, time and size; may block
    /// on files.
    async fn models(&self) -> ProviderModels;

    /// What the provider learned about its models from refusals.
    fn learned(&self) -> Vec<LearnedModel> {
        Vec::new()
    }

    /// Forgets what refusals taught about `model`, or about all models. Returns the number of
    /// models concerned.
    async fn forget(&self, _model: Option<&str>) -> u32 {
        0
    }

    /// Starts on `request`. When `stop` is cancelled or the receiver is dropped, the work really
    /// ends, and promptly (within 200 ms unless the machine is starved), and the stream ends with
    /// [`Output::Halted`], or with another last output if that one came just before.
    ///
    /// Must be called within a tokio runtime; never blocks.
    fn generate(&self, request: Request, stop: CancellationToken) -> mpsc::Receiver<Output>;

    /// Ends everything that the provider keeps running, such as child processes. Nothing is
    /// generated afterwards.
    async fn shutdown(&self);
}
