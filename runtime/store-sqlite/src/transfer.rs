//! The statements that read whole conversations, for exports and imports.

use std::collections::BTreeSet;

use protocol::{AccountId, Event, WorkerId};
use rusqlite::{Connection, params};
use store::{Cause, ConversationExport, Prompt, Salvage};

use super::outage::is_damage;
use super::read::{self, WorkerRow};
use super::row;
use super::streamed::{self, Moment};

/// The next worker of an account, or of all accounts.
pub(crate) fn next_worker(
    db: &Connection,
    owner: Option<AccountId>,
    after: Option<WorkerId>,
) -> Result<Option<WorkerId>, Cause> {
    // No id is all zeros: a UUIDv7 has its version in it.
    let after = after.map_or([0; 16], |id| *id.as_bytes());
    let mut statement = db.prepare_cached(
        "SELECT worker_id FROM workers
         WHERE worker_id > ?1 AND deleted_ms IS NULL AND (?2 IS NULL OR owner = ?2)
         ORDER BY worker_id LIMIT ?3",
    )?;
    let mut rows = statement.query(params![after, owner.map(AccountId::get), i64::MAX])?;
    // A row whose id cannot be read is skipped, so more than the first row may be needed.
    while let Some(row) = rows.next()? {
        let id = row.get::<_, Vec<u8>>(0).ok().and_then(|id| WorkerId::from_slice(&id).ok());
        if id.is_some() {
            return Ok(id);
        }
    }
    Ok(None)
}

pub(crate) fn whole(db: &Moment<'_>, id: WorkerId) -> Result<Option<ConversationExport>, Cause> {
    let Some(WorkerRow { key, stored }) = read::worker(db, id)? else { return Ok(None) };
    let events = read::events_between(db, key, 1, stored.last_seq)?;
    if events.first().is_none_or(|first| first.first_seq() != 1) {
        return row::bad("events", "the log does not begin where it should");
    }
    let prompts = prompts(db, &events)?;
    Ok(Some(ConversationExport { worker: stored.worker, log: stored.log, events, prompts }))
}

/// How many workers have no id that can be read; the next start of the server gives them one.
pub(crate) fn count_without_id(db: &Connection) -> Result<u64, Cause> {
    let mut statement = db.prepare("SELECT worker_id FROM workers WHERE deleted_ms IS NULL")?;
    let mut rows = statement.query([])?;
    let mut without = 0;
    while let Some(row) = rows.next()? {
        let id = row.get::<_, Vec<u8>>(0).ok().and_then(|id| WorkerId::from_slice(&id).ok());
        without += u64::from(id.is_none());
    }
    Ok(without)
}

/// The number of workers, not counting deleted ones, that cannot be read completely. Reads the
/// whole database.
pub(crate) fn count_unreadable(db: &Connection) -> Result<u64, Cause> {
    let db = &db.unchecked_transaction()?;
    let (_, streamed) = streamed::load(db)?;
    let mut statement =
        db.prepare("SELECT worker_id FROM workers WHERE deleted_ms IS NULL ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut unreadable = 0;
    while let Some(row) = rows.next()? {
        let id = row.get::<_, Vec<u8>>(0).ok().and_then(|id| WorkerId::from_slice(&id).ok());
        match id.map(|id| read_all(&Moment::new(db, streamed.get(&id)), id)) {
            Some(Ok(())) => {}
            Some(Err(cause)) if !is_damage(&cause) => return Err(cause),
            Some(Err(_)) | None => unreadable += 1,
        }
    }
    Ok(unreadable)
}

/// Reads a worker's log, and the branch that its model would be sent.
fn read_all(db: &Moment<'_>, id: WorkerId) -> Result<(), Cause> {
    whole(db, id)?;
    let head = read::worker(db, id)?.and_then(|row| row.stored.head);
    if let Some(head) = head {
        read::branch(db, id, head, u64::MAX)?;
    }
    Ok(())
}

/// Reads the readable part of a log, row by row.
pub(crate) fn salvage(db: &Moment<'_>, id: WorkerId) -> Result<Option<Salvage>, Cause> {
    let Some(worker) = read::listed(db, id)? else { return Ok(None) };
    let Some(key) = read::key(db, id)? else { return Ok(None) };
    let (mut events, mut lost) = (Vec::new(), 0);
    let mut statement =
        db.prepare_cached("SELECT seq, kind, body FROM events WHERE worker = ? ORDER BY seq")?;
    let mut rows = statement.query([key])?;
    loop {
        match rows.next() {
            Ok(Some(found)) => match row::event_of_body(found) {
                Ok(event) => events.push(event),
                Err(_) => lost += 1,
            },
            Ok(None) => break,
            // A page of the file cannot be read; the rest of the log is out of reach behind it.
            Err(error) => {
                let cause = Cause::from(error);
                if !is_damage(&cause) {
                    return Err(cause);
                }
                lost += 1;
                break;
            }
        }
    }
    // If the pieces cannot be found, those that have rows are still there.
    let answer = db.answer(key).unwrap_or_default();
    let events = read::with_pieces(events, answer, (0, u64::MAX));
    let prompts = prompts(db, &events)?;
    Ok(Some(Salvage { worker, events, lost, prompts }))
}

/// The prompts that turns refer to, as far as they are stored and readable.
fn prompts(db: &Connection, events: &[Event]) -> Result<Vec<Prompt>, Cause> {
    let digests: BTreeSet<&str> =
        events.iter().filter_map(|event| event.body.refers_to()).collect();
    let mut prompts = Vec::new();
    for digest in digests {
        match read::prompt(db, digest) {
            Ok(Some(text)) => {
                prompts.push(Prompt { digest: digest.to_owned(), text });
            }
            Err(cause) if !is_damage(&cause) => return Err(cause),
            Ok(None) | Err(_) => {}
        }
    }
    Ok(prompts)
}
