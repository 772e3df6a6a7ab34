//! Requests and answers about shares: read-only copies of conversations.

use serde::{Deserialize, Serialize};

use crate::{MessageId, Timestamp, WorkerId};

/// A share of the own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareSummary {
    /// The share's number, by which it is revoked.
    pub id: i64,
    /// The conversation that it is a copy of.
    pub worker_id: WorkerId,
    /// Where everybody who knows it can read the copy, such as `/s/0123…`; it follows the address of
    /// this server.
    pub path: String,
    /// The conversation's title at the time.
    pub title: Option<String>,
    /// How many messages it has.
    pub messages: u32,
    /// Whether it has the model's thinking.
    pub thinking: bool,
    /// Whether it has the system prompts.
    pub system_prompt: bool,
    /// How large it is in the database.
    pub bytes: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it can be read now: not while the conversation is deleted and can be restored, and not
    /// while sharing is switched off.
    pub open: bool,
}

/// `GET /api/v1/shares`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareList {
    /// All that have not ended, the newest first.
    pub shares: Vec<ShareSummary>,
}

/// `POST /api/v1/runtimes/{rid}/workers/{wid}/shares`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateShare {
    /// The last message of the copy; without it, the newest of the conversation.
    #[serde(default)]
    pub until: Option<MessageId>,
    /// Whether the model's thinking is copied, too.
    #[serde(default)]
    pub thinking: bool,
    /// Whether the system prompts are copied, too.
    #[serde(default)]
    pub system_prompt: bool,
    /// After how many days it ends: 1, 7, 30 or 365.
    #[serde(default = "thirty")]
    pub days: u32,
}

fn thirty() -> u32 {
    30
}
