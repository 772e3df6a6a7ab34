//! The texts that can be searched: those of finished messages, and titles.
//!
//! Each text has a number: the time when it was written, in tenths of a second, or the next free
//! number. So the index returns the texts with a gram in the order of time without sorting, even if
//! they were imported later. The text itself is only in the log.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use protocol::{Event, EventBody, MessageId, Timestamp, TurnId};
use rusqlite::{Connection, OptionalExtension, params};
use store::Cause;

use super::outage::is_damage;
use super::streamed::Moment;
use super::{read, row};

/// Milliseconds per number.
const STEP_MS: i64 = 100;

/// How many texts of the same time get consecutive numbers, and so keep their order.
const IN_A_ROW: u32 = 16;

/// Whether the index of grams is written along with the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Index {
    Written,
    /// The index is not written, because it is broken; the next start rebuilds it
    /// ([`super::mend`]).
    Left,
}

/// Grams of messages that were computed before the write. Computing them for many megabytes takes
/// seconds, during which the writing thread would delay everybody.
pub(crate) type Known = HashMap<MessageId, String>;

/// The most grams of one text that are indexed. A million of them would take SQLite seconds, in
/// which nobody else can write. 16 MB of random words in Latin letters have some 18,000 grams;
/// texts in ideographs have many more, and 16 MB of them took SQLite a minute.
const GRAMS: usize = 100_000;

/// This word is indexed instead of the grams of a text that has too many. A search looks at each
/// such text. It is longer than any gram.
pub(crate) const ANYTHING: &str = "anything";

/// The grams of a text in the form that [`Known`] holds.
pub(crate) fn grams(text: &str) -> String {
    match search::grams(GRAMS, text) {
        Some(grams) => grams.into_iter().collect::<Vec<_>>().join(" "),
        None => ANYTHING.to_owned(),
    }
}

/// Makes the title or message of an event searchable. The event's own rows must be written
/// already. A title or message that cannot be read does not become searchable, which is no error.
pub(crate) fn index_event(
    db: &Connection,
    worker: i64,
    event: &Event,
    index: Index,
    known: &Known,
) -> Result<(), Cause> {
    match number(db, worker, event, index, known) {
        Ok(Some(number)) if index == Index::Written => self::index(db, number, known),
        Err(cause) if !is_damage(&cause) => Err(cause),
        _ => Ok(()),
    }
}

/// Numbers and indexes the texts of a database that was made before there was a search. Texts that
/// cannot be read are left out.
pub(crate) fn fill(db: &Connection) -> Result<(), Cause> {
    let workers: Vec<i64> = {
        let mut statement = db.prepare("SELECT id FROM workers ORDER BY id")?;
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    let kinds = "('worker_created', 'worker_renamed', 'message_committed', 'turn_ended')";
    let known = Known::new();
    for worker in workers {
        let sql = format!(
            "SELECT seq, kind, body FROM events WHERE worker = ? AND kind IN {kinds} ORDER BY seq"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query([worker])?;
        while let Some(row) = rows.next()? {
            let Ok(event) = row::event(row) else { continue };
            match number(db, worker, &event, Index::Written, &known) {
                Err(cause) if !is_damage(&cause) => return Err(cause),
                _ => {}
            }
        }
    }
    index_all(db)
}

/// Writes all texts into an empty index.
pub(crate) fn index_all(db: &Connection) -> Result<(), Cause> {
    // In this order SQLite can write the index sequentially.
    let mut statement = db.prepare("SELECT id FROM texts ORDER BY id")?;
    let mut rows = statement.query([])?;
    let known = Known::new();
    while let Some(row) = rows.next()? {
        index(db, row.get(0)?, &known)?;
    }
    Ok(())
}

/// Writes texts with higher numbers than `after` into the index, as far as they are missing from it,
/// for about as long as `step`. Returns the number of the last one, or `None` if there are no more.
pub(crate) fn fill_missing(
    db: &Connection,
    after: i64,
    step: Duration,
) -> Result<Option<i64>, Cause> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM texts WHERE id > ? AND id NOT IN (SELECT id FROM grams_docsize) ORDER BY id",
    )?;
    let mut rows = statement.query([after])?;
    let (begun, known) = (Instant::now(), Known::new());
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        index(db, number, &known)?;
        if begun.elapsed() >= step {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Removes at most `most` texts of a worker. True if there may be more.
pub(crate) fn forget(db: &Connection, worker: i64, most: u32, index: Index) -> Result<bool, Cause> {
    let numbers: Vec<i64> = db
        .prepare_cached("SELECT id FROM texts WHERE worker = ? LIMIT ?")?
        .query_map(params![worker, most], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for &number in &numbers {
        remove(db, number, index)?;
    }
    Ok(numbers.len() == most as usize)
}

/// A word that is indexed with every text of a worker, to restrict a search to one conversation. It
/// is longer than any gram.
pub(crate) fn mark(worker: i64) -> String {
    format!("worker{worker}")
}

/// The worker and message of a text, by the text's number.
pub(crate) struct Text {
    pub(crate) worker: i64,
    /// `None` if the text is the worker's title.
    pub(crate) message: Option<MessageId>,
}

pub(crate) fn text(db: &Connection, number: i64) -> Result<Option<Text>, Cause> {
    let row = db
        .prepare_cached("SELECT worker, message_id FROM texts WHERE id = ?")?
        .query_row([number], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?)))
        .optional()?;
    let Some((worker, message)) = row else { return Ok(None) };
    let message = message.map(|bytes| MessageId::from_slice(&bytes)).transpose()?;
    Ok(Some(Text { worker, message }))
}

/// Gives a number to the text that an event makes searchable, if there is one.
fn number(
    db: &Connection,
    worker: i64,
    event: &Event,
    index: Index,
    known: &Known,
) -> Result<Option<i64>, Cause> {
    match &event.body {
        EventBody::WorkerCreated { title, .. } | EventBody::WorkerRenamed { title } => {
            unname(db, worker, index)?;
            match title {
                Some(_) => add(db, worker, None, event.at).map(Some),
                None => Ok(None),
            }
        }
        EventBody::MessageCommitted { message } => {
            add(db, worker, Some(message.id), message.created_at).map(Some)
        }
        EventBody::TurnEnded { turn_id, .. } => match answer(db, worker, *turn_id, known)? {
            Some((answer, at)) => add(db, worker, Some(answer), at).map(Some),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// The message that a turn has written, with the time when the turn began. `None` if it has no
/// text.
fn answer(
    db: &Connection,
    worker: i64,
    turn: TurnId,
    known: &Known,
) -> Result<Option<(MessageId, Timestamp)>, Cause> {
    let Some((first, _)) = read::turn_span(db, worker, turn)? else { return Ok(None) };
    let Some(event) = read::event(db, worker, first)? else { return Ok(None) };
    let EventBody::TurnAccepted { turn } = event.body else { return Ok(None) };
    let written = known.contains_key(&turn.answer)
        || read::message(&Moment::without_pieces(db), worker, turn.answer)?
            .is_some_and(|found| !found.text.is_empty());
    Ok(written.then_some((turn.answer, event.at)))
}

fn unname(db: &Connection, worker: i64, index: Index) -> Result<(), Cause> {
    let old: Option<i64> = db
        .prepare_cached("SELECT id FROM texts WHERE worker = ? AND message_id IS NULL")?
        .query_row([worker], |row| row.get(0))
        .optional()?;
    old.map_or(Ok(()), |number| remove(db, number, index))
}

fn remove(db: &Connection, number: i64, index: Index) -> Result<(), Cause> {
    if index == Index::Written {
        let deleted = db
            .prepare_cached("DELETE FROM grams WHERE rowid = ?")
            .and_then(|mut statement| statement.execute([number]));
        deleted.map_err(of_index)?;
    }
    db.prepare_cached("DELETE FROM texts WHERE id = ?")?.execute([number])?;
    Ok(())
}

fn add(
    db: &Connection,
    worker: i64,
    message: Option<MessageId>,
    at: Timestamp,
) -> Result<i64, Cause> {
    let number = free(db, (at.unix_ms() / STEP_MS).max(1))?;
    db.prepare_cached("INSERT INTO texts (id, worker, message_id) VALUES (?, ?, ?)")?
        .execute(params![number, worker, message.as_ref().map(MessageId::as_bytes)])?;
    Ok(number)
}

/// The wanted number, or a free one shortly after it. For a few texts of the same time these are
/// the next numbers; for thousands of them, as an import may have, random numbers within a span
/// that grows until a free one is found.
fn free(db: &Connection, wanted: i64) -> Result<i64, Cause> {
    let mut taken = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM texts WHERE id = ?)")?;
    let mut chance = db.prepare_cached("SELECT abs(random() % ?)")?;
    let (mut number, mut attempt) = (wanted, 0_u32);
    while taken.query_row([number], |row| row.get(0))? {
        attempt += 1;
        let further = match attempt.checked_sub(IN_A_ROW) {
            None => i64::from(attempt),
            Some(more) => {
                let span = i64::from(IN_A_ROW) << more.min(40);
                chance.query_row([span], |row| row.get::<_, i64>(0))?
            }
        };
        number = wanted.saturating_add(further);
    }
    Ok(number)
}

/// Writes a text into the index. For a text that cannot be read only the mark of its worker is
/// written, if at least that is known.
fn index(db: &Connection, number: i64, known: &Known) -> Result<(), Cause> {
    let text = match text(db, number) {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(()),
        Err(cause) if is_damage(&cause) => return insert(db, number, ""),
        Err(cause) => return Err(cause),
    };
    let mut indexed = mark(text.worker);
    if let Some(grams) = text.message.and_then(|message| known.get(&message)) {
        indexed.push(' ');
        indexed.push_str(grams);
        return insert(db, number, &indexed);
    }
    let words = match text.message {
        Some(message) => {
            let found = read::message(&Moment::without_pieces(db), text.worker, message);
            found.map(|found| found.map(|found| found.text))
        }
        None => read::title(db, text.worker),
    };
    let words = match words {
        Ok(words) => words.unwrap_or_default(),
        Err(cause) if is_damage(&cause) => String::new(),
        Err(cause) => return Err(cause),
    };
    indexed.push(' ');
    indexed.push_str(&grams(&words));
    insert(db, number, &indexed)
}

fn insert(db: &Connection, number: i64, grams: &str) -> Result<(), Cause> {
    let inserted = db
        .prepare_cached("INSERT INTO grams (rowid, text) VALUES (?, ?)")
        .and_then(|mut statement| statement.execute(params![number, grams]));
    inserted.map(drop).map_err(of_index)
}

/// A statement that writes only the index of grams failed, because the index is broken.
#[derive(Debug, thiserror::Error)]
#[error("the search index is damaged")]
struct BrokenIndex(#[source] rusqlite::Error);

/// Turns the error of a statement that concerns only the index into [`BrokenIndex`], unless it has
/// another cause, such as a full disk.
fn of_index(error: rusqlite::Error) -> Cause {
    use rusqlite::ErrorCode::{ConstraintViolation, DatabaseCorrupt, Unknown};
    match error.sqlite_error_code() {
        // A constraint can fail because FTS5 writes into tables of its own.
        Some(DatabaseCorrupt | Unknown | ConstraintViolation) => BrokenIndex(error).into(),
        _ => error.into(),
    }
}

/// Whether a failure is that of the index alone. SQLite writes most of the index when a transaction
/// is committed, so the commit itself can fail with an error that only its code tells apart.
pub(crate) fn is_broken_index(cause: &Cause) -> bool {
    let code = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error);
    cause.is::<BrokenIndex>()
        || code.is_some_and(|code| code.extended_code == rusqlite::ffi::SQLITE_CORRUPT_VTAB)
}
