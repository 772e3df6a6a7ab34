//! The table `streamed`: a row for the pieces of each group, in the order of the groups.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use protocol::WorkerId;
use rusqlite::{Connection, OptionalExtension, params};
use store::Cause;

use super::Answer;
use super::piece::{Piece, pieces};

/// Rows are removed once they take so many bytes, or when no answer is running.
const REMOVED_BYTES: usize = 256 << 10;

/// If the table has more bytes, the pieces of the answers that have been running for longest become rows
/// of `events`. A start after a crash reads the whole table.
const MOST_BYTES: usize = 16 << 20;

/// The numbers of rows. A row with another number is damaged.
const NUMBERS: Range<i64> = 0..1 << 62;

/// What the writing thread knows of the table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The number and the size of each row, in order.
    rows: VecDeque<(i64, usize)>,
    /// The number that the next row gets.
    next: i64,
    bytes: usize,
    /// Conversations whose answers have ended, by their keys, each with the last row that may hold
    /// pieces of it.
    ended: HashMap<i64, i64>,
}

impl Table {
    /// The number that the next row gets.
    pub(super) fn next_row(&self) -> i64 {
        self.next
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether rows may be removed although answers are running.
    pub(super) fn is_long(&self) -> bool {
        self.bytes > REMOVED_BYTES
    }

    /// The last row that may hold pieces of a conversation whose answers have all ended.
    pub(super) fn last_row_of(&self, key: i64) -> Option<i64> {
        self.ended.get(&key).copied()
    }

    /// The first row that need not be removed to keep the table within its limit.
    pub(super) fn row_at_limit(&self) -> i64 {
        let mut bytes = self.bytes;
        for (row, size) in &self.rows {
            if bytes <= MOST_BYTES {
                return *row;
            }
            bytes -= size;
        }
        self.next
    }

    /// Whether the rows before `row` take enough bytes.
    pub(super) fn is_worth_removing(&self, row: i64) -> bool {
        let before = self.rows.iter().take_while(|(number, _)| *number < row);
        before.map(|(_, size)| size).sum::<usize>() >= REMOVED_BYTES
    }

    /// Adds a row. One with this number can only be of a commit that failed and was not undone.
    pub(super) fn insert(&self, db: &Connection, row: &[u8]) -> Result<(), Cause> {
        db.prepare_cached("INSERT OR REPLACE INTO streamed (id, pieces) VALUES (?, ?)")?
            .execute(params![self.next_row(), row])?;
        Ok(())
    }

    /// Removes all rows.
    pub(super) fn clear(&self, db: &Connection) -> Result<(), Cause> {
        db.prepare_cached("DELETE FROM streamed")?.execute([])?;
        Ok(())
    }

    /// Removes the rows before `row`.
    pub(super) fn remove(&self, db: &Connection, row: i64) -> Result<(), Cause> {
        db.prepare_cached("DELETE FROM streamed WHERE id < ?")?.execute([row])?;
        Ok(())
    }

    /// Notes that the answers of the conversation with this key have all ended.
    pub(super) fn note_end(&mut self, key: i64) {
        self.ended.insert(key, self.next_row() - 1);
    }

    /// Notes what was committed: the rows before `keeps` were removed, and one of `bytes` was added,
    /// unless it would be empty.
    pub(super) fn note(&mut self, keeps: Option<i64>, bytes: usize) {
        if let Some(keeps) = keeps {
            while let Some((_, size)) = self.rows.pop_front_if(|(row, _)| *row < keeps) {
                self.bytes -= size;
            }
            self.ended.retain(|_, row| *row >= keeps);
        }
        if bytes > 0 {
            self.add(self.next, bytes);
        }
    }

    fn add(&mut self, row: i64, bytes: usize) {
        self.rows.push_back((row, bytes));
        self.bytes += bytes;
        self.next = row + 1;
    }
}

/// Reads the table: what the writing thread knows of it, and the pieces of running answers.
pub(crate) fn load(db: &Connection) -> Result<(Table, HashMap<WorkerId, Answer>), Cause> {
    let mut table = Table::default();
    let mut answers = HashMap::<i64, Answer>::new();
    let mut statement = db.prepare("SELECT id, pieces FROM streamed ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
        let is_known = NUMBERS.contains(&number);
        match is_known {
            true => table.add(number, bytes.len()),
            // It goes as soon as any row does.
            false => table.rows.push_front((NUMBERS.start - 1, 0)),
        }
        if !is_known || read_row(number, bytes, &mut table, &mut answers).is_none() {
            tracing::warn!(
                row = number,
                "streamed pieces cannot be read; the answers that were running end before them"
            );
            // What follows would leave a gap.
            answers.values_mut().for_each(Answer::close);
        }
    }
    let mut running = HashMap::new();
    for mut answer in answers.into_values() {
        if let Some((id, log_end)) = conversation(db, &answer)? {
            answer.follow(log_end);
            table.ended.remove(&answer.key());
            running.insert(id, answer);
        }
    }
    Ok((table, running))
}

/// The pieces of one conversation's running answer.
pub(crate) fn answer_of(db: &Connection, id: WorkerId) -> Result<Option<Answer>, Cause> {
    let mut is_running = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM workers JOIN turns ON turns.worker = workers.id
         WHERE worker_id = ? AND turns.last_seq IS NULL)",
    )?;
    match is_running.query_row([id.as_bytes()], |row| row.get(0))? {
        true => Ok(load(db)?.1.remove(&id)),
        false => Ok(None),
    }
}

/// Adds the pieces of a row. `None` if they cannot all be read.
fn read_row(
    row: i64,
    bytes: &[u8],
    table: &mut Table,
    answers: &mut HashMap<i64, Answer>,
) -> Option<()> {
    for piece in pieces(bytes) {
        let piece: Piece<'_> = piece.ok()?;
        table.ended.insert(piece.worker, row);
        if let Some(ids) = piece.ids {
            answers.insert(piece.worker, Answer::new(piece.worker, ids.read()?, row));
        }
        if let Some(answer) = answers.get_mut(&piece.worker) {
            answer.push(&piece);
        }
    }
    (!bytes.is_empty()).then_some(())
}

/// The conversation of an answer that is still running and whose pieces have no rows in `events`, and
/// the last position that has one.
fn conversation(db: &Connection, answer: &Answer) -> Result<Option<(WorkerId, u64)>, Cause> {
    // A column with damage of another kind must not keep all other conversations from being served.
    let found: Option<(Option<Vec<u8>>, Option<u64>)> = db
        .prepare_cached(
            "SELECT worker_id, (SELECT max(seq) FROM events WHERE worker = ?1)
             FROM workers JOIN turns ON turns.worker = workers.id
             WHERE workers.id = ?1 AND turn_id = ?2 AND turns.last_seq IS NULL
             AND NOT EXISTS (SELECT 1 FROM events
                 WHERE worker = ?1 AND seq >= ?3 AND kind IN ('text_delta', 'reasoning_delta'))",
        )?
        .query_row(params![answer.key(), answer.turn().as_bytes(), answer.last_seq()], |row| {
            Ok((row.get(0).ok(), row.get(1).ok()))
        })
        .optional()?;
    let Some((Some(id), log_end)) = found else { return Ok(None) };
    Ok(WorkerId::from_slice(&id).ok().map(|id| (id, log_end.unwrap_or(0))))
}
