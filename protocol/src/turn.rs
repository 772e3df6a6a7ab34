//! One run of the model for one user message.

use serde::{Deserialize, Serialize};

use crate::api::Sampling;
use crate::{
    Adjustment, Effort, Error, MessageId, ProfileName, ProviderName, Timestamp, TurnId, Unsent,
};

/// Where a turn stands. Exactly one of the last five ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TurnState {
    /// Committed; the provider has not begun, or not again after an attempt that failed.
    Accepted,
    /// The provider is at work.
    Generating,
    Completed,
    Failed,
    Cancelled,
    TimedOut,
    /// The process ended while the turn ran; its text up to then is kept.
    Interrupted,
}

impl TurnState {
    /// Whether nothing more can happen to the turn.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Accepted | Self::Generating)
    }
}

/// Tokens, as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    pub prompt_tokens: u32,
    pub completion_tokens: u32,
    /// Of the prompt, what did not have to be read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u32>,
    /// Of the completion, what was thinking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u32>,
}

/// How long the parts of a turn took, in milliseconds from its acceptance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timings {
    /// Until the provider began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// Until the first of the model's thinking was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_reasoning_ms: Option<u64>,
    /// Until the first text of the model was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// Until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u64>,
}

impl Timings {
    /// What was taken for the first text was the first of the thinking.
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
    /// The model was done.
    Stop,
    /// The limit on the answer's length, or the window, was reached.
    Length,
}

/// What of the conversation the model was given (invariant 8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContextWindow {
    /// The oldest message that was sent.
    pub first: Option<MessageId>,
    /// How many older messages of this branch were left out for lack of room.
    pub left_out: u32,
    /// The model's window in tokens, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_tokens: Option<u32>,
    /// What was sent otherwise than it was asked for, because the provider is known to refuse it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// How hard the model was told to think, where that is not what was asked for: the nearest
    /// effort that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Whether the thinking of earlier answers was sent with them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reasoning: bool,
    /// `sha256:` and 64 hexadecimal digits of the request without its messages: of an endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// `sha256:` and 64 hexadecimal digits of what a chat template made of it, where that is known
    /// here: of the local model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
}

/// An attempt that failed before anything was shown of it, after which the provider was asked
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retry {
    /// When the attempt failed.
    pub at: Timestamp,
    /// What ended it.
    pub error: Error,
    /// The pause after it, in milliseconds.
    pub wait_ms: u64,
    /// What is done otherwise from the next attempt on; none where the same is asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<Adjustment>,
}

/// A turn as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Turn {
    pub turn_id: TurnId,
    /// The user message that asked.
    pub question: MessageId,
    /// The assistant message that the turn writes.
    pub answer: MessageId,
    /// The answer whose text this one begins with and goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<MessageId>,
    pub state: TurnState,
    /// While accepted: how many turns go before this one; none when it need not wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u32>,
    /// While accepted: the provider loads the model.
    #[serde(default, skip_serializing_if = "is_false")]
    pub loading: bool,
    /// The attempts before the last one, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<Retry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    pub profile: ProfileName,
    pub provider: ProviderName,
    pub model: String,
    /// `sha256:` and 64 hexadecimal digits of the system prompt as it was sent; empty for an
    /// imported turn, of which nobody here knows what was sent.
    pub prompt_digest: String,
    /// The same of the bundle (all profiles and prompts) in force.
    pub bundle_digest: String,
    /// As asked for, and once `sight` is known, as it was sent. What is none is the provider's own
    /// default.
    pub sampling: Sampling,
    /// How hard the model is told to think, in the same way; none is its own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// What was asked for and not sent, because the provider is known to refuse it.
    #[serde(default, skip_serializing_if = "Unsent::is_nothing")]
    pub unsent: Unsent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sight: Option<ContextWindow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    pub timings: Timings,
    pub started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Turn {
    /// Tokens that the model sees at once, prompt and answer; none while it is not known.
    pub fn window_tokens(&self) -> Option<u32> {
        self.sight.as_ref().and_then(|sight| sight.window_tokens)
    }

    /// Since when the model has been thinking, while it does.
    pub fn thinks_since(&self) -> Option<Timestamp> {
        let since = self.timings.first_reasoning_ms?;
        let thinks = !self.state.is_final() && self.timings.first_token_ms.is_none();
        thinks.then(|| {
            Timestamp::from_unix_ms(self.started_at.unix_ms().saturating_add_unsigned(since))
        })
    }

    /// How long the model thought before its answer, or before its end where there is none.
    /// None where it did not think, or has not finished.
    pub fn thought_ms(&self) -> Option<u64> {
        let Timings { first_reasoning_ms, first_token_ms, total_ms, .. } = self.timings;
        let from = first_reasoning_ms?;
        // What was written before is shown as the beginning of the answer.
        let until = first_token_ms.filter(|text| *text >= from).or(total_ms)?;
        until.checked_sub(from)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
