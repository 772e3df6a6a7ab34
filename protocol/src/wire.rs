//! What goes to an observer, over the WebSocket as text frames and over SSE as events.

use serde::{Deserialize, Serialize};

use crate::{Cursor, Error, Event, MessageId, RuntimeId, Snapshot, WorkerId};

/// An event with where it comes from and the cursor after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope {
    pub cursor: Cursor,
    pub runtime_id: RuntimeId,
    pub worker_id: WorkerId,
    pub event: Event,
    /// What the event changes of a message's HTML, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<HtmlPatch>,
}

/// How a message's HTML changes: the blocks from `from` on are these now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HtmlPatch {
    pub message_id: MessageId,
    /// How many blocks stay as they are.
    pub from: usize,
    pub blocks: Vec<String>,
}

/// One frame to an observer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Frame {
    /// Where to begin: the first frame without a cursor, and after a `stale_cursor` notice.
    Snapshot { runtime_id: RuntimeId, worker_id: WorkerId, snapshot: Box<Snapshot> },
    /// The next event.
    Event(Box<Envelope>),
    /// Something to know; the stream goes on.
    Notice { error: Error },
    /// The last frame.
    Close { reason: CloseReason },
}

/// Why the server ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CloseReason {
    /// The server is going down; come back.
    Shutdown,
    /// The worker was deleted.
    Deleted,
    /// The client sent something that is not allowed.
    InvalidInput,
    /// The log could not be read.
    Internal,
}

impl CloseReason {
    /// The WebSocket close code.
    pub fn code(self) -> u16 {
        match self {
            Self::Shutdown => 1001,
            Self::InvalidInput => 1008,
            Self::Internal => 1011,
            Self::Deleted => 4404,
        }
    }

    /// The reason in the close frame: the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shutdown => "shutdown",
            Self::InvalidInput => "invalid_input",
            Self::Internal => "internal",
            Self::Deleted => "deleted",
        }
    }
}
