//! What is left out of a request, or put otherwise, for a provider that refuses it as it was.

use serde::{Deserialize, Serialize};

/// One thing that is done otherwise than a profile or a conversation asks for.
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
    /// The answer is asked for as a whole, and is there all at once.
    WithoutStream,
    /// The parameter `stream_options` is not sent, so that the tokens may not be counted.
    WithoutStreamOptions,
    /// No summary of the thinking is asked for.
    WithoutReasoningSummary,
    /// The longest allowed length of the answer is sent as `max_completion_tokens`.
    MaxCompletionTokens,
    /// The longest allowed length of the answer is sent as `max_tokens`.
    MaxTokens,
    /// The longest allowed length of the answer is not sent.
    WithoutMaxTokens,
    /// The system prompt stands at the front of the first message of the user.
    SystemInUser,
    /// The answer that is continued is not sent: the model begins anew, and what it writes stands
    /// behind the old text.
    WithoutBeginning,
    /// The model is not told how hard to think.
    WithoutEffort,
    /// The model is told another effort: the nearest one that it takes.
    NearestEffort,
    /// The earlier answers are sent with their thinking, which was not asked for.
    WithReasoning,
    /// The earlier answers are sent without their thinking, which was asked for.
    WithoutReasoning,
    /// Fewer of the oldest messages are sent. It may be done several times in a turn.
    FewerMessages,
}
