//! Deletes workers in two steps: a worker is marked as deleted first, after which only this file
//! reads it, and its rows are removed later, a bounded number at a time.

use protocol::{AccountId, Timestamp, WorkerId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{Cause, Deleted, ListPosition};

use super::search_index::{self, Index};
use super::{prompts, row, shares};

/// How many texts, and how many rows of the log, one step removes: a few milliseconds of work.
const TEXTS: u32 = 100;
const EVENTS: u32 = 1_000;

/// How many of the prompts and requests that a worker's log refers to one step removes.
const PROMPTS: u32 = 50;

/// The value of `deleted_ms` for a worker that was purged or whose removal has begun. It is
/// earlier than every real time, and such a worker cannot be restored.
pub(crate) const PURGING: i64 = 0;

/// The value of `deleted_ms` for a worker of an import that is not complete: the letters of
/// "STAGED", negated, so that no flipped byte turns another value into it. Such a worker is
/// invisible and not collected, and it becomes visible or is purged together with all others of its
/// import.
pub(crate) const STAGED: i64 = -0x5354_4147_4544;

/// The statement that sets `deleted_ms`, its first parameter, of the workers for which the
/// condition `of` holds. SQLite refuses to update a row of a strict table in which any value has
/// the wrong type, so the statement also casts every other column to its type.
fn set_deleted(of: &str) -> String {
    set_deleted_and_copied(row::COPIED_SEQ_OF_ITS_TYPE, of)
}

/// The same, with the value of `copied_seq`.
fn set_deleted_and_copied(copied_seq: &str, of: &str) -> String {
    let types = row::OF_THEIR_TYPES;
    format!("UPDATE workers SET deleted_ms = ?, copied_seq = {copied_seq}, {types} WHERE {of}")
}

pub(crate) fn delete(db: &Connection, id: WorkerId, at: Timestamp) -> Result<bool, Cause> {
    let sql = set_deleted("worker_id = ? AND deleted_ms IS NULL");
    let at_ms = at.unix_ms().max(PURGING + 1);
    Ok(db.prepare_cached(&sql)?.execute(params![at_ms, id.as_bytes()])? > 0)
}

pub(crate) fn restore(db: &Connection, id: WorkerId) -> Result<bool, Cause> {
    let sql = set_deleted("worker_id = ? AND deleted_ms > ?");
    Ok(db.prepare_cached(&sql)?.execute(params![None::<i64>, id.as_bytes(), PURGING])? > 0)
}

pub(crate) fn deleted(
    db: &Connection,
    owner: AccountId,
    before: Option<ListPosition>,
    limit: u32,
) -> Result<Vec<Deleted>, Cause> {
    let (before_ms, before_id) = match &before {
        Some((at, id)) => (at.unix_ms(), id.as_bytes().as_slice()),
        // Without a position, the page begins at the latest possible time.
        None => (i64::MAX, [].as_slice()),
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT {} FROM workers
         WHERE deleted_ms > ?1 AND deleted_ms <= ?2 AND (deleted_ms, worker_id) < (?2, ?3)
           AND owner = ?5
         ORDER BY deleted_ms DESC, worker_id DESC LIMIT ?4",
        row::WORKER
    ))?;
    // There is no limit in SQL, because rows without a readable id are skipped and must not count.
    let mut rows =
        statement.query(params![PURGING, before_ms, before_id, i64::MAX, owner.get()])?;
    let mut deleted = Vec::new();
    while deleted.len() < limit as usize
        && let Some(found) = rows.next()?
    {
        deleted.extend(to_deleted(found));
    }
    Ok(deleted)
}

pub(crate) fn deleted_one(db: &Connection, id: WorkerId) -> Result<Option<Deleted>, Cause> {
    let sql = format!("SELECT {} FROM workers WHERE worker_id = ? AND deleted_ms > ?", row::WORKER);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![id.as_bytes(), PURGING])?;
    Ok(rows.next()?.and_then(to_deleted))
}

/// `None` if the id or the time of the deletion cannot be read.
fn to_deleted(row: &Row<'_>) -> Option<Deleted> {
    let at_ms: i64 = row.get(row::DELETED_MS).ok()?;
    Some(Deleted { worker: row::listed(row)?, at: Timestamp::from_unix_ms(at_ms) })
}

/// Purges a worker, whether it was deleted before or not; [`collect`] removes its rows later.
pub(crate) fn purge(db: &Connection, id: WorkerId) -> Result<bool, Cause> {
    let sql = set_deleted("worker_id = ? AND deleted_ms IS NOT ?");
    Ok(db.prepare_cached(&sql)?.execute(params![PURGING, id.as_bytes(), STAGED])? > 0)
}

/// Makes the workers of an import visible and returns their number. Their logs so far are copies.
pub(crate) fn publish_staged(db: &Connection) -> Result<usize, Cause> {
    let sql = set_deleted_and_copied("last_seq", "deleted_ms = ?");
    Ok(db.prepare_cached(&sql)?.execute(params![None::<i64>, STAGED])?)
}

/// Whether there are workers of an incomplete import.
pub(crate) fn has_staged(db: &Connection) -> Result<bool, Cause> {
    let sql = "SELECT EXISTS (SELECT 1 FROM workers WHERE deleted_ms = ?)";
    Ok(db.prepare_cached(sql)?.query_row([STAGED], |row| row.get(0))?)
}

/// Purges the workers of an incomplete import and returns whether there were any.
pub(crate) fn purge_staged(db: &Connection) -> Result<bool, Cause> {
    // On a full disk even a statement that changes no row may fail.
    if !has_staged(db)? {
        return Ok(false);
    }
    Ok(db.prepare_cached(&set_deleted("deleted_ms = ?"))?.execute(params![PURGING, STAGED])? > 0)
}

/// The key of the worker that was deleted first, unless that was after `until`.
pub(crate) fn oldest(db: &Connection, until: Timestamp) -> Result<Option<i64>, Cause> {
    let oldest = db
        .prepare_cached(
            "SELECT id FROM workers WHERE deleted_ms BETWEEN ? AND ?
             ORDER BY deleted_ms, id LIMIT 1",
        )?
        .query_row([PURGING, until.unix_ms()], |row| row.get(0))
        .optional()?;
    Ok(oldest)
}

/// Removes some rows of a deleted worker.
pub(crate) fn collect(db: &Connection, worker: i64, index: Index) -> Result<(), Cause> {
    // A worker cannot be restored once some of its rows are removed.
    db.prepare_cached(&set_deleted("id = ?"))?.execute([PURGING, worker])?;
    step(db, worker, index).map(drop)
}

/// Whether a worker was deleted and can still be restored.
pub(crate) fn is_kept(db: &Connection, id: WorkerId) -> Result<bool, Cause> {
    let sql = "SELECT EXISTS (SELECT 1 FROM workers WHERE worker_id = ? AND deleted_ms > ?)";
    let found =
        db.prepare_cached(sql)?.query_row(params![id.as_bytes(), PURGING], |row| row.get(0));
    Ok(found?)
}

/// Removes all rows of a worker that was purged, so that its id can be used again.
pub(crate) fn purge_now(db: &Connection, id: WorkerId, index: Index) -> Result<(), Cause> {
    let sql = "SELECT id FROM workers WHERE worker_id = ? AND deleted_ms = ?";
    let found: Option<i64> = db
        .prepare_cached(sql)?
        .query_row(params![id.as_bytes(), PURGING], |row| row.get(0))
        .optional()?;
    let Some(worker) = found else { return Ok(()) };
    while step(db, worker, index)? {}
    Ok(())
}

/// Removes some rows of a worker, or the worker itself when none are left. Returns whether there is
/// more to do.
fn step(db: &Connection, worker: i64, index: Index) -> Result<bool, Cause> {
    if search_index::forget(db, worker, TEXTS, index)? {
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
    if shares::forget(db, worker)? {
        return Ok(true);
    }
    db.prepare_cached("DELETE FROM workers WHERE id = ?")?.execute([worker])?;
    Ok(false)
}
