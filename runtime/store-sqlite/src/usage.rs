//! Sums up what was used, log by log, the conversations that were used last first.

use std::time::Instant;

use protocol::{AccountId, Event, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use store::usage::{Earlier, LogUsage};
use store::{Cause, UsageFound, UsageQuery};

use super::outage::is_damage;
use super::{delete, row, search};

/// The sums of a period. When the time limit is reached, the sums of what was read so far.
pub(crate) fn usage(db: &Connection, query: &UsageQuery) -> Result<UsageFound, Cause> {
    let deadline = Instant::now() + query.within;
    let late = move || Instant::now() >= deadline;
    let mut found = UsageFound::default();
    db.progress_handler(search::STEPS, Some(late))?;
    let done = walk(db, query, late, &mut found);
    db.progress_handler(0, None::<fn() -> bool>)?;
    match done {
        Err(cause) if search::is_interrupted(&cause) => found.cut_short = true,
        done => done?,
    }
    Ok(found)
}

fn walk(
    db: &Connection,
    query: &UsageQuery,
    late: impl Fn() -> bool,
    found: &mut UsageFound,
) -> Result<(), Cause> {
    let mut next = match query.owner {
        Some(owner) => Some(owner.get()),
        None => owner_after(db, 0)?,
    };
    while let Some(owner) = next {
        if let Some(account) = AccountId::new(owner) {
            of_account(db, query, account, &late, found)?;
        }
        next = match query.owner {
            Some(_) => None,
            None => owner_after(db, owner)?,
        };
    }
    Ok(())
}

/// The next number of an account that has conversations.
fn owner_after(db: &Connection, owner: u32) -> Result<Option<u32>, Cause> {
    let mut statement = db.prepare_cached("SELECT min(owner) FROM workers WHERE owner > ?")?;
    let next: Option<i64> = statement.query_row([owner], |row| Ok(row.get(0).unwrap_or(None)))?;
    Ok(next.and_then(|next| u32::try_from(next).ok()))
}

fn of_account(
    db: &Connection,
    query: &UsageQuery,
    owner: AccountId,
    late: &impl Fn() -> bool,
    found: &mut UsageFound,
) -> Result<(), Cause> {
    let mut statement = db.prepare_cached(
        "SELECT id, copied_seq FROM workers
         WHERE owner = ? AND used_ms >= ? AND (deleted_ms IS NULL OR deleted_ms > ?)
         ORDER BY used_ms DESC",
    )?;
    let mut rows = statement.query(params![owner.get(), query.from.unix_ms(), delete::PURGING])?;
    while let Some(row) = rows.next()? {
        if late() {
            found.cut_short = true;
            return Ok(());
        }
        let (Ok(key), Ok(copied_seq)) = (row.get(0), row.get(1)) else { continue };
        match of_log(db, query, (owner, key, copied_seq), found) {
            // What cannot be read is missing from the sums, and everything else is in them.
            Err(cause) if is_damage(&cause) => {}
            done => done?,
        }
    }
    Ok(())
}

/// Adds the turns of the log of the worker `key`, of which the events up to `copied_seq` are a copy.
fn of_log(
    db: &Connection,
    query: &UsageQuery,
    (owner, key, copied_seq): (AccountId, i64, i64),
    found: &mut UsageFound,
) -> Result<(), Cause> {
    let Some(created_at) = created_at(db, key)? else { return Ok(()) };
    let mut log = LogUsage::new(query, owner, created_at, &mut found.sums);
    // Only the bodies of these kinds are read. They are short; those of texts may be long.
    let mut statement = db.prepare_cached(
        "SELECT seq, kind, body FROM events WHERE worker = ? AND seq > ?
         AND kind IN (?, ?, ?, ?) ORDER BY seq DESC",
    )?;
    let [a, b, c, d] = LogUsage::KINDS;
    let mut rows = statement.query(params![key, copied_seq, a, b, c, d])?;
    while let Some(row) = rows.next()? {
        let Ok(event) = row::event(row) else { continue };
        if log.take(event) == Earlier::DoNotCount {
            break;
        }
    }
    Ok(())
}

/// When the log was begun; `None` if its first event is missing.
fn created_at(db: &Connection, key: i64) -> Result<Option<Timestamp>, Cause> {
    let mut statement =
        db.prepare_cached("SELECT seq, kind, body FROM events WHERE worker = ? AND seq = 1")?;
    let first: Option<Result<Event, Cause>> =
        statement.query_row([key], |found| Ok(row::event(found))).optional()?;
    Ok(first.transpose()?.map(|event| event.at))
}
