//! What was sent to a model in a turn.

use serde::{Deserialize, Serialize};

use crate::{Adjustment, Effort, Unsent};

/// `GET .../turns/{tid}/input`: exactly what was sent to the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnInput {
    /// The name of the model that was asked, as the provider knows it.
    pub model: String,
    /// The system prompt, if there is one, and the messages of the branch, oldest first.
    pub messages: Vec<InputMessage>,
    /// The parameters that were sent; for absent ones the provider's default applied.
    pub sampling: Sampling,
    /// The reasoning effort that was sent; absent if none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Whether the thinking of earlier answers was sent with them.
    #[serde(default)]
    pub with_reasoning: bool,
    /// The local model's prompt word for word, as its chat template rendered it, with control
    /// tokens written out. Absent for endpoints, which do not reveal their templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
    /// How the request differed from what was asked for, because the provider is known to refuse
    /// that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// Parameters that were asked for and not sent, for the same reason.
    #[serde(default, skip_serializing_if = "Unsent::is_nothing")]
    pub unsent: Unsent,
    /// The request to an endpoint, byte for byte. Absent for the local model, and for turns of
    /// versions that did not store it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<SentRequest>,
}

/// A request that was sent to an endpoint, without its headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SentRequest {
    /// The API that the request was made for, which says how to read the body.
    pub interface: Interface,
    /// The body, which is JSON.
    pub body: String,
}

/// The APIs of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Interface {
    /// `POST .../chat/completions`, which every OpenAI-compatible endpoint has.
    ChatCompletions,
    /// OpenAI's Responses API.
    Responses,
}

/// One message of the messages that were sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputMessage {
    /// The role as it was sent; neighbours never have the same one.
    pub role: InputRole,
    /// The content as it was sent, without the thinking.
    pub text: String,
    /// The thinking of an answer; empty if it was not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
}

impl InputMessage {
    /// Makes a message without thinking.
    pub fn new(role: InputRole, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), reasoning: String::new() }
    }
}

/// The roles that models know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum InputRole {
    /// The instructions before the conversation.
    System,
    /// The person who asks.
    User,
    /// The model that answers.
    Assistant,
}

/// How the next token is chosen; for absent parameters the provider's default applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sampling {
    /// How evenly the model chooses among likely tokens; 0 always takes the likeliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// The model chooses among the likeliest tokens whose probabilities add up to this, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// The seed of the random choices; not every provider uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// The most tokens in one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}
