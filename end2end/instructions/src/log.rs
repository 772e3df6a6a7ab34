//! The log of an answer: its beginning as a companion wrote it, and any number of deltas.

use anyhow::{Context as _, Result};
use protocol::{Event, EventBody, Turn, Worker};
use serde_json::json;

/// The events before the first delta, as they are in an export.
const BEGINNING: &str = include_str!("answer.jsonl");

/// A log that grows.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) worker: Worker,
    pub(crate) turn: Turn,
    /// The events before the first delta.
    pub(crate) beginning: Vec<Event>,
    /// The last event's position, and the bytes of the answer's text.
    seq: u64,
    offset: u64,
}

impl Log {
    /// The log up to its first delta.
    pub(crate) fn begin() -> Result<Self> {
        let events = BEGINNING.lines().map(serde_json::from_str);
        let beginning: Vec<Event> = events.collect::<Result<_, _>>()?;
        let turn = beginning.iter().find_map(|event| match &event.body {
            EventBody::TurnAccepted { turn } => Some((**turn).clone()),
            _ => None,
        });
        let (first, seq) = (&beginning[0], beginning.len() as u64);
        let mut worker: Worker = serde_json::from_value(json!({
            "runtime_id": "backend-internal", "worker_id": "01a21b28-c5cb-74c4-adc9-fced45c29d27",
            "display_name": "companion", "display_ref": "companion@backend-internal", "title": null,
            "status": "idle", "profile": "companion", "place": "listed",
            "created_at": first.at, "updated_at": first.at,
        }))?;
        beginning.iter().for_each(|event| worker.apply(event));
        let turn = turn.context("no turn begins in the log")?;
        Ok(Self { worker, turn, beginning, seq, offset: 0 })
    }

    /// The next delta.
    pub(crate) fn delta(&mut self, text: &str) -> Event {
        let (turn_id, message_id) = (self.turn.turn_id, self.turn.answer);
        let (offset, text) = (self.offset, text.to_owned());
        self.seq += 1;
        self.offset += text.len() as u64;
        let body = EventBody::TextDelta { turn_id, message_id, offset, text };
        Event { seq: self.seq, first_seq: None, at: self.worker.updated_at, body }
    }
}
