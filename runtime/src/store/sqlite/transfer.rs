//! The statements that carry whole conversations.

use std::collections::BTreeSet;

use protocol::{EventBody, WorkerId};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::place::Place;
use super::read::{self, WorkerRow};
use super::{delete, write};
use crate::store::{
    Append, Cause, Differing, Durability, Give, Imported, Prompt, Relation, StoreError, WholeLog,
};

pub(super) fn next_worker(
    db: &Connection,
    after: Option<WorkerId>,
) -> Result<Option<WorkerId>, Cause> {
    // No id is all zeros: a UUIDv7 has its version in it.
    let after = after.map_or([0; 16], |id| *id.as_bytes());
    let id: Option<Vec<u8>> = db
        .prepare_cached(
            "SELECT worker_id FROM workers WHERE worker_id > ? AND deleted_ms IS NULL
             ORDER BY worker_id LIMIT 1",
        )?
        .query_row([after], |row| row.get(0))
        .optional()?;
    Ok(id.map(|bytes| WorkerId::from_slice(&bytes)).transpose()?)
}

pub(super) fn whole(db: &Connection, id: WorkerId) -> Result<Option<WholeLog>, Cause> {
    let Some(WorkerRow { key, stored }) = read::worker(db, id)? else { return Ok(None) };
    let events = read::events_between(db, key, 1, stored.last_seq)?;
    let digests: BTreeSet<&str> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::TurnAccepted { turn } => Some(turn.prompt_digest.as_str()),
            _ => None,
        })
        .collect();
    let mut prompts = Vec::new();
    for digest in digests {
        if let Some(text) = read::prompt(db, digest)? {
            prompts.push(Prompt { digest: digest.to_owned(), text });
        }
    }
    Ok(Some(WholeLog { worker: stored.worker, log: stored.log, events, prompts }))
}

/// Runs on the writer's connection, outside of any group.
pub(super) fn import(
    db: &mut Connection,
    place: &Place,
    logs: Give,
    differing: Differing,
) -> Result<Imported, Cause> {
    db.pragma_update(None, "synchronous", "FULL")?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut done = Imported::default();
    logs(&mut |log| import_one(&transaction, log, &mut done))?;
    if differing == Differing::Refuse && !done.differing.is_empty() {
        done.added.clear();
        transaction.rollback()?;
    } else {
        place.check()?;
        transaction.commit()?;
    }
    Ok(done)
}

fn import_one(db: &Connection, log: WholeLog, done: &mut Imported) -> Result<(), Cause> {
    let id = log.worker.worker_id;
    if let Some(stored) = whole(db, id)? {
        match stored.relation_to(&log) {
            Relation::Holds => done.skipped.push(id),
            Relation::Differs => done.differing.push(id),
        }
        return Ok(());
    }
    if delete::is_kept(db, id)? {
        done.deleted.push(id);
        return Ok(());
    }
    let mut insert =
        db.prepare_cached("INSERT INTO prompts VALUES (?, ?) ON CONFLICT DO NOTHING")?;
    for Prompt { digest, text } in &log.prompts {
        insert.execute([digest, text])?;
    }
    let WholeLog { worker, log, events, .. } = log;
    let first = Append { worker, events, durability: Durability::Power, prompt: None };
    write::create(db, log, &first).map_err(|error| match error {
        StoreError::Append(cause) => cause,
        error => error.into(),
    })?;
    done.added.push(id);
    Ok(())
}
