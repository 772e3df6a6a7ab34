//! Stores the texts that logs refer to by digest: system prompts, and requests as they were sent. A
//! text is stored once for all conversations, as long as one of them uses it.

use protocol::Event;
use rusqlite::{Connection, params};
use store::{Cause, Prompt};

use super::row;

/// The kinds of events that refer to such a text ([`protocol::EventBody::refers_to`]).
const KINDS: &str = "('turn_accepted', 'turn_asked')";

/// Stores a text that a worker's log is going to refer to. It is marked as used at once, because
/// the events that refer to it may be written in a later transaction.
pub(crate) fn keep(db: &Connection, worker: i64, prompt: &Prompt) -> Result<(), Cause> {
    db.prepare_cached("INSERT INTO prompts VALUES (?, ?) ON CONFLICT DO NOTHING")?
        .execute([&prompt.digest, &prompt.text])?;
    mark_used(db, worker, &prompt.digest)
}

/// Records which text an event refers to.
pub(crate) fn note(db: &Connection, worker: i64, event: &Event) -> Result<(), Cause> {
    match event.body.refers_to() {
        Some(digest) => mark_used(db, worker, digest),
        None => Ok(()),
    }
}

fn mark_used(db: &Connection, worker: i64, digest: &str) -> Result<(), Cause> {
    db.prepare_cached("INSERT INTO prompt_uses VALUES (?, ?) ON CONFLICT DO NOTHING")?
        .execute(params![worker, digest])?;
    Ok(())
}

/// Removes at most `most` of a worker's uses, and the texts that no other worker uses. True if there
/// may be more.
pub(crate) fn forget(db: &Connection, worker: i64, most: u32) -> Result<bool, Cause> {
    const SOME: &str = "SELECT digest FROM prompt_uses WHERE worker = ?1 ORDER BY digest LIMIT ?2";
    db.prepare_cached(&format!(
        "DELETE FROM prompts WHERE digest IN ({SOME}) AND NOT EXISTS
             (SELECT 1 FROM prompt_uses WHERE digest = prompts.digest AND worker <> ?1)"
    ))?
    .execute(params![worker, most])?;
    let removed = db
        .prepare_cached(&format!(
            "DELETE FROM prompt_uses WHERE worker = ?1 AND digest IN ({SOME})"
        ))?
        .execute(params![worker, most])?;
    Ok(removed == most as usize)
}

/// Fills the table of uses in a database from before that table existed, and removes the texts that
/// no conversation uses. If an event cannot be read, no text is removed.
pub(crate) fn fill(db: &Connection) -> Result<(), Cause> {
    let sql = format!("SELECT seq, kind, body, worker FROM events WHERE kind IN {KINDS}");
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut all_read = true;
    while let Some(found) = rows.next()? {
        match row::event(found) {
            Ok(event) => note(db, found.get(3)?, &event)?,
            Err(_) => all_read = false,
        }
    }
    if all_read {
        db.execute("DELETE FROM prompts WHERE digest NOT IN (SELECT digest FROM prompt_uses)", [])?;
    }
    Ok(())
}
