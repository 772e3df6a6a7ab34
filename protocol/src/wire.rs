//! The stream to an observer: text frames over the WebSocket, or events over SSE.

use serde::{Deserialize, Serialize};

use crate::{
    Cursor, Error, Event, EventBody, MessageId, Progress, RuntimeId, Snapshot, TurnId, WorkerId,
};

/// An event with its origin and the cursor after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope {
    /// The position after the event, to resume from.
    pub cursor: Cursor,
    /// The runtime that holds the worker.
    pub runtime_id: RuntimeId,
    /// The worker whose log the event is from.
    pub worker_id: WorkerId,
    /// The event as it was committed, or a run of deltas as one.
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
    /// The message whose blocks change.
    pub message_id: MessageId,
    /// The number of blocks that stay as they are.
    pub from: usize,
    /// Empty if a block is extended.
    pub blocks: Vec<String>,
    /// The extension of block `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub append: Option<HtmlAppend>,
}

/// An [`HtmlPatch`] of the message that a stream's last frames are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HtmlChange {
    /// The number of blocks that stay as they are.
    pub from: usize,
    /// Absent if a block is extended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<String>,
    /// The extension of block `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub append: Option<HtmlAppend>,
}

impl HtmlPatch {
    /// The change without its message.
    fn change(self) -> HtmlChange {
        let Self { from, blocks, append, .. } = self;
        HtmlChange { from, blocks, append }
    }
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
    Snapshot {
        /// The runtime that holds the worker.
        runtime_id: RuntimeId,
        /// The worker that is followed.
        worker_id: WorkerId,
        /// The state to begin with; the cursor is in its transcript.
        snapshot: Box<Snapshot>,
    },
    /// The next event.
    Event(Box<Envelope>),
    /// More text of the delta that the last frame `event` or `more` carried: the next delta of the
    /// same turn and message, of the same kind, which begins where that one ended. The ids and the
    /// offset, which do not change or can be counted, are left out.
    More {
        /// The position in the log, so that a repeated or missing frame is noticed.
        seq: u64,
        /// The piece of text or reasoning; whole UTF-8 characters.
        text: String,
        /// How the text changes the message's HTML, if HTML was requested.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        html: Option<HtmlChange>,
    },
    /// The progress of the model with reading the running turn's prompt. It is not in the log, so
    /// there is no cursor. Sent a few times a second at most, and only for the local model.
    Progress {
        /// The runtime that holds the worker.
        runtime_id: RuntimeId,
        /// The worker that is followed.
        worker_id: WorkerId,
        /// The running turn.
        turn_id: TurnId,
        /// The newest report; it replaces earlier ones of the turn.
        progress: Progress,
    },
    /// A notice; the stream goes on.
    Notice {
        /// For example `stale_cursor`, after which a snapshot follows.
        error: Error,
    },
    /// The last frame.
    Close {
        /// Whether the client should reconnect follows from this.
        reason: CloseReason,
    },
}

impl Frame {
    /// The short form of an event for an observer whose last event it continues; `None` if it is no
    /// delta, or stands for several positions.
    pub fn more(envelope: &Envelope, html: Option<HtmlPatch>) -> Option<Self> {
        let Event { seq, first_seq: None, body, .. } = &envelope.event else { return None };
        let (_, _, text) = body.piece()?;
        Some(Self::More { seq: *seq, text: text.to_owned(), html: html.map(HtmlPatch::change) })
    }
}

/// Makes whole events of a stream's short frames.
#[derive(Clone, Debug, Default)]
pub struct FrameExpander {
    /// The last event of the stream, if it is a delta; its text is not kept.
    last: Option<Envelope>,
    /// Where the text of that delta ends.
    end: u64,
}

impl FrameExpander {
    /// The next frame of the stream, with a frame `more` as the event that it stands for: a frame
    /// that comes again, or after one that is missing, as an event at its position, which the fold
    /// takes for what it is. `None` if it continues nothing, which a server does not send.
    pub fn expand(&mut self, frame: Frame) -> Option<Frame> {
        let envelope = match frame {
            Frame::Event(envelope) => envelope,
            Frame::More { seq, text, html } => {
                let envelope = Box::new(self.continued(seq, text, html)?);
                let is_next = self
                    .last
                    .as_ref()
                    .is_some_and(|last| last.event.seq.checked_add(1) == Some(seq));
                if !is_next {
                    return Some(Frame::Event(envelope));
                }
                envelope
            }
            other => return Some(other),
        };
        let piece = envelope
            .event
            .body
            .piece()
            .map(|(_, offset, text)| offset.saturating_add(text.len() as u64));
        self.last = piece.map(|_| without_text(&envelope));
        self.end = piece.unwrap_or(0);
        Some(Frame::Event(envelope))
    }

    fn continued(&self, seq: u64, more: String, html: Option<HtmlChange>) -> Option<Envelope> {
        let mut envelope = self.last.clone()?;
        let (message_id, ..) = envelope.event.body.piece()?;
        envelope.cursor = envelope.cursor.moved(seq)?;
        (envelope.event.seq, envelope.event.first_seq) = (seq, None);
        let (EventBody::TextDelta { offset, text, .. }
        | EventBody::ReasoningDelta { offset, text, .. }) = &mut envelope.event.body
        else {
            return None;
        };
        (*offset, *text) = (self.end, more);
        let patch =
            |HtmlChange { from, blocks, append }| HtmlPatch { message_id, from, blocks, append };
        envelope.html = html.map(patch);
        Some(envelope)
    }
}

/// The parts of a delta that the next one shares.
fn without_text(envelope: &Envelope) -> Envelope {
    let Envelope { cursor, runtime_id, worker_id, event, .. } = envelope;
    let body = match &event.body {
        EventBody::TextDelta { turn_id, message_id, offset, .. } => EventBody::TextDelta {
            turn_id: *turn_id,
            message_id: *message_id,
            offset: *offset,
            text: String::new(),
        },
        EventBody::ReasoningDelta { turn_id, message_id, offset, .. } => {
            EventBody::ReasoningDelta {
                turn_id: *turn_id,
                message_id: *message_id,
                offset: *offset,
                text: String::new(),
            }
        }
        other => other.clone(),
    };
    Envelope {
        cursor: cursor.clone(),
        runtime_id: runtime_id.clone(),
        worker_id: *worker_id,
        event: Event { seq: event.seq, first_seq: event.first_seq, at: event.at, body },
        html: None,
    }
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
    /// The session or token by which the stream was opened has ended.
    Unauthorized,
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
            Self::Unauthorized => 4401,
            Self::Deleted => 4404,
        }
    }

    /// The reason in the close frame: the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shutdown => "shutdown",
            Self::InvalidInput => "invalid_input",
            Self::Internal => "internal",
            Self::Unauthorized => "unauthorized",
            Self::Deleted => "deleted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogId, Timestamp};

    fn delta(first_seq: Option<u64>, seq: u64, offset: u64, text: &str) -> Envelope {
        let (turn_id, message_id) =
            (TurnId::from_parts(1, [1; 10]), MessageId::from_parts(1, [2; 10]));
        let body = EventBody::TextDelta { turn_id, message_id, offset, text: text.to_owned() };
        Envelope {
            cursor: Cursor::new(LogId(7), seq),
            runtime_id: "backend-internal".parse().unwrap(),
            worker_id: WorkerId::from_parts(1, [3; 10]),
            event: Event { seq, first_seq, at: Timestamp::from_unix_ms(5), body },
            html: None,
        }
    }

    #[test]
    fn short_frames_become_the_events_that_they_stand_for() {
        let message_id = MessageId::from_parts(1, [2; 10]);
        let mut last = delta(None, 11, 10, "g");
        last.html = Some(HtmlPatch { message_id, from: 2, blocks: vec!["b".into()], append: None });
        let sent = [delta(None, 9, 4, "日本"), delta(None, 10, 10, ""), last];
        let mut expander = FrameExpander::default();
        let first = Frame::Event(Box::new(sent[0].clone()));
        assert_eq!(expander.expand(first.clone()), Some(first));
        for envelope in &sent[1..] {
            let short = Frame::more(envelope, envelope.html.clone()).unwrap();
            let text = serde_json::to_string(&short).unwrap();
            let short: Frame = serde_json::from_str(&text).unwrap();
            assert_eq!(
                expander.expand(short),
                Some(Frame::Event(Box::new(envelope.clone()))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_short_frame_that_continues_nothing_is_refused() {
        let more = || Frame::More { seq: 9, text: "a".to_owned(), html: None };
        let mut expander = FrameExpander::default();
        assert_eq!(expander.expand(more()), None);
        let mut other = delta(None, 9, 4, "b");
        other.event.body = EventBody::WorkerStopped;
        expander.expand(Frame::Event(Box::new(delta(None, 8, 4, "b"))));
        expander.expand(Frame::Event(Box::new(other)));
        assert_eq!(expander.expand(more()), None);
        assert!(Frame::more(&delta(None, 1, 0, ""), None).is_some());
        assert_eq!(Frame::more(&delta(Some(1), 2, 0, ""), None), None, "it stands for two");
    }

    #[test]
    fn positions_and_offsets_at_the_end_of_their_range_are_read() {
        let mut expander = FrameExpander::default();
        expander.expand(Frame::Event(Box::new(delta(None, u64::MAX, u64::MAX, "b"))));
        let more = Frame::More { seq: u64::MAX, text: "a".to_owned(), html: None };
        let Some(Frame::Event(envelope)) = expander.expand(more) else { panic!() };
        assert_eq!(envelope.event.body.piece().map(|piece| piece.1), Some(u64::MAX));
    }

    #[test]
    fn a_short_frame_that_comes_again_or_after_a_gap_keeps_its_position() {
        let short = |seq| Frame::More { seq, text: "a".to_owned(), html: None };
        let mut expander = FrameExpander::default();
        expander.expand(Frame::Event(Box::new(delta(None, 8, 4, "b"))));
        let mut seqs = Vec::new();
        for seq in [9, 9, 8, 12, 10] {
            let Some(Frame::Event(envelope)) = expander.expand(short(seq)) else { panic!() };
            assert_eq!(envelope.cursor, Cursor::new(LogId(7), seq));
            seqs.push((envelope.event.seq, envelope.event.body.piece().map(|piece| piece.1)));
        }
        // The frame after the gap is the one that the repaired stream goes on with.
        let offsets = [5, 6, 6, 6, 6].map(Some);
        assert_eq!(seqs, [9, 9, 8, 12, 10].into_iter().zip(offsets).collect::<Vec<_>>());
    }

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
