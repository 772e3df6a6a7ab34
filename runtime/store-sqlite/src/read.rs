//! The statements that read. Each runs inside one read transaction.

use protocol::{AccountId, Role, TurnId, Visibility, Worker, WorkerId};
use rusqlite::{Connection, OptionalExtension, params};
use store::{Cause, ListPosition, Stored, VisibilityFilter};

use super::streamed::{Answer, Moment};
use super::{delete, row};

mod log;
mod messages;

pub(crate) use log::{
    around, event, events_between, merged, page, rows_between, tail, with_pieces,
};
pub(crate) use messages::{
    FoundMessage, acceptance, branch, message, question, role_of, turn, turn_span,
};

/// A worker with its integer key.
pub(crate) struct WorkerRow {
    pub(crate) key: i64,
    pub(crate) stored: Stored,
}

pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// A worker that was not deleted. Errors if its row cannot be read or contradicts its log.
pub(crate) fn worker(db: &Moment<'_>, id: WorkerId) -> Result<Option<WorkerRow>, Cause> {
    let sql =
        format!("SELECT {} FROM workers WHERE worker_id = ? AND deleted_ms IS NULL", row::WORKER);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([id.as_bytes()])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    let (key, mut stored) = row::worker(found)?;
    stored.last_seq = last_of_log(db, key, &stored)?;
    Ok(Some(WorkerRow { key, stored }))
}

/// Whether there is such a worker that was not deleted. Reads only the ids.
pub(crate) fn exists(db: &Connection, id: WorkerId) -> Result<bool, Cause> {
    Ok(key(db, id)?.is_some())
}

/// The owner of a worker, deleted or not; one of an import that is not complete has none.
pub(crate) fn owner(db: &Connection, id: WorkerId) -> Result<Option<AccountId>, Cause> {
    let sql = "SELECT owner FROM workers WHERE worker_id = ? AND deleted_ms IS NOT ?";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![id.as_bytes(), delete::STAGED])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(row::owner_in(row.get_ref(0)?).unwrap_or(AccountId::FIRST)))
}

pub(crate) fn listed(db: &Connection, id: WorkerId) -> Result<Option<Worker>, Cause> {
    let sql =
        format!("SELECT {} FROM workers WHERE worker_id = ? AND deleted_ms IS NULL", row::WORKER);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([id.as_bytes()])?;
    Ok(rows.next()?.and_then(row::listed))
}

/// The last position of the log. The row's own is the one up to which its summary was folded;
/// events that leave the summary as it is, such as deltas, may follow. Errors if the log ends
/// before that, or if the row's head is not the log's newest message: new messages follow the head,
/// so a wrong one would break the tree of messages.
fn last_of_log(db: &Moment<'_>, key: i64, stored: &Stored) -> Result<u64, Cause> {
    let mut last = db.prepare_cached("SELECT max(seq) FROM events WHERE worker = ?")?;
    let last: Option<u64> = last.query_row([key], |row| row.get(0))?;
    let answer = db.answer(key)?;
    let last = last.max(answer.map(Answer::last_seq));
    let Some(last) = last.filter(|last| *last >= stored.last_seq) else {
        return row::bad("workers", "the log ends before the last position");
    };
    // No event after the last position was folded, so each has a row or is a piece.
    let mut after =
        db.prepare_cached("SELECT count(*) FROM events WHERE worker = ? AND seq > ?")?;
    let after: u64 = after.query_row([key, i64::try_from(stored.last_seq)?], |row| row.get(0))?;
    let pieces = answer.map_or(0, |answer| answer.events(stored.last_seq + 1, last).count() as u64);
    if after + pieces != last - stored.last_seq {
        return row::bad("workers", "the log does not go on after the last position");
    }
    let mut newest = db.prepare_cached(
        "SELECT max(seq) FROM events
         WHERE worker = ? AND kind IN ('message_committed', 'turn_accepted')",
    )?;
    let newest: Option<u64> = newest.query_row([key], |row| row.get(0))?;
    let head = match stored.head {
        Some(head) => messages::seq_of(db, key, head)?,
        None => None,
    };
    if head != newest || stored.head.is_some() != head.is_some() {
        return row::bad("workers", "the head is not the log's newest message");
    }
    Ok(last)
}

pub(crate) fn workers(
    db: &Connection,
    owner: AccountId,
    places: VisibilityFilter,
    before: Option<ListPosition>,
    limit: u32,
) -> Result<Vec<Worker>, Cause> {
    let (used_ms, id) = match before {
        Some((at, id)) => (at.unix_ms(), id.as_bytes().to_vec()),
        None => (i64::MAX, vec![0xff; 16]),
    };
    let chosen = match places {
        VisibilityFilter::InView => "place <> 'archived'",
        VisibilityFilter::Only(Visibility::Listed) => "place = 'listed'",
        VisibilityFilter::Only(Visibility::Pinned) => "place = 'pinned'",
        VisibilityFilter::Only(Visibility::Archived) => "place = 'archived'",
    };
    // There is no limit in SQL, because rows without a readable id are skipped, and a page with
    // fewer rows than `limit` would be taken for the last one.
    let mut statement = db.prepare_cached(&format!(
        "SELECT {} FROM workers
         WHERE owner = ? AND deleted_ms IS NULL AND {chosen} AND (used_ms, worker_id) < (?, ?)
         ORDER BY used_ms DESC, worker_id DESC LIMIT ?",
        row::WORKER
    ))?;
    let mut rows = statement.query(params![owner.get(), used_ms, id, i64::MAX])?;
    let mut workers = Vec::new();
    while workers.len() < limit as usize
        && let Some(found) = rows.next()?
    {
        workers.extend(row::listed(found));
    }
    Ok(workers)
}

pub(crate) fn count(db: &Connection, owner: AccountId) -> Result<u64, Cause> {
    let sql = "SELECT count(*) FROM workers WHERE owner = ? AND deleted_ms IS NULL";
    Ok(db.query_row(sql, [owner.get()], |row| row.get(0))?)
}

/// SQLite knows the length of a column from the row's head, so long texts are not read.
pub(crate) fn bytes(db: &Connection, owner: AccountId) -> Result<u64, Cause> {
    let sql = "SELECT coalesce(sum(octet_length(events.body)), 0)
               FROM workers JOIN events ON events.worker = workers.id WHERE workers.owner = ?";
    Ok(db.query_row(sql, [owner.get()], |row| row.get(0))?)
}

pub(crate) fn prompt(db: &Connection, digest: &str) -> Result<Option<String>, Cause> {
    let mut statement = db.prepare_cached("SELECT text FROM prompts WHERE digest = ?")?;
    Ok(statement.query_row([digest], |row| row.get(0)).optional()?)
}

pub(crate) fn unfinished(db: &Connection) -> Result<Vec<(WorkerId, TurnId)>, Cause> {
    let mut statement = db.prepare_cached(
        "SELECT workers.worker_id, turns.turn_id FROM turns
         JOIN workers ON workers.id = turns.worker
         WHERE turns.last_seq IS NULL AND workers.deleted_ms IS NULL",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (Ok(worker), Ok(turn)) = (row.get::<_, Vec<u8>>(0), row.get::<_, Vec<u8>>(1)) else {
            continue;
        };
        // A turn whose id cannot be read is left out, because it could not be ended anyway.
        if let (Ok(worker), Ok(turn)) = (WorkerId::from_slice(&worker), TurnId::from_slice(&turn)) {
            found.push((worker, turn));
        }
    }
    Ok(found)
}

/// An account's worker by its key, unless it was deleted.
pub(crate) fn summary(
    db: &Connection,
    key: i64,
    owner: AccountId,
) -> Result<Option<Worker>, Cause> {
    let sql = format!(
        "SELECT {} FROM workers WHERE id = ? AND owner = ? AND deleted_ms IS NULL",
        row::WORKER
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![key, owner.get()])?;
    Ok(rows.next()?.map(row::worker).transpose()?.map(|(_, stored)| stored.worker))
}

/// A worker's title by its key, deleted or not.
pub(crate) fn title(db: &Connection, key: i64) -> Result<Option<String>, Cause> {
    let sql = format!("SELECT {} FROM workers WHERE id = ?", row::WORKER_OF_SECOND_SCHEMA);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([key])?;
    let found = rows.next()?.map(row::worker).transpose()?;
    Ok(found.and_then(|(_, stored)| stored.worker.title))
}

/// The key of a worker, unless it was deleted.
pub(crate) fn key(db: &Connection, id: WorkerId) -> Result<Option<i64>, Cause> {
    let mut statement =
        db.prepare_cached("SELECT id FROM workers WHERE worker_id = ? AND deleted_ms IS NULL")?;
    Ok(statement.query_row([id.as_bytes()], |row| row.get(0)).optional()?)
}
