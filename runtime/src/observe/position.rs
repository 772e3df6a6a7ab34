//! An observer's position in a log, and in the text of the answer that it follows; pure.

use std::mem::{Discriminant, discriminant};

use protocol::{Event, EventBody, MessageId};

/// The last event that an observer was handed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    seq: u64,
    /// Where the text of that event ends; `None` if it is no delta, or not known.
    end: Option<TextEnd>,
}

/// The end of a delta.
#[derive(Clone, Copy, Debug, PartialEq)]
struct TextEnd {
    kind: Discriminant<EventBody>,
    message_id: MessageId,
    /// Bytes of the message's text or reasoning.
    bytes: u64,
}

impl Position {
    /// The position of an observer that was handed everything up to `seq`.
    pub(super) fn at(seq: u64) -> Self {
        Self { seq, end: None }
    }

    pub(super) fn seq(self) -> u64 {
        self.seq
    }

    /// Moves behind an event. Returns whether it is a delta that continues the last event.
    pub(super) fn advance(&mut self, event: &Event) -> bool {
        let continues = event.first_seq() == self.seq + 1
            && self.end.is_some_and(|end| TextEnd::before(event) == Some(end));
        (self.seq, self.end) = (event.seq, TextEnd::after(event));
        continues
    }

    /// Removes the beginning of a delta that the observer was handed already: when a turn ends, all
    /// its deltas become one, of which an observer that follows has seen a part. Other events stay
    /// as they are.
    pub(super) fn cut(self, mut event: Event) -> Event {
        let (Some(end), Some(before)) = (self.end, TextEnd::before(&event)) else { return event };
        let is_same = (end.kind, end.message_id) == (before.kind, before.message_id);
        if !is_same || !(event.first_seq()..event.seq).contains(&self.seq) {
            return event;
        }
        let Some(known) = end.bytes.checked_sub(before.bytes) else { return event };
        let (EventBody::TextDelta { offset, text, .. }
        | EventBody::ReasoningDelta { offset, text, .. }) = &mut event.body
        else {
            return event;
        };
        let Some(rest) = usize::try_from(known).ok().and_then(|known| text.get(known..)) else {
            return event;
        };
        (*text, *offset) = (rest.to_owned(), end.bytes);
        event.first_seq = (self.seq + 1 != event.seq).then_some(self.seq + 1);
        event
    }
}

impl TextEnd {
    /// Where the text before a delta ends.
    fn before(event: &Event) -> Option<Self> {
        let (message_id, bytes, _) = event.body.piece()?;
        Some(Self { kind: discriminant(&event.body), message_id, bytes })
    }

    fn after(event: &Event) -> Option<Self> {
        let (message_id, offset, text) = event.body.piece()?;
        let bytes = offset + text.len() as u64;
        Some(Self { kind: discriminant(&event.body), message_id, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Timestamp, TurnId};

    fn delta(first_seq: Option<u64>, seq: u64, offset: u64, text: &str) -> Event {
        let (turn_id, message_id) =
            (TurnId::from_parts(1, [1; 10]), MessageId::from_parts(1, [2; 10]));
        let body = EventBody::TextDelta { turn_id, message_id, offset, text: text.to_owned() };
        Event { seq, first_seq, at: Timestamp::from_unix_ms(0), body }
    }

    fn thought(seq: u64, offset: u64, text: &str) -> Event {
        let mut event = delta(None, seq, offset, text);
        if let EventBody::TextDelta { turn_id, message_id, offset, text } = event.body {
            event.body = EventBody::ReasoningDelta { turn_id, message_id, offset, text };
        }
        event
    }

    #[test]
    fn a_delta_continues_the_one_that_ends_where_it_begins() {
        let mut position = Position::at(4);
        assert!(!position.advance(&delta(None, 5, 0, "ab")), "the text before is not known");
        assert!(position.advance(&delta(None, 6, 2, "c")));
        assert!(position.advance(&delta(Some(7), 9, 3, "def")));
        assert!(!position.advance(&thought(10, 0, "hm")), "reasoning is another text");
        assert!(!position.advance(&delta(None, 11, 6, "g")));
        assert!(!position.advance(&delta(None, 12, 9, "h")), "a gap in the text");
        assert!(!position.advance(&delta(None, 14, 10, "i")), "a gap in the log");
    }

    #[test]
    fn what_the_observer_has_is_cut_off_a_folded_delta() {
        let folded = delta(Some(3), 8, 10, "aébcd");
        let mut position = Position::at(2);
        assert_eq!(position.cut(folded.clone()), folded, "all of it is new");
        position.advance(&delta(None, 3, 10, "aé"));
        assert_eq!(position.cut(folded.clone()), delta(Some(4), 8, 13, "bcd"));
        position.advance(&delta(Some(4), 7, 13, "bc"));
        assert_eq!(position.cut(folded.clone()), delta(None, 8, 15, "d"));
        assert_eq!(
            Position::at(7).cut(folded.clone()),
            folded,
            "it is not known which part is new"
        );
        let mut elsewhere = Position::at(2);
        elsewhere.advance(&thought(3, 10, "aé"));
        assert_eq!(elsewhere.cut(folded.clone()), folded);
        let mut inside = Position::at(2);
        inside.advance(&delta(None, 3, 10, "ab"));
        assert_eq!(inside.cut(folded.clone()), folded, "no character is split");
    }
}
