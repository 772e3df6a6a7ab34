//! The newest events of an observed worker, in memory.
//!
//! An observer that keeps up takes its events from here, so that it neither reads the store nor
//! encodes what others have encoded. Observers that begin or lag read the store.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use protocol::{Envelope, Frame};

/// The most events, and the most bytes of them, that a worker's tail holds. At 50 pieces a second
/// this is more than half a second; an observer that lags more is served from the store, with larger
/// frames. Tails were the largest part of what a stream took in memory when they held 256 events.
const EVENTS: usize = 32;
const BYTES: usize = 64 * 1024;

/// A committed event with its encoded forms, which are made once for all observers.
#[derive(Debug)]
pub struct SharedEvent {
    envelope: Envelope,
    json: OnceLock<Bytes>,
    brief: OnceLock<Bytes>,
}

impl SharedEvent {
    pub(crate) fn new(envelope: Envelope) -> Self {
        Self { envelope, json: OnceLock::new(), brief: OnceLock::new() }
    }

    /// The event with its origin.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The event's frame as JSON.
    pub fn json(&self) -> Bytes {
        let encode = || encode(&Frame::Event(Box::new(self.envelope.clone())));
        self.json.get_or_init(encode).clone()
    }

    /// The frame `more` as JSON, for an observer whose last event this delta continues. `None`: the
    /// event is no single delta.
    pub fn brief(&self) -> Option<Bytes> {
        let frame = Frame::more(&self.envelope, None)?;
        Some(self.brief.get_or_init(|| encode(&frame)).clone())
    }

    /// About how much memory the event takes.
    fn bytes(&self) -> usize {
        const FIXED: usize = 512;
        // The text is also in the encoded forms.
        FIXED + self.envelope.event.body.piece().map_or(FIXED, |(_, _, text)| 3 * text.len())
    }
}

fn encode(frame: &Frame) -> Bytes {
    serde_json::to_vec(frame).expect("frames have text keys and no odd numbers").into()
}

/// What a tail has after a position.
pub(crate) enum Newer {
    Events(Vec<Arc<SharedEvent>>),
    /// There are no newer events.
    Nothing,
    /// The next event is not held any more, or never was.
    Elsewhere,
}

/// The newest events of one worker.
#[derive(Default)]
pub(crate) struct Tail {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Invariant: each stands for one position, and they follow each other without a gap.
    events: VecDeque<Arc<SharedEvent>>,
    bytes: usize,
}

impl Tail {
    /// Adds an event that was committed; it stands for one position, as events do when they are new.
    pub(crate) fn push(&self, event: SharedEvent) {
        let mut state = self.lock();
        let last = state.events.back().map(|last| last.envelope.event.seq + 1);
        if last.is_some_and(|next| next != event.envelope.event.seq) {
            state.clear();
        }
        state.bytes += event.bytes();
        state.events.push_back(Arc::new(event));
        while state.events.len() > EVENTS || state.bytes > BYTES {
            let Some(old) = state.events.pop_front() else { break };
            state.bytes -= old.bytes();
        }
    }

    /// Forgets all events, because the worker has another log now.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The events after `position`, where `committed` is the newest position that is known.
    pub(crate) fn after(&self, position: u64, committed: u64) -> Newer {
        let state = self.lock();
        // Each event stands for one position, so the position tells which is next.
        let first = state.events.front().map(|first| first.envelope.event.seq);
        let skipped = first.and_then(|first| (position + 1).checked_sub(first));
        let skipped = skipped.and_then(|skipped| usize::try_from(skipped).ok());
        match skipped.filter(|skipped| *skipped < state.events.len()) {
            Some(skipped) => Newer::Events(state.events.range(skipped..).cloned().collect()),
            None if position >= committed => Newer::Nothing,
            None => Newer::Elsewhere,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent after every access, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn clear(&mut self) {
        self.events.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Cursor, Event, EventBody, LogId, MessageId, Timestamp, TurnId, WorkerId};

    fn event(seq: u64, text: &str) -> SharedEvent {
        let body = EventBody::TextDelta {
            turn_id: TurnId::from_parts(1, [1; 10]),
            message_id: MessageId::from_parts(1, [2; 10]),
            offset: 0,
            text: text.to_owned(),
        };
        SharedEvent::new(Envelope {
            cursor: Cursor::new(LogId(1), seq),
            runtime_id: store::initial_worker::runtime_id(),
            worker_id: WorkerId::from_parts(1, [3; 10]),
            event: Event { seq, first_seq: None, at: Timestamp::from_unix_ms(0), body },
            html: None,
        })
    }

    fn seqs(newer: Newer) -> Option<Vec<u64>> {
        match newer {
            Newer::Events(events) => {
                Some(events.iter().map(|event| event.envelope.event.seq).collect())
            }
            Newer::Nothing => Some(Vec::new()),
            Newer::Elsewhere => None,
        }
    }

    #[test]
    fn a_reader_gets_what_is_newer_or_is_sent_to_the_store() {
        let tail = Tail::default();
        assert_eq!(seqs(tail.after(0, 0)), Some(vec![]));
        assert_eq!(seqs(tail.after(0, 1)), None, "somebody else has committed");
        for seq in 5..8 {
            tail.push(event(seq, "a"));
        }
        assert_eq!(seqs(tail.after(4, 7)), Some(vec![5, 6, 7]));
        assert_eq!(seqs(tail.after(6, 7)), Some(vec![7]));
        assert_eq!(seqs(tail.after(7, 7)), Some(vec![]));
        assert_eq!(seqs(tail.after(3, 7)), None, "4 is not held");
        assert_eq!(seqs(tail.after(7, 8)), None, "8 was committed by somebody else");
        assert_eq!(seqs(tail.after(9, 7)), Some(vec![]));
    }

    #[test]
    fn a_gap_and_another_log_begin_a_tail_anew() {
        let tail = Tail::default();
        tail.push(event(1, "a"));
        tail.push(event(3, "c"));
        assert_eq!(seqs(tail.after(0, 3)), None);
        assert_eq!(seqs(tail.after(2, 3)), Some(vec![3]));
        tail.clear();
        assert_eq!(seqs(tail.after(2, 3)), None);
    }

    #[test]
    fn the_number_and_the_bytes_of_events_are_bounded() {
        let tail = Tail::default();
        for seq in 1..=EVENTS as u64 + 10 {
            tail.push(event(seq, "a"));
        }
        assert_eq!(tail.lock().events.len(), EVENTS);
        for seq in 1..=10 {
            tail.push(event(EVENTS as u64 + 10 + seq, &"long ".repeat(20_000)));
            assert!(tail.lock().bytes <= BYTES, "{}", tail.lock().bytes);
        }
        tail.clear();
        assert_eq!(tail.lock().bytes, 0);
    }

    #[test]
    fn all_observers_share_one_encoding() {
        let event = event(1, "a");
        assert_eq!(event.json().as_ptr(), event.json().as_ptr());
        let brief = event.brief().unwrap();
        assert_eq!(brief.as_ptr(), event.brief().unwrap().as_ptr());
        assert_eq!(&brief[..], br#"{"frame":"more","seq":1,"text":"a"}"#);
    }
}
