//! The requests that begin or end a turn, and their answers.

use serde::{Deserialize, Serialize};

use crate::{
    Cursor, Effort, Message, MessageId, ProviderName, Temperature, Turn, TurnId, UtcOffset,
    is_default,
};

/// `POST .../messages`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendMessage {
    /// Made by the client. A repeated request with the same id gets the same answer.
    pub id: MessageId,
    /// The words of the user; not blank, and at most `message_chars` characters.
    pub text: String,
    /// The message that this one follows; the newest one by default.
    #[serde(default)]
    pub parent: Option<MessageId>,
    /// A user message of which this one is another version, so that both have the same parent.
    /// Cannot be combined with `parent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<MessageId>,
    /// What its answer is asked for with, instead of what the conversation has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub with: AnswerWith,
    /// Further answers to it, at most 3, which are asked for one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AnswerWith>,
    /// The UTC offset of the sender's clock, because the prompt names the sender's date. UTC by
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<UtcOffset>,
}

impl SendMessage {
    /// A message that follows the newest one.
    pub fn new(id: MessageId, text: impl Into<String>) -> Self {
        let (parent, edits, utc_offset) = (None, None, None);
        let (with, also) = (AnswerWith::default(), Vec::new());
        Self { id, text: text.into(), parent, edits, with, also, utc_offset }
    }
}

/// `POST .../turns`: another answer to a message that was answered before, or the continuation of
/// an answer. Existing messages stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskAgain {
    /// The id of the new turn, made by the client. A repeated request with the same id gets the
    /// same answer.
    pub id: TurnId,
    /// The user message to answer.
    pub question: MessageId,
    /// An answer to it that was cut off: the new one begins with its text and continues it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<MessageId>,
    /// A turn for this message that used up its budget with thinking: the new one asks with the
    /// least effort that the model accepts, or with a larger budget if that does not help. Cannot
    /// be combined with `continues`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_now: Option<TurnId>,
    /// What this one answer is asked for with, instead of what the conversation has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub with: AnswerWith,
    /// As in [`SendMessage`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AnswerWith>,
    /// As in [`SendMessage`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<UtcOffset>,
}

impl AskAgain {
    /// Asks for another answer to `question` in the same way.
    pub fn new(id: TurnId, question: MessageId) -> Self {
        let (continues, answer_now, utc_offset) = (None, None, None);
        let (with, also) = (AnswerWith::default(), Vec::new());
        Self { id, question, continues, answer_now, with, also, utc_offset }
    }
}

/// `PATCH .../messages/{mid}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchMessage {
    /// Whether the message is left out of what models are sent from the next turn on. It stays in the
    /// conversation.
    pub omitted: bool,
}

/// `POST .../turns/{tid}/edit`: the reader's own version of the turn's answer. The answer stays as it
/// is, and the new one stands beside it. No model is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditAnswer {
    /// The id of the new turn, made by the client. A repeated request with the same id gets the
    /// same answer.
    pub id: TurnId,
    /// The new text; not blank, and at most `message_chars` characters.
    pub text: String,
}

/// The model and parameters of one answer. The conversation's own apply to what is absent, and to
/// all further answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerWith {
    /// Another provider; without `model`, its default model answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// Another model of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// A reasoning effort that the model accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// The temperature, from 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f32>))]
    pub temperature: Option<Temperature>,
}

/// The answer to a sent message once it is committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    /// The user message as it was stored.
    pub message: Message,
    /// The turn that answers it, in the state in which it was accepted.
    pub turn: Turn,
    /// The position after the event that accepted the turn.
    pub cursor: Cursor,
}

/// The answer to a cancel. It is sent when the work has really ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cancelled {
    /// The turn in its final state; null if no turn was running.
    pub turn: Option<Turn>,
}
