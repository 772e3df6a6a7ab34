//! The stored form of a streamed piece, in postcard's format
//! (<https://postcard.jamesmunns.com/wire-format>).

use protocol::{Event, EventBody, MessageId, Timestamp, TurnId};
use serde::{Deserialize, Serialize};

/// A delta of a running answer. The row that it is part of has no other columns, so it says by itself
/// where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Piece<'a> {
    /// The conversation's key.
    pub(super) worker: i64,
    /// The answer's ids, with the first piece that the table holds of it.
    pub(super) ids: Option<Ids>,
    pub(super) seq: u64,
    pub(super) at_ms: i64,
    pub(super) kind: Kind,
    /// The offset in the message, in bytes.
    pub(super) offset: u64,
    pub(super) text: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ids {
    turn: [u8; 16],
    message: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Text,
    Reasoning,
}

impl Ids {
    pub(super) fn new(turn: TurnId, message: MessageId) -> Self {
        Self { turn: *turn.as_bytes(), message: *message.as_bytes() }
    }

    /// `None` if one of them is no id.
    pub(super) fn read(self) -> Option<(TurnId, MessageId)> {
        let turn = TurnId::from_slice(&self.turn).ok()?;
        Some((turn, MessageId::from_slice(&self.message).ok()?))
    }
}

/// The ids of the answer that a delta belongs to; `None` for every other event, and for a delta that
/// stands for several.
pub(super) fn ids(event: &Event) -> Option<(TurnId, MessageId)> {
    match &event.body {
        _ if event.first_seq.is_some() => None,
        EventBody::TextDelta { turn_id, message_id, .. }
        | EventBody::ReasoningDelta { turn_id, message_id, .. } => Some((*turn_id, *message_id)),
        _ => None,
    }
}

impl<'a> Piece<'a> {
    /// The stored form of a delta; `None` for every other event.
    pub(super) fn of(worker: i64, ids: Option<Ids>, event: &'a Event) -> Option<Self> {
        let kind = match &event.body {
            EventBody::TextDelta { .. } => Kind::Text,
            EventBody::ReasoningDelta { .. } => Kind::Reasoning,
            _ => return None,
        };
        let (_, offset, text) = event.body.piece()?;
        Some(Self { worker, ids, seq: event.seq, at_ms: event.at.unix_ms(), kind, offset, text })
    }

    pub(super) fn event(&self, turn_id: TurnId, message_id: MessageId) -> Event {
        let (offset, text) = (self.offset, self.text.to_owned());
        let body = match self.kind {
            Kind::Text => EventBody::TextDelta { turn_id, message_id, offset, text },
            Kind::Reasoning => EventBody::ReasoningDelta { turn_id, message_id, offset, text },
        };
        let at = Timestamp::from_unix_ms(self.at_ms);
        Event { seq: self.seq, first_seq: None, at, body }
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) -> postcard::Result<()> {
        bytes.extend_from_slice(&postcard::to_allocvec(self)?);
        Ok(())
    }
}

/// The pieces of a row. The last one is an error if the row is damaged.
pub(super) fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = postcard::Result<Piece<'_>>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let read = postcard::take_from_bytes(bytes);
        bytes = read.as_ref().map_or(&[][..], |(_, rest)| rest);
        Some(read.map(|(piece, _)| piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_read_as_it_was_written() {
        let ids = (TurnId::from_parts(2, [7; 10]), MessageId::from_parts(1, [9; 10]));
        let mut bytes = Vec::new();
        let mut written = Vec::new();
        for (seq, text) in ["", "plain", "\"quoted\" \\ \n \u{0} 🦀 </p>"].iter().enumerate() {
            let seq = seq as u64 + 1;
            for kind in [Kind::Text, Kind::Reasoning] {
                let ids = (seq == 1).then(|| Ids::new(ids.0, ids.1));
                let piece = Piece { worker: -1, ids, seq, at_ms: 1 << 40, kind, offset: 300, text };
                piece.write(&mut bytes).unwrap();
                written.push(piece);
            }
        }
        let read: Vec<Piece<'_>> = pieces(&bytes).collect::<Result<_, _>>().unwrap();
        assert_eq!(read, written);
        for piece in &read {
            let event = piece.event(ids.0, ids.1);
            assert_eq!(Piece::of(-1, piece.ids, &event), Some(*piece));
            assert_eq!(super::ids(&event), Some(ids));
        }
        assert_eq!(read[0].ids.and_then(Ids::read), Some(ids));
    }

    #[test]
    fn a_damaged_row_ends_with_an_error() {
        let piece = Piece {
            worker: 1,
            ids: None,
            seq: 1,
            at_ms: 0,
            kind: Kind::Text,
            offset: 0,
            text: "é",
        };
        let mut bytes = Vec::new();
        piece.write(&mut bytes).unwrap();
        let whole = bytes.len();
        piece.write(&mut bytes).unwrap();
        for end in 1..whole {
            let read: Vec<_> = pieces(&bytes[..whole + end]).collect();
            assert_eq!(read.len(), 2, "{end}");
            assert!(read[0].is_ok() && read[1].is_err(), "{end}");
        }
        bytes[whole - 1] = 0xff;
        assert!(pieces(&bytes).any(|piece| piece.is_err()), "it is not UTF-8");
    }
}
