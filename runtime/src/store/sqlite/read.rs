//! The statements that read. Each runs inside one read transaction.

use protocol::{LogId, MessageId, Place, Role, TurnId, Worker, WorkerId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{Cause, ListPosition, Places, Stored};

mod log;
mod messages;

pub(super) use log::{around, event, events_between, page, tail};
pub(super) use messages::{
    FoundMessage, acceptance, branch, message, question, role_of, turn, turn_span,
};

/// A worker with its small key.
pub(super) struct WorkerRow {
    pub(super) key: i64,
    pub(super) stored: Stored,
}

pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

pub(super) fn place_name(place: Place) -> &'static str {
    match place {
        Place::Listed => "listed",
        Place::Pinned => "pinned",
        Place::Archived => "archived",
    }
}

pub(super) fn worker(db: &Connection, id: WorkerId) -> Result<Option<WorkerRow>, Cause> {
    let row = db
        .prepare_cached(
            "SELECT id, log_id, last_seq, head, summary FROM workers
             WHERE worker_id = ? AND deleted_ms IS NULL",
        )?
        .query_row([id.as_bytes()], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, u64>(1)?,
                row.get::<_, u64>(2)?,
                row.get::<_, Option<Vec<u8>>>(3)?,
                row.get::<_, String>(4)?,
            ))
        })
        .optional()?;
    let Some((key, log, last_seq, head, summary)) = row else { return Ok(None) };
    let stored = Stored {
        worker: serde_json::from_str(&summary)?,
        log: LogId(log),
        last_seq,
        head: head.map(|bytes| MessageId::from_slice(&bytes)).transpose()?,
    };
    Ok(Some(WorkerRow { key, stored }))
}

pub(super) fn workers(
    db: &Connection,
    places: Places,
    before: Option<ListPosition>,
    limit: u32,
) -> Result<Vec<Worker>, Cause> {
    let (used_ms, id) = match before {
        Some((at, id)) => (at.unix_ms(), id.as_bytes().to_vec()),
        None => (i64::MAX, vec![0xff; 16]),
    };
    let chosen = match places {
        Places::InView => "place <> 'archived'",
        Places::Only(Place::Listed) => "place = 'listed'",
        Places::Only(Place::Pinned) => "place = 'pinned'",
        Places::Only(Place::Archived) => "place = 'archived'",
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT summary FROM workers
         WHERE deleted_ms IS NULL AND {chosen} AND (used_ms, worker_id) < (?, ?)
         ORDER BY used_ms DESC, worker_id DESC LIMIT ?"
    ))?;
    let rows = statement.query_map(params![used_ms, id, limit], |row| row.get::<_, String>(0))?;
    rows.map(|summary| Ok(serde_json::from_str(&summary?)?)).collect()
}

pub(super) fn count(db: &Connection) -> Result<u64, Cause> {
    Ok(db
        .query_row("SELECT count(*) FROM workers WHERE deleted_ms IS NULL", [], |row| row.get(0))?)
}

pub(super) fn prompt(db: &Connection, digest: &str) -> Result<Option<String>, Cause> {
    let mut statement = db.prepare_cached("SELECT text FROM prompts WHERE digest = ?")?;
    Ok(statement.query_row([digest], |row| row.get(0)).optional()?)
}

pub(super) fn unfinished(db: &Connection) -> Result<Vec<(WorkerId, TurnId)>, Cause> {
    let mut statement = db.prepare_cached(
        "SELECT workers.worker_id, turns.turn_id FROM turns
         JOIN workers ON workers.id = turns.worker
         WHERE turns.last_seq IS NULL AND workers.deleted_ms IS NULL",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (worker, turn): (Vec<u8>, Vec<u8>) = row?;
        Ok((WorkerId::from_slice(&worker)?, TurnId::from_slice(&turn)?))
    })
    .collect()
}

/// A worker by its key, unless it was deleted.
pub(super) fn summary(db: &Connection, key: i64) -> Result<Option<Worker>, Cause> {
    let mut statement =
        db.prepare_cached("SELECT summary FROM workers WHERE id = ? AND deleted_ms IS NULL")?;
    let summary = statement.query_row([key], |row| row.get::<_, String>(0)).optional()?;
    Ok(summary.map(|summary| serde_json::from_str(&summary)).transpose()?)
}

fn key(db: &Connection, id: WorkerId) -> Result<Option<i64>, Cause> {
    let mut statement =
        db.prepare_cached("SELECT id FROM workers WHERE worker_id = ? AND deleted_ms IS NULL")?;
    Ok(statement.query_row([id.as_bytes()], |row| row.get(0)).optional()?)
}
