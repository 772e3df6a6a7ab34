//! Deletes workers in two steps: a worker is marked as deleted first, after which only this file
//! reads it, and its rows are removed later, a bounded number at a time.

use protocol::{Timestamp, WorkerId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::texts::{self, Index};
use super::{prompts, row};
use crate::store::{Cause, Deleted, ListPosition};

/// How many texts, and how many rows of the log, one step removes: a few milliseconds of work.
const TEXTS: u32 = 100;
const EVENTS: u32 = 1_000;

/// How many of the prompts and requests that a worker's log refers to one step removes.
const PROMPTS: u32 = 50;

/// The value of `deleted_ms` for a worker that was given up or whose removal has begun. It is
/// earlier than every real time, and such a worker cannot be restored.
const GOING: i64 = 0;

/// The value of `deleted_ms` for a worker of an import that is not complete: the letters of
/// "STAGED", negated, which no flipped byte makes of another value. Nobody sees such a worker, no
/// sweep removes it, and it becomes visible or is given up together with all others of its import.
pub(super) const STAGED: i64 = -0x5354_4147_4544;

/// The statement that sets `deleted_ms`, its first parameter, of the workers for which the
/// condition `of` holds. SQLite refuses to update a row of a strict table in which any value has
/// the wrong type, so the statement also casts every other column to its type.
fn set_deleted(of: &str) -> String {
    format!("UPDATE workers SET deleted_ms = ?, {} WHERE {of}", row::OF_THEIR_TYPES)
}

pub(super) fn delete(db: &Connection, id: WorkerId, at: Timestamp) -> Result<bool, Cause> {
    let sql = set_deleted("worker_id = ? AND deleted_ms IS NULL");
    let at_ms = at.unix_ms().max(GOING + 1);
    Ok(db.prepare_cached(&sql)?.execute(params![at_ms, id.as_bytes()])? > 0)
}

pub(super) fn restore(db: &Connection, id: WorkerId) -> Result<bool, Cause> {
    let sql = set_deleted("worker_id = ? AND deleted_ms > ?");
    Ok(db.prepare_cached(&sql)?.execute(params![None::<i64>, id.as_bytes(), GOING])? > 0)
}

pub(super) fn deleted(
    db: &Connection,
    before: Option<ListPosition>,
    limit: u32,
) -> Result<Vec<Deleted>, Cause> {
    let (before_ms, before_id) = match &before {
        Some((at, id)) => (at.unix_ms(), id.as_bytes().as_slice()),
        // Later than the time of every deletion.
        None => (i64::MAX, [].as_slice()),
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT {} FROM workers
         WHERE deleted_ms > ?1 AND deleted_ms <= ?2 AND (deleted_ms, worker_id) < (?2, ?3)
         ORDER BY deleted_ms DESC, worker_id DESC LIMIT ?4",
        row::WORKER
    ))?;
    // Without a limit in SQL: rows without a readable id are skipped and do not count.
    let mut rows = statement.query(params![GOING, before_ms, before_id, i64::MAX])?;
    let mut deleted = Vec::new();
    while deleted.len() < limit as usize
        && let Some(found) = rows.next()?
    {
        deleted.extend(told(found));
    }
    Ok(deleted)
}

pub(super) fn deleted_one(db: &Connection, id: WorkerId) -> Result<Option<Deleted>, Cause> {
    let sql = format!("SELECT {} FROM workers WHERE worker_id = ? AND deleted_ms > ?", row::WORKER);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![id.as_bytes(), GOING])?;
    Ok(rows.next()?.and_then(told))
}

/// None where the id or the time of the deletion cannot be read.
fn told(row: &Row<'_>) -> Option<Deleted> {
    let at_ms: i64 = row.get(row::DELETED_MS).ok()?;
    Some(Deleted { worker: row::listed(row)?, at: Timestamp::from_unix_ms(at_ms) })
}

/// Gives up a worker for good, deleted before or not; its rows are removed by
/// [`sweep`].
pub(super) fn give_up(db: &Connection, id: WorkerId) -> Result<bool, Cause> {
    let sql = set_deleted("worker_id = ? AND deleted_ms IS NOT ?");
    Ok(db.prepare_cached(&sql)?.execute(params![GOING, id.as_bytes(), STAGED])? > 0)
}

/// Makes the workers of an import visible. Gives how many there were.
pub(super) fn publish_staged(db: &Connection) -> Result<usize, Cause> {
    Ok(db.prepare_cached(&set_deleted("deleted_ms = ?"))?.execute(params![None::<i64>, STAGED])?)
}

/// Gives up the workers of an import that was not completed. Gives whether there were any.
pub(super) fn give_up_staged(db: &Connection) -> Result<bool, Cause> {
    // On a full disk even a statement that changes no row may fail.
    let sql = "SELECT EXISTS (SELECT 1 FROM workers WHERE deleted_ms = ?)";
    if !db.prepare_cached(sql)?.query_row([STAGED], |row| row.get::<_, bool>(0))? {
        return Ok(false);
    }
    Ok(db.prepare_cached(&set_deleted("deleted_ms = ?"))?.execute(params![GOING, STAGED])? > 0)
}

/// Removes some rows of the worker that was deleted first, unless that was after `until`; false
/// when there is none.
pub(super) fn sweep(db: &Connection, until: Timestamp, index: Index) -> Result<bool, Cause> {
    let oldest: Option<i64> = db
        .prepare_cached(
            "SELECT id FROM workers WHERE deleted_ms BETWEEN ? AND ?
             ORDER BY deleted_ms, id LIMIT 1",
        )?
        .query_row([GOING, until.unix_ms()], |row| row.get(0))
        .optional()?;
    let Some(worker) = oldest else { return Ok(false) };
    // After some of its rows are removed a worker must not be restored.
    db.prepare_cached(&set_deleted("id = ?"))?.execute([GOING, worker])?;
    step(db, worker, index)?;
    Ok(true)
}

/// Whether a worker was deleted and can be brought back.
pub(super) fn is_kept(db: &Connection, id: WorkerId) -> Result<bool, Cause> {
    let sql = "SELECT EXISTS (SELECT 1 FROM workers WHERE worker_id = ? AND deleted_ms > ?)";
    let found = db.prepare_cached(sql)?.query_row(params![id.as_bytes(), GOING], |row| row.get(0));
    Ok(found?)
}

/// Removes all rows of a worker that was given up, so that its id can be used again.
pub(super) fn make_room(db: &Connection, id: WorkerId, index: Index) -> Result<(), Cause> {
    let sql = "SELECT id FROM workers WHERE worker_id = ? AND deleted_ms = ?";
    let found: Option<i64> = db
        .prepare_cached(sql)?
        .query_row(params![id.as_bytes(), GOING], |row| row.get(0))
        .optional()?;
    let Some(worker) = found else { return Ok(()) };
    while step(db, worker, index)? {}
    Ok(())
}

/// Removes some rows of a worker, or the worker when there are none left; true when there is
/// more to do.
fn step(db: &Connection, worker: i64, index: Index) -> Result<bool, Cause> {
    if texts::forget(db, worker, TEXTS, index)? {
        return Ok(true);
    }
    let events = db
        .prepare_cached(
            "DELETE FROM events WHERE worker = ?1 AND seq <=
                 (SELECT max(seq) FROM
                     (SELECT seq FROM events WHERE worker = ?1 ORDER BY seq LIMIT ?2))",
        )?
        .execute(params![worker, EVENTS])?;
    if events == EVENTS as usize {
        return Ok(true);
    }
    if prompts::forget(db, worker, PROMPTS)? {
        return Ok(true);
    }
    db.prepare_cached("DELETE FROM workers WHERE id = ?")?.execute([worker])?;
    Ok(false)
}
