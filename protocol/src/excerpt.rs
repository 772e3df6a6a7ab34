//! A branch of a conversation as a document: without its log, without ids, without anything that
//! leads back to the place that it comes from.

use serde::{Deserialize, Serialize};

use crate::{Role, Timestamp, TurnState};

/// Which parts an excerpt has besides the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExcerptParts {
    /// The model's thinking.
    pub reasoning: bool,
    /// The system prompts that the answers were made with.
    pub prompts: bool,
}

/// A copy of a branch, from its first message to one that was chosen. It holds no id, no account and
/// no error of an endpoint, so all of it may be shown to people who are not its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The conversation's title at the time.
    pub title: Option<String>,
    /// The system prompts in the order in which they came into force, each once; empty unless
    /// [`ExcerptParts::prompts`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<String>,
    /// Oldest first.
    pub messages: Vec<ExcerptMessage>,
    /// How many entries of the conversation's log could not be read, so that something is missing.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub lost: u64,
}

/// A message of an excerpt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcerptMessage {
    /// Who wrote it.
    pub role: Role,
    /// The text as it was written.
    pub text: String,
    /// The thinking of an answer; empty unless [`ExcerptParts::reasoning`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// The model that wrote an answer, as its provider names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// As in [`crate::Message`].
    pub created_at: Timestamp,
    /// The state of an answer that is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<TurnState>,
    /// Whether the reader of the conversation wrote this version of an answer.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub edited: bool,
}

impl Excerpt {
    /// Whether nobody would see any text in it.
    pub fn is_blank(&self) -> bool {
        self.messages.iter().all(|message| message.text.trim().is_empty())
    }
}
