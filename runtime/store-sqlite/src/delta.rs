//! The stored form of a delta: an array instead of an object with the names of its fields.
//!
//! Most rows of an answer in the log are deltas, each a run of text. As JSON objects with some twenty
//! bytes of text they took 265 bytes and eight times as long to read. The array has everything that
//! the object had, so that a row can be read even if its other columns are damaged:
//! `["t", seq, first_seq or 0, unix_ms, turn, message, offset, text]`.

use protocol::{Event, EventBody, MessageId, Timestamp, TurnId};
use serde::{Deserialize, Serialize};

/// `kind, seq, first_seq, at, turn, message, offset, text`; `first_seq` is 0 if the event stands
/// for itself alone.
#[derive(Serialize, Deserialize)]
struct Row<'a>(Kind, u64, u64, i64, Hex, Hex, u64, #[serde(borrow)] std::borrow::Cow<'a, str>);

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "t")]
    Text,
    #[serde(rename = "r")]
    Reasoning,
}

/// An id as 32 hexadecimal digits.
struct Hex([u8; 16]);

/// The stored body of an event, if it is a delta.
pub(crate) fn encode(event: &Event) -> Option<String> {
    let (kind, turn_id, message_id, offset, text) = match &event.body {
        EventBody::TextDelta { turn_id, message_id, offset, text } => {
            (Kind::Text, turn_id, message_id, *offset, text)
        }
        EventBody::ReasoningDelta { turn_id, message_id, offset, text } => {
            (Kind::Reasoning, turn_id, message_id, *offset, text)
        }
        _ => return None,
    };
    let row = Row(
        kind,
        event.seq,
        event.first_seq.unwrap_or(0),
        event.at.unix_ms(),
        Hex(*turn_id.as_bytes()),
        Hex(*message_id.as_bytes()),
        offset,
        text.into(),
    );
    serde_json::to_string(&row).ok()
}

/// The delta of a stored body, if it is one in this form.
pub(crate) fn decode(body: &str) -> Option<Event> {
    if !body.starts_with('[') {
        return None;
    }
    let row: Row<'_> = serde_json::from_str(body).ok()?;
    let Row(kind, seq, first_seq, at, turn, message, offset, text) = row;
    let turn_id = TurnId::from_slice(&turn.0).ok()?;
    let message_id = MessageId::from_slice(&message.0).ok()?;
    let text = text.into_owned();
    let body = match kind {
        Kind::Text => EventBody::TextDelta { turn_id, message_id, offset, text },
        Kind::Reasoning => EventBody::ReasoningDelta { turn_id, message_id, offset, text },
    };
    let first_seq = (first_seq != 0).then_some(first_seq);
    Some(Event { seq, first_seq, at: Timestamp::from_unix_ms(at), body })
}

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 32];
        for (two, byte) in text.chunks_exact_mut(2).zip(self.0) {
            two[0] = DIGITS[usize::from(byte >> 4)];
            two[1] = DIGITS[usize::from(byte & 15)];
        }
        serializer.serialize_str(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let digits = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        match u128::from_str_radix(&text, 16) {
            Ok(id) if digits => Ok(Self(id.to_be_bytes())),
            _ => Err(serde::de::Error::custom("an id has 32 hexadecimal digits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str, first_seq: Option<u64>) -> Event {
        let (turn_id, message_id) =
            (TurnId::from_parts(2, [7; 10]), MessageId::from_parts(1, [9; 10]));
        let body = EventBody::TextDelta { turn_id, message_id, offset: 12, text: text.to_owned() };
        Event { seq: 41, first_seq, at: Timestamp::from_unix_ms(1_763_800_000_123), body }
    }

    #[test]
    fn a_delta_is_read_as_it_was_written() {
        for text in ["", "plain", "\"quoted\" \\ \n \u{0} 🦀 </p>"] {
            for first_seq in [None, Some(30)] {
                let written = event(text, first_seq);
                let body = encode(&written).unwrap();
                assert_eq!(decode(&body), Some(written.clone()), "{body}");
                let mut thought = written;
                let EventBody::TextDelta { turn_id, message_id, offset, text } = thought.body
                else {
                    unreachable!()
                };
                thought.body = EventBody::ReasoningDelta { turn_id, message_id, offset, text };
                assert_eq!(decode(&encode(&thought).unwrap()), Some(thought));
            }
        }
    }

    #[test]
    fn what_is_not_such_a_row_is_no_delta() {
        let body = encode(&event("a", None)).unwrap();
        for bad in [
            String::new(),
            "[]".to_owned(),
            body.replace("\"t\"", "\"x\""),
            body.replace("\"t\",41", "\"t\",-1"),
            body.replacen('0', "g", 1),
            body.replace("\"a\"]", "\"a\",1]"),
            body[..body.len() - 1].to_owned(),
        ] {
            assert_eq!(decode(&bad), None, "{bad}");
        }
        let other = Event { body: EventBody::WorkerStopped, ..event("", None) };
        assert_eq!(encode(&other), None);
    }
}
