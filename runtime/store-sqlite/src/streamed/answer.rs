//! The streamed pieces of one running answer.

use protocol::{Event, MessageId, TurnId};
use rusqlite::{Connection, params};
use store::Cause;

use super::piece::{Kind, Piece, pieces};
use crate::delta;

/// Pieces of one answer that have no rows in `events`. They are kept as they were encoded, which is a
/// quarter of what they would take as events.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The conversation's key.
    key: i64,
    turn: TurnId,
    message: MessageId,
    /// The row of `streamed` with the first of the pieces.
    pub(super) row: i64,
    /// The positions of the first and of the last piece.
    first_seq: u64,
    last_seq: u64,
    /// The last position of the log: an event that is no delta may follow the pieces.
    log_end: u64,
    has_text: bool,
    is_closed: bool,
    pub(super) count: usize,
    encoded: Vec<u8>,
}

impl Answer {
    /// An answer that has no pieces yet.
    pub(super) fn new(key: i64, (turn, message): (TurnId, MessageId), row: i64) -> Self {
        Self {
            key,
            turn,
            message,
            row,
            first_seq: 0,
            last_seq: 0,
            log_end: 0,
            has_text: false,
            is_closed: false,
            count: 0,
            encoded: Vec::new(),
        }
    }

    /// Adds a piece, unless the answer is closed.
    pub(super) fn push(&mut self, piece: &Piece<'_>) {
        if self.is_closed || piece.write(&mut self.encoded).is_err() {
            return;
        }
        if self.count == 0 {
            self.first_seq = piece.seq;
        }
        self.last_seq = piece.seq;
        self.log_end = self.log_end.max(piece.seq);
        self.has_text |= piece.kind == Kind::Text;
        self.count += 1;
    }

    /// Ignores all later pieces, because one before them is lost.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Notes that the log goes on after the pieces.
    pub(super) fn follow(&mut self, log_end: u64) {
        self.log_end = self.log_end.max(log_end);
    }

    pub(crate) fn key(&self) -> i64 {
        self.key
    }

    pub(crate) fn turn(&self) -> TurnId {
        self.turn
    }

    pub(super) fn ids(&self) -> (TurnId, MessageId) {
        (self.turn, self.message)
    }

    /// The position of the last piece.
    pub(crate) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The last position of the log, with the events that follow the pieces.
    pub(crate) fn log_end(&self) -> u64 {
        self.log_end
    }

    /// Whether there is text among the pieces, and not thinking alone.
    pub(crate) fn has_text(&self) -> bool {
        self.has_text
    }

    /// Whether a piece may be between these positions, both included.
    pub(crate) fn meets(&self, (first, last): (u64, u64)) -> bool {
        self.first_seq <= last && first <= self.last_seq
    }

    /// The pieces from position `first` to `last`, both included.
    pub(crate) fn events(&self, first: u64, last: u64) -> impl Iterator<Item = Event> {
        // What was encoded here can be decoded.
        pieces(&self.encoded)
            .map_while(Result::ok)
            .filter(move |piece| (first..=last).contains(&piece.seq))
            .map(|piece| piece.event(self.turn, self.message))
    }

    /// Whether a piece has this position.
    pub(crate) fn holds(&self, seq: u64) -> bool {
        pieces(&self.encoded).map_while(Result::ok).any(|piece| piece.seq == seq)
    }

    /// Gives each piece a row in `events`.
    pub(crate) fn write_rows(&self, db: &Connection) -> Result<(), Cause> {
        let mut insert = db.prepare_cached(
            "INSERT OR IGNORE INTO events (worker, seq, kind, body) VALUES (?, ?, ?, ?)",
        )?;
        for event in self.events(0, u64::MAX) {
            let body = delta::encode(&event);
            insert.execute(params![self.key, event.seq, event.body.kind(), body])?;
        }
        Ok(())
    }
}
