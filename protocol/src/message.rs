//! One entry of a transcript.

use serde::{Deserialize, Serialize};

use crate::{MessageId, Timestamp, TurnId};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// The person who talks with the model.
    User,
    /// The model, or several in turn, if the answer was continued by another one.
    Assistant,
}

/// A text of the user or the model. History is append-only: an edit or a retry makes a sibling with
/// the same `parent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Unique in the worker. A user message's id is made by the client, an answer's by the runtime.
    pub id: MessageId,
    /// The message that this one answers or follows; null for the first one of a conversation.
    pub parent: Option<MessageId>,
    /// Whether it is a question or an answer.
    pub role: Role,
    /// For an assistant's message, the text that has been committed so far.
    pub text: String,
    /// The model's thinking that has been committed so far. It is never part of the text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// 1970-01-01T00:00:00Z if it is unknown, as in imported conversations.
    pub created_at: Timestamp,
    /// For an assistant's message, the turn that wrote it; for a user's, the first turn that was
    /// asked for.
    pub turn_id: Option<TurnId>,
    /// An assistant's text as HTML, block by block, if it was requested. Never in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<Vec<String>>,
}
