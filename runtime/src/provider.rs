//! The port to whatever produces text.
//!
//! A provider turns one [`Request`] into a stream of [`Output`]. It knows nothing of
//! workers, logs or stores; queues and connections are its own affair, time limits and
//! further attempts are the turn's. The two providers, [`local`] and [`openai`], do not know each
//! other.

use protocol::api::{InputMessage, Sampling};
use protocol::catalogue::{LearnedModel, ProviderModels};
use protocol::{Adjustment, Effort, Error, Finish, Progress, ProviderName, TurnId, Usage};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub mod local;
pub mod openai;
pub(crate) mod thinking;

/// Outputs that may wait between a provider and its turn. The turn takes them at once and
/// only stops taking while the store commits; a provider that is ahead by this much waits.
pub const OUTPUTS: usize = 64;

/// Models in one provider's list at most; the rest are counted.
pub const MODELS: usize = 200;

/// What the model is asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub turn_id: TurnId,
    pub model: String,
    /// The rendered system prompt; empty for none.
    pub system: String,
    /// Oldest first. Invariant: none is blank, and the last one is a user's, or the beginning of
    /// the answer to the user's before it, from which the model goes on. The provider may leave
    /// out messages from the front that do not fit its window, never that end. Neighbours may be
    /// of one role, and the first may be the assistant's; it sends what
    /// [`outgoing`](crate::outgoing) makes of them.
    pub messages: Vec<InputMessage>,
    pub sampling: Sampling,
    /// How hard the model is to think; none for its own default.
    pub effort: Option<Effort>,
    /// Whether the messages' reasoning is to be sent with them.
    pub send_reasoning: bool,
    /// What the refusals of this turn's attempts led to so far.
    pub made: Vec<Adjustment>,
    /// The provider waits for it between [`Output::Asking`] and sending.
    pub recorded: Recorded,
}

/// Whether what is about to be sent is recorded, so that no crash can lose that it was.
#[derive(Clone, Debug, Default)]
pub struct Recorded(CancellationToken);

impl Recorded {
    /// For a request that nobody records.
    pub fn already() -> Self {
        let recorded = Self::default();
        recorded.set();
        recorded
    }

    pub(crate) fn set(&self) {
        self.0.cancel();
    }

    /// Waits until it is.
    pub async fn wait(&self) {
        self.0.cancelled().await;
    }
}

/// What of a request is shown to the model, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// The first so many of the messages do not fit.
    pub left_out: u32,
    pub window_tokens: Option<u32>,
    /// What answers where that is not what was asked for by name.
    pub model: Option<String>,
    /// What is known to be needed, and is done.
    pub adjustments: Vec<Adjustment>,
    /// How hard the model is told to think, where that is not what was asked for.
    pub effort: Option<Effort>,
    /// Whether the messages' reasoning is sent with them.
    pub reasoning: bool,
    /// What a chat template made of it, in the form in which it is kept.
    pub rendered: Option<String>,
    /// The request to an endpoint, in the form in which it is kept.
    pub request: Option<String>,
}

/// What comes back.
///
/// Invariant: `Waiting`* `Loading`? `Asking`? `Began`?, then any of `Reading`, `Text`, `Reasoning` and
/// at most one `TextWasReasoning`, all of them only after `Began`, and then exactly one of `Finished`,
/// `Failed`, `Refused`, `Halted`, which is the last. `Alive` may come anywhere before the last.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The request stands in a queue behind `ahead` others.
    Waiting { ahead: u32 },
    /// The model is brought into memory first, which takes a while.
    Loading,
    /// The request is ready to be sent.
    Asking(Shown),
    /// Work has begun.
    Began,
    /// The prompt is being read; before anything else that comes after `Began`, and a few times a
    /// second at most.
    Reading(Progress),
    /// A piece of text: whole UTF-8 characters, at least one.
    Text(String),
    /// A piece of the model's thinking: whole UTF-8 characters, at least one.
    Reasoning(String),
    /// What was given as text so far was thinking: its end was marked, and its beginning was
    /// not. What comes from now on is as it says.
    TextWasReasoning,
    /// Something came that is nothing to show. Said now and then, however often that is.
    Alive,
    /// The model is done.
    Finished { finish: Finish, usage: Option<Usage> },
    /// It failed; the error is safe to show (see [`Error`]).
    Failed(Error),
    /// It refused the request as it was; asked again, it gets one with this adjustment.
    Refused { error: Error, adjustment: Adjustment },
    /// The stop was obeyed: the connection is dropped, or decoding has halted.
    Halted,
}

/// What produces text.
#[async_trait::async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Which kind it is.
    fn name(&self) -> ProviderName;

    /// The model that answers when a profile names none, as shown to people.
    fn default_model(&self) -> String;

    /// Whether a request for `model` could be tried now, as far as that is known; touches no file
    /// ([`Self::look`] does). An unreachable endpoint is found out by the turn, not here. The error
    /// has the code `unavailable` and a hint that names the setting to change.
    fn usable(&self, model: &str) -> Result<(), Error>;

    /// Whether someone may choose `model`. A provider that reads files offers what it lists
    /// and nothing else, so that a name is never a path.
    fn offers(&self, model: &str) -> bool;

    /// How hard `model` can be told to think, in the order in which that is offered; empty where it
    /// cannot be told. As cheap as [`Self::usable`].
    fn efforts(&self, model: &str) -> Vec<Effort>;

    /// Whether someone may choose `effort` for `model`: also one that is not offered because the
    /// model was seen to refuse it, which may be over.
    fn takes(&self, model: &str, effort: &Effort) -> bool {
        self.efforts(model).contains(effort)
    }

    /// What `model` would be told now where `effort` is asked for.
    fn told(&self, model: &str, effort: &Effort) -> Option<Effort> {
        Some(effort.clone()).filter(|effort| self.efforts(model).contains(effort))
    }

    /// Brings up to date what [`Self::usable`], [`Self::offers`] and [`Self::efforts`] know of
    /// `model`, for a decision that must not follow from what was known a while ago. Takes a second
    /// at most.
    async fn look(&self, _model: &str) {}

    /// What can be chosen. Never fails as a whole: what is known without asking anybody is
    /// in it beside the error. Bounded in number, time and size.
    async fn models(&self) -> ProviderModels;

    /// What refusals taught about its models.
    fn learned(&self) -> Vec<LearnedModel> {
        Vec::new()
    }

    /// Forgets what refusals taught about `model`, or about all models; returns about how many.
    async fn forget(&self, _model: Option<&str>) -> u32 {
        0
    }

    /// Starts on `request`. When `stop` is cancelled, or the receiver is dropped, the work
    /// ends for real and promptly (within 200 ms unless the machine is starved), and the
    /// stream ends with [`Output::Halted`] (or with the end that came just before).
    ///
    /// Must be called within a tokio runtime; never blocks.
    fn generate(&self, request: Request, stop: CancellationToken) -> mpsc::Receiver<Output>;

    /// Ends whatever the provider keeps running (child processes). Nothing is generated
    /// afterwards.
    async fn shutdown(&self);
}
