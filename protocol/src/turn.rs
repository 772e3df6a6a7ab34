//! One run of the model for one user message.

use serde::{Deserialize, Serialize};

use crate::api::Sampling;
use crate::{
    Adjustment, Effort, Error, MessageId, ProfileName, ProviderName, Timestamp, TurnId, Unsent,
};

/// The state of a turn. It ends in exactly one of the last five.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TurnState {
    /// Committed. The provider has not started, or not again after a failed attempt.
    Accepted,
    /// The provider is working on it.
    Generating,
    /// The model finished its answer, or reached its longest length.
    Completed,
    /// The provider failed, and a retry did not help or was not possible; `error` says why.
    Failed,
    /// A user stopped the turn; the text up to then is kept.
    Cancelled,
    /// One of the turn's time limits passed; `error` says which. The text up to then is kept.
    TimedOut,
    /// The process ended while the turn was running; the text up to then is kept.
    Interrupted,
}

impl TurnState {
    /// Whether the turn has ended.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Accepted | Self::Generating)
    }
}

/// Numbers of tokens, as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// The tokens of everything that was sent, with the marks that the model's template puts around
    /// it.
    pub prompt_tokens: u32,
    /// The tokens that the model wrote, thinking included.
    pub completion_tokens: u32,
    /// The tokens of the prompt that did not have to be read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u32>,
    /// The tokens of the completion that were thinking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u32>,
}

/// The times of a turn's steps, in milliseconds from its acceptance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timings {
    /// When the provider started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// When the first thinking was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_reasoning_ms: Option<u64>,
    /// When the first text was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// When the turn ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u64>,
}

impl Timings {
    /// Moves the time of the first text to that of the first thinking, because the text was
    /// thinking.
    pub fn text_was_reasoning(&mut self) {
        let text = self.first_token_ms.take();
        self.first_reasoning_ms = self.first_reasoning_ms.into_iter().chain(text).min();
    }
}

/// Why the model stopped writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Finish {
    /// The model finished its answer.
    Stop,
    /// The limit of the answer's length, or the end of the window, was reached.
    Length,
}

/// The part of the conversation that the model was given (invariant 8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContextWindow {
    /// The oldest message that was sent.
    pub first: Option<MessageId>,
    /// The number of older messages of this branch that were left out because they did not fit.
    pub left_out: u32,
    /// The model's window in tokens, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_tokens: Option<u32>,
    /// How the request differed from what was asked for, because the provider is known to refuse
    /// that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// The reasoning effort that was sent, if it is not the one that was asked for: the nearest one
    /// that the model accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Whether the thinking of earlier answers was sent with them.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub reasoning: bool,
    /// `sha256:` and 64 hexadecimal digits of the request without its messages; only for endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// `sha256:` and 64 hexadecimal digits of the prompt that a chat template rendered; only for
    /// the local model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
}

/// An attempt that failed before any of its output was shown, after which the provider was asked
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retry {
    /// When the attempt failed.
    pub at: Timestamp,
    /// The error that ended it.
    pub error: Error,
    /// The pause after it, in milliseconds.
    pub wait_ms: u64,
    /// What the next attempts change; absent if the same request is made again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<Adjustment>,
}

/// The place of a turn among several that were asked for at once, and run one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Together {
    /// The first of these turns.
    pub first: TurnId,
    /// The number of this one, from 1.
    pub number: u32,
    /// How many were asked for. Those after a turn that was stopped or interrupted never began.
    pub count: u32,
}

/// A turn, as clients see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Turn {
    /// Unique in the worker. Made by the runtime, or by the client that asks again.
    pub turn_id: TurnId,
    /// The user message to be answered.
    pub question: MessageId,
    /// The assistant message with the answer.
    pub answer: MessageId,
    /// The answer whose text this one begins with and continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<MessageId>,
    /// The answer of which this one is its reader's own version. No model was asked for it; profile,
    /// provider and model are those of the edited answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<MessageId>,
    /// Its place among several answers to the question that were asked for at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<Together>,
    /// The messages of the conversation that were not to be sent when the turn was accepted. The
    /// question is sent anyway, and so is the answer that is continued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omitted: Vec<MessageId>,
    /// The state after the last folded event.
    pub state: TurnState,
    /// While accepted: the number of turns before this one in the queue; absent if it does not
    /// wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u32>,
    /// While accepted: whether the provider is loading the model.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub loading: bool,
    /// The failed attempts, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<Retry>,
    /// Why the turn failed or timed out; absent in the other states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// Why the model stopped; absent unless the turn completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// The profile in force when the turn was accepted.
    pub profile: ProfileName,
    /// The provider that answers, or `imported` for a turn of another program.
    pub provider: ProviderName,
    /// The model that answers, as the provider names it. Until an endpoint has been asked for its
    /// models, this may be a text for people instead.
    pub model: String,
    /// `sha256:` and 64 hexadecimal digits of the system prompt that was sent; empty for an
    /// imported turn, whose prompt is unknown.
    pub prompt_digest: String,
    /// The digest of the bundle (all profiles and prompts) in force, in the same form.
    pub bundle_digest: String,
    /// The parameters that were asked for; once `sight` is known, those that were sent. For absent
    /// ones the provider's default applies.
    pub sampling: Sampling,
    /// The reasoning effort, in the same way; absent for the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// The parameters that were asked for and not sent, because the provider is known to refuse
    /// them.
    #[serde(default, skip_serializing_if = "Unsent::is_nothing")]
    pub unsent: Unsent,
    /// The part of the conversation that the model was given; absent until the request is about to
    /// be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sight: Option<ContextWindow>,
    /// The tokens as the provider counted them; absent until the turn has ended, or if it did not
    /// say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// How long the steps took so far.
    pub timings: Timings,
    /// When the turn was accepted, by the server's clock.
    pub started_at: Timestamp,
    /// When the turn ended, by the server's clock; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Turn {
    /// How many answers were to follow this one without being asked for again.
    pub fn more(&self) -> u32 {
        self.together.map_or(0, |together| together.count.saturating_sub(together.number))
    }

    /// The model's window for prompt and answer together, in tokens; `None` while it is unknown.
    pub fn window_tokens(&self) -> Option<u32> {
        self.sight.as_ref().and_then(|sight| sight.window_tokens)
    }

    /// Since when the model has been thinking, if it is thinking now.
    pub fn thinks_since(&self) -> Option<Timestamp> {
        let since = self.timings.first_reasoning_ms?;
        let thinks = !self.state.is_final() && self.timings.first_token_ms.is_none();
        thinks.then(|| {
            Timestamp::from_unix_ms(self.started_at.unix_ms().saturating_add_unsigned(since))
        })
    }

    /// How long the model thought before its answer, or until the end if there is no answer. `None`
    /// if it did not think, or is still thinking.
    pub fn thought_ms(&self) -> Option<u64> {
        let Timings { first_reasoning_ms, first_token_ms, total_ms, .. } = self.timings;
        let from = first_reasoning_ms?;
        // Earlier text is shown as the beginning of the answer.
        let until = first_token_ms.filter(|text| *text >= from).or(total_ms)?;
        until.checked_sub(from)
    }
}
