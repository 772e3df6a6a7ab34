//! What one read sees of the database.

use std::ops::Deref;

use rusqlite::{Connection, params};
use store::Cause;

use super::Answer;

/// A connection within a transaction, and the streamed pieces of one conversation, which were taken
/// before the transaction began. Together they are the log as it was at some moment after the pieces
/// were taken: pieces that were added in between are missing, and those that have become rows in
/// between are left out here.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    db: &'a Connection,
    answer: Option<&'a Answer>,
}

impl<'a> Moment<'a> {
    pub(crate) fn new(db: &'a Connection, answer: Option<&'a Answer>) -> Self {
        Self { db, answer }
    }

    /// For reads that see no running answer.
    pub(crate) fn without_pieces(db: &'a Connection) -> Self {
        Self { db, answer: None }
    }

    /// The pieces of the conversation with this key, unless `events` has them.
    pub(crate) fn answer(&self, key: i64) -> Result<Option<&'a Answer>, Cause> {
        let Some(answer) = self.answer.filter(|answer| answer.key() == key) else {
            return Ok(None);
        };
        // Pieces become rows all at once, each by itself or folded with later ones, so the last one
        // tells. As long as there are pieces, no later delta has a row.
        let mut statement = self.db.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM events
             WHERE worker = ? AND seq >= ? AND kind IN ('text_delta', 'reasoning_delta'))",
        )?;
        let are_rows =
            statement.query_row(params![key, answer.last_seq()], |row| row.get::<_, bool>(0))?;
        Ok((!are_rows).then_some(answer))
    }
}

impl Deref for Moment<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.db
    }
}
