//! Converts rows to values. Any column may hold anything: a flipped byte, or a value that a newer
//! version wrote.

use protocol::limits::TITLE_CHARS;
use protocol::{AccountId, Event, LogId, MessageId, Timestamp, Visibility, Worker, WorkerId};
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Row, RowIndex};
use store::{Cause, Stored, initial_worker};

use super::delta;

/// Why a row cannot be used. The error holds nothing of the row's contents, which may be private
/// text.
#[derive(Debug, thiserror::Error)]
#[error("{table}: {what}")]
pub(crate) struct BadRow {
    table: &'static str,
    what: &'static str,
}

/// Makes the error, for use with `?` and `return`.
pub(crate) fn bad<T>(table: &'static str, what: &'static str) -> Result<T, Cause> {
    Err(BadRow { table, what }.into())
}

/// The columns that [`worker`] and [`listed`] read, in this order.
pub(crate) const WORKER: &str =
    "id, worker_id, log_id, last_seq, head, used_ms, place, summary, deleted_ms, owner";

/// The columns of [`WORKER`] as the second schema has them: a migration from the first one reads
/// titles, before there are owners.
pub(crate) const WORKER_OF_SECOND_SCHEMA: &str =
    "id, worker_id, log_id, last_seq, head, used_ms, place, summary, deleted_ms, 1";

/// Casts a worker's columns, except its ids, its deletion time and `copied_seq`, to their declared types; a null
/// where none is allowed becomes a default. Values of the right type stay as they are.
pub(crate) const OF_THEIR_TYPES: &str = "log_id = coalesce(CAST(log_id AS INTEGER), 0), \
     last_seq = coalesce(CAST(last_seq AS INTEGER), 0), head = CAST(head AS BLOB), \
     used_ms = coalesce(CAST(used_ms AS INTEGER), 0), \
     place = coalesce(CAST(place AS TEXT), 'listed'), \
     summary = coalesce(CAST(summary AS TEXT), ''), \
     owner = iif(typeof(owner) = 'integer', owner, 1)";

/// The same for `copied_seq`, which a log's sums alone need.
pub(crate) const COPIED_SEQ_OF_ITS_TYPE: &str = "coalesce(CAST(copied_seq AS INTEGER), 0)";

/// The index of `deleted_ms` among the columns of [`WORKER`].
pub(crate) const DELETED_MS: usize = 8;

/// A worker with its integer key. Errors unless every column is valid and the columns that lists
/// are sorted and filtered by match the summary.
pub(crate) fn worker(row: &Row<'_>) -> Result<(i64, Stored), Cause> {
    const TABLE: &str = "workers";
    let id = worker_id(row)?;
    let summary: String = get(row, 7, TABLE, "the summary is no text")?;
    let mut worker: Worker = match serde_json::from_str(&summary) {
        Ok(worker) => worker,
        Err(_) => return bad(TABLE, "the summary is not one that this version knows"),
    };
    let head: Option<Vec<u8>> = get(row, 4, TABLE, "the head is no id")?;
    let head = match head.map(|bytes| MessageId::from_slice(&bytes)).transpose() {
        Ok(head) => head,
        Err(_) => return bad(TABLE, "the head is no id"),
    };
    if worker.worker_id != id {
        return bad(TABLE, "the summary is of another worker");
    }
    // A longer title would be in every page of the list.
    if worker.title.as_ref().is_some_and(|title| title.chars().nth(TITLE_CHARS).is_some()) {
        return bad(TABLE, "the title is longer than any");
    }
    let used_ms: i64 = get(row, 5, TABLE, "the last use is no moment")?;
    let place: String = get(row, 6, TABLE, "the place is no text")?;
    if worker.updated_at.unix_ms() != used_ms || place_name(worker.place) != place {
        return bad(TABLE, "the columns that lists go by are not those of the summary");
    }
    // This mark is only for workers that cannot be read, whatever the stored summary says.
    worker.unreadable = false;
    let log = LogId(get(row, 2, TABLE, "the log has no id")?);
    let last_seq = get(row, 3, TABLE, "the last position is none")?;
    let Some(owner) = owner_in(row.get_ref(9)?) else {
        return bad(TABLE, "the owner is no account");
    };
    Ok((get(row, 0, TABLE, "the key is none")?, Stored { worker, log, last_seq, head, owner }))
}

/// The account in the column `owner`; `None` if it holds anything else.
pub(crate) fn owner_in(value: ValueRef<'_>) -> Option<AccountId> {
    AccountId::new(u32::try_from(value.as_i64().ok()?).ok()?)
}

/// A worker as lists show it: a placeholder if the row cannot be read, and `None` if even its id
/// cannot.
pub(crate) fn listed(row: &Row<'_>) -> Option<Worker> {
    if let Ok((_, stored)) = worker(row) {
        return Some(stored.worker);
    }
    let used_at = Timestamp::from_unix_ms(row.get(5).unwrap_or_default());
    let place: Option<String> = row.get(6).ok();
    let place = place.as_deref().and_then(place_of).unwrap_or_default();
    Some(initial_worker::unreadable(worker_id(row).ok()?, place, used_at))
}

/// An event of a log, from a row's `seq, kind, body`. Errors unless the body matches the other
/// columns.
pub(crate) fn event(row: &Row<'_>) -> Result<Event, Cause> {
    const TABLE: &str = "events";
    let event = event_of_body(row)?;
    let seq: u64 = get(row, 0, TABLE, "the position is none")?;
    let kind = row.get_ref(1).ok().and_then(|kind| kind.as_str().ok());
    let Some(kind) = kind else { return bad(TABLE, "the kind is no text") };
    if (event.seq, event.body.kind()) != (seq, kind) {
        return bad(TABLE, "the event is not the one that belongs there");
    }
    Ok(event)
}

/// Like [`event`], from the body only.
pub(crate) fn event_of_body(row: &Row<'_>) -> Result<Event, Cause> {
    let body = row.get_ref(2).ok().and_then(|body| body.as_str().ok());
    let Some(body) = body else { return bad("events", "the event is no text") };
    let event = delta::decode(body).or_else(|| serde_json::from_str(body).ok());
    match event {
        Some(event) => Ok(event),
        None => bad("events", "the event is not one that this version knows"),
    }
}

pub(crate) fn place_name(place: Visibility) -> &'static str {
    match place {
        Visibility::Listed => "listed",
        Visibility::Pinned => "pinned",
        Visibility::Archived => "archived",
    }
}

pub(crate) fn place_of(name: &str) -> Option<Visibility> {
    [Visibility::Listed, Visibility::Pinned, Visibility::Archived]
        .into_iter()
        .find(|p| place_name(*p) == name)
}

/// Reads a column. rusqlite's error names the type that was found and not the value, except for
/// numbers, which are therefore left out here.
fn get<T: FromSql>(
    row: &Row<'_>,
    column: impl RowIndex,
    table: &'static str,
    what: &'static str,
) -> Result<T, Cause> {
    row.get(column).map_err(|_| BadRow { table, what }.into())
}

fn worker_id(row: &Row<'_>) -> Result<WorkerId, Cause> {
    let bytes: Vec<u8> = get(row, 1, "workers", "the id is none")?;
    match WorkerId::from_slice(&bytes) {
        Ok(id) => Ok(id),
        Err(_) => bad("workers", "the id is none"),
    }
}
