//! The stream to an observer: text frames over the WebSocket, or events over SSE.

use serde::{Deserialize, Serialize};

use crate::{Cursor, Error, Event, MessageId, Progress, RuntimeId, Snapshot, TurnId, WorkerId};

/// An event with its origin and the cursor after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope {
    pub cursor: Cursor,
    pub runtime_id: RuntimeId,
    pub worker_id: WorkerId,
    pub event: Event,
    /// How the event changes a message's HTML, if HTML was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<HtmlPatch>,
}

/// A change of a message's HTML: either `blocks` replace all blocks from `from` on, or block
/// `from`, which is the last one, is extended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HtmlPatch {
    pub message_id: MessageId,
    /// The number of blocks that stay as they are.
    pub from: usize,
    /// Empty if a block is extended.
    pub blocks: Vec<String>,
    /// The extension of block `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub append: Option<HtmlAppend>,
}

/// Text to add at the end of a block, so that a long block is not sent again with each piece of
/// text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HtmlAppend {
    /// Text as HTML, without tags.
    pub text: String,
    /// The number of bytes at the end of the block before which the text is inserted. They are end
    /// tags with nothing but white space between them.
    pub before: usize,
}

impl HtmlPatch {
    /// Applies the change. A change that does not fit has no effect.
    pub fn apply(self, blocks: &mut Vec<String>) {
        match self.append {
            None => {
                blocks.truncate(self.from);
                blocks.extend(self.blocks);
            }
            Some(append) => {
                if let Some(block) = blocks.get_mut(self.from) {
                    append.apply(block);
                }
            }
        }
    }
}

impl HtmlAppend {
    /// Adds the text to a block. Where it does not fit, it changes nothing and says so.
    pub fn apply(&self, block: &mut String) -> bool {
        let place = block.len().checked_sub(self.before).filter(|at| block.is_char_boundary(*at));
        if let Some(at) = place {
            block.insert_str(at, &self.text);
        }
        place.is_some()
    }
}

/// One frame to an observer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Frame {
    /// The starting state: the first frame if no cursor was given, and after a `stale_cursor`
    /// notice.
    Snapshot { runtime_id: RuntimeId, worker_id: WorkerId, snapshot: Box<Snapshot> },
    /// The next event.
    Event(Box<Envelope>),
    /// The progress of the model with reading the running turn's prompt. It is not in the log, so
    /// there is no cursor. Sent a few times a second at most, and only for the local model.
    Progress { runtime_id: RuntimeId, worker_id: WorkerId, turn_id: TurnId, progress: Progress },
    /// A notice; the stream goes on.
    Notice { error: Error },
    /// The last frame.
    Close { reason: CloseReason },
}

/// Why the server ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CloseReason {
    /// The server is shutting down; the client should reconnect.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_is_inserted_before_the_end_tags_or_changes_nothing() {
        let append = |before: usize| HtmlAppend { text: "b".into(), before };
        for (block, before, after) in
            [("(a)", 1, Some("(ab)")), ("(a)", 0, Some("(a)b")), ("(日)", 2, None), ("a", 9, None)]
        {
            let mut changed = block.to_owned();
            assert_eq!(append(before).apply(&mut changed), after.is_some(), "{block}");
            assert_eq!(changed, after.unwrap_or(block));
        }
    }

    #[test]
    fn a_patch_replaces_blocks_or_appends_to_one() {
        let patch = |from, blocks: &[&str], append| HtmlPatch {
            message_id: MessageId::from_parts(1, [1; 10]),
            from,
            blocks: blocks.iter().map(|block| (*block).to_owned()).collect(),
            append,
        };
        let mut blocks = vec!["a".to_owned(), "b".to_owned()];
        patch(1, &["c", "d"], None).apply(&mut blocks);
        assert_eq!(blocks, ["a", "c", "d"]);
        patch(2, &[], Some(HtmlAppend { text: "e".into(), before: 0 })).apply(&mut blocks);
        patch(9, &[], Some(HtmlAppend { text: "e".into(), before: 0 })).apply(&mut blocks);
        assert_eq!(blocks, ["a", "c", "de"]);
    }
}
