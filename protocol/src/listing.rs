//! The stream that follows the list of workers.

use serde::{Deserialize, Serialize};

use crate::{CloseReason, Cursor, RuntimeId, Worker, WorkerId};

/// One frame about the list. A reader that lags gets the newest state of each changed worker, and
/// none of the states in between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ListFrame {
    /// The starting position: the first frame, and repeated when more has changed than is
    /// remembered.
    Hello {
        /// The runtime whose list is followed.
        runtime_id: RuntimeId,
        /// The position from which the following frames continue.
        cursor: Cursor,
        /// Whether all changes since the given cursor follow. If not, the reader has to read its
        /// pages of the list again, and continues from here.
        resumed: bool,
    },
    /// A worker that is new, restored or changed.
    Worker {
        /// The position after this change.
        cursor: Cursor,
        /// The newest summary, which may contain later changes, too.
        worker: Box<Worker>,
    },
    /// A worker that was deleted.
    Deleted {
        /// The position after the deletion.
        cursor: Cursor,
        /// The worker that is no longer listed.
        worker_id: WorkerId,
    },
    /// The last frame.
    Close {
        /// Whether the client should reconnect follows from this.
        reason: CloseReason,
    },
}

impl ListFrame {
    /// The cursor from which a reader that has seen this frame continues.
    pub fn cursor(&self) -> Option<&Cursor> {
        match self {
            Self::Hello { cursor, .. }
            | Self::Worker { cursor, .. }
            | Self::Deleted { cursor, .. } => Some(cursor),
            Self::Close { .. } => None,
        }
    }
}
