//! The answer to a search.

use serde::{Deserialize, Serialize};

use crate::{MessageId, Role, Timestamp, Worker};

/// `GET /api/v1/runtimes/{rid}/search`: texts that contain all the words, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchPage {
    /// One hit for each message, in a page of at most the requested number.
    pub hits: Vec<SearchHit>,
    /// The value of `before` for the next page; null if there is none.
    pub next_before: Option<u64>,
    /// Whether the time ran out before older texts were searched. `next_before` continues the
    /// search.
    pub cut_short: bool,
}

/// A message, or a title, that contains all the words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchHit {
    /// The conversation of the message or title.
    pub worker: Worker,
    /// The message; null if the hit is the conversation's title.
    pub message: Option<HitMessage>,
    /// The text around the first hit, as consecutive pieces.
    pub snippet: Vec<SnippetPiece>,
}

/// The message of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HitMessage {
    /// The id by which `around` of the transcript finds the message.
    pub id: MessageId,
    /// Whether the user or the model wrote the words that were found.
    pub role: Role,
    /// When the message was committed; 1970-01-01T00:00:00Z if it is unknown.
    pub created_at: Timestamp,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnippetPiece {
    /// Words of the message or title as they were written, but with a single space for each run of
    /// white space.
    pub text: String,
    /// Whether the piece matches one of the words.
    pub hit: bool,
}
