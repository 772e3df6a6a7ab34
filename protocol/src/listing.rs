//! What goes to whoever follows the list of workers.

use serde::{Deserialize, Serialize};

use crate::{CloseReason, Cursor, RuntimeId, Worker, WorkerId};

/// One frame about the list. A reader that lags is told the newest state of each worker that
/// changed, and nothing of what came between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ListFrame {
    /// Where to begin: the first frame, and any time that more has changed than is remembered.
    Hello {
        runtime_id: RuntimeId,
        cursor: Cursor,
        /// Whether everything since the cursor that was given follows. If not, the reader
        /// reads its pages of the list again, and goes on from here.
        resumed: bool,
    },
    /// A worker that is new, came back, or is not as it was.
    Worker { cursor: Cursor, worker: Box<Worker> },
    /// A worker that is gone.
    Deleted { cursor: Cursor, worker_id: WorkerId },
    /// The last frame.
    Close { reason: CloseReason },
}

impl ListFrame {
    /// Where a reader that saw the frame goes on.
    pub fn cursor(&self) -> Option<&Cursor> {
        match self {
            Self::Hello { cursor, .. }
            | Self::Worker { cursor, .. }
            | Self::Deleted { cursor, .. } => Some(cursor),
            Self::Close { .. } => None,
        }
    }
}
