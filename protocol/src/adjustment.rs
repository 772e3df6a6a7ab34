//! Changes to a request that a provider refuses in its original form.

use serde::{Deserialize, Serialize};

/// One way in which a request differs from what a profile or a conversation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Adjustment {
    /// The parameter `temperature` is not sent.
    WithoutTemperature,
    /// The parameter `top_p` is not sent.
    WithoutTopP,
    /// The parameter `seed` is not sent.
    WithoutSeed,
    /// The answer is not streamed, so all of it arrives at once.
    WithoutStream,
    /// The parameter `stream_options` is not sent, so the provider may not count the tokens.
    WithoutStreamOptions,
    /// No summary of the thinking is requested.
    WithoutReasoningSummary,
    /// The longest allowed length of the answer is sent as `max_completion_tokens`.
    MaxCompletionTokens,
    /// The longest allowed length of the answer is sent as `max_tokens`.
    MaxTokens,
    /// The longest allowed length of the answer is not sent.
    WithoutMaxTokens,
    /// The system prompt is put at the beginning of the user's first message.
    SystemInUser,
    /// The beginning of the answer is not sent: the model starts over, and its text is appended to
    /// the old one.
    WithoutBeginning,
    /// No effort is sent, so the model's default applies.
    WithoutEffort,
    /// The nearest effort that the model accepts is sent instead.
    NearestEffort,
    /// The thinking of earlier answers is sent, although the profile does not ask for it.
    WithReasoning,
    /// The thinking of earlier answers is not sent, although the profile asks for it.
    WithoutReasoning,
    /// Fewer of the oldest messages are sent. This may happen several times in a turn.
    FewerMessages,
}
