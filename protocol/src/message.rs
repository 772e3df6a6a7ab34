//! One entry of a transcript.

use serde::{Deserialize, Serialize};

use crate::{MessageId, Timestamp, TurnId};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    User,
    Assistant,
}

/// A user's or the model's text. History is append-only: an edit or a retry makes a
/// sibling with the same `parent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    pub id: MessageId,
    /// The message this one answers or continues; none for the first of a conversation.
    pub parent: Option<MessageId>,
    pub role: Role,
    /// For an assistant, as much as has been committed.
    pub text: String,
    /// The model's thinking, as much as has been committed: beside the text, never in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// 1970-01-01T00:00:00Z where nobody knows, in imported conversations.
    pub created_at: Timestamp,
    /// For an assistant the turn that wrote it, for a user the turn it first asked for.
    pub turn_id: Option<TurnId>,
    /// An assistant's text as HTML, block by block, where it was asked for. Never in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<Vec<String>>,
}
