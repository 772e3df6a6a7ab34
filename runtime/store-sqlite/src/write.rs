//! The statements that write. Each runs inside a savepoint of the writer's transaction.

use protocol::{
    AccountId, Event, EventBody, LogId, MessageId, Role, TurnId, WorkerId, fold_deltas,
};
use rusqlite::{Connection, OptionalExtension, named_params, params};
use store::{Append, Cause, Prompt, StoreError};

use super::outage::is_damage;
use super::search_index::{self, Index, Known};
use super::streamed::{Answer, Effect};
use super::{delete, delta, prompts, read, row};

pub(crate) fn create(
    db: &Connection,
    begun: (AccountId, LogId),
    first: &Append,
    index: Index,
) -> Result<(), StoreError> {
    // A worker with this id that was purged is removed first.
    delete::purge_now(db, first.worker_id, index).map_err(StoreError::Append)?;
    insert_worker(db, begun, first).map_err(StoreError::Append)?;
    append(db, first, index, None).map(drop)
}

/// Appends events to a log, of which `answer` are the streamed pieces.
pub(crate) fn append(
    db: &Connection,
    append: &Append,
    search: Index,
    answer: Option<&Answer>,
) -> Result<Option<Effect>, StoreError> {
    let found = end_of_log(db, append.worker_id).map_err(StoreError::Append)?;
    let Some((worker, last_seq)) = found else { return Err(StoreError::Gone) };
    let last_seq = answer.map_or(last_seq, |answer| answer.log_end().max(last_seq));
    check_follows(last_seq, &append.events)?;
    let effect = match answer {
        Some(answer) => Some(before_append(db, append, answer).map_err(StoreError::Append)?),
        None => None,
    };
    insert(db, worker, append, search, &Known::new(), answer).map_err(StoreError::Append)?;
    Ok(effect)
}

/// Gives the streamed pieces rows of their own if the events do not leave them as they are. Those of a
/// turn that ends are folded later on.
fn before_append(db: &Connection, append: &Append, answer: &Answer) -> Result<Effect, Cause> {
    let id = append.worker_id;
    let ends = |event: &Event| match &event.body {
        EventBody::TurnEnded { turn_id, .. } => *turn_id == answer.turn(),
        _ => false,
    };
    if append.events.iter().any(ends) {
        return Ok(Effect::HaveRows(id));
    }
    if append.events.iter().any(|event| event.body.is_delta()) {
        answer.write_rows(db)?;
        return Ok(Effect::HaveRows(id));
    }
    let last_seq = append.events.last().map_or(answer.log_end(), |event| event.seq);
    Ok(Effect::Follows(id, last_seq))
}

/// The key of a worker that was not deleted, and the last position of its log that has a row.
pub(crate) fn end_of_log(db: &Connection, id: WorkerId) -> Result<Option<(i64, u64)>, Cause> {
    let mut statement = db.prepare_cached(
        "SELECT id, (SELECT max(seq) FROM events WHERE worker = workers.id)
         FROM workers WHERE worker_id = ? AND deleted_ms IS NULL",
    )?;
    let row = statement.query_row([id.as_bytes()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<u64>>(1)?.unwrap_or(0)))
    });
    Ok(row.optional()?)
}

/// Errors unless the events follow the last one of their log, without a gap between them.
pub(crate) fn check_follows(last_seq: u64, events: &[Event]) -> Result<(), StoreError> {
    let follows = events.first().is_some_and(|event| event.first_seq() == last_seq + 1);
    if !follows {
        return Err(StoreError::Moved { found: last_seq });
    }
    match events.windows(2).all(|two| two[1].first_seq() == two[0].seq + 1) {
        true => Ok(()),
        false => Err(StoreError::Append("the events leave a gap in the log".into())),
    }
}

/// Adds events to a worker of an import, which nobody sees yet; with `begun` it begins. `prompts` are
/// texts that its events refer to, and `known` is what was found of their own texts before.
pub(crate) fn stage(
    db: &Connection,
    begun: Option<(AccountId, LogId)>,
    append: &Append,
    prompts: &[Prompt],
    search: Index,
    known: &Known,
) -> Result<(), Cause> {
    let id = append.worker_id;
    let worker = match begun {
        Some(begun) => {
            delete::purge_now(db, id, search)?;
            insert_worker(db, begun, append)?;
            let worker = db.last_insert_rowid();
            db.prepare_cached("UPDATE workers SET deleted_ms = ? WHERE id = ?")?
                .execute([delete::STAGED, worker])?;
            worker
        }
        None => db
            .prepare_cached("SELECT id FROM workers WHERE worker_id = ? AND deleted_ms = ?")?
            .query_row(params![id.as_bytes(), delete::STAGED], |row| row.get(0))?,
    };
    for prompt in prompts {
        prompts::keep(db, worker, prompt)?;
    }
    insert(db, worker, append, search, known, None)
}

/// `begun` are the new worker's owner and the id of its log.
fn insert_worker(db: &Connection, begun: (AccountId, LogId), first: &Append) -> Result<(), Cause> {
    let (owner, log) = begun;
    db.prepare_cached(
        "INSERT INTO workers (worker_id, log_id, last_seq, used_ms, summary, owner)
         VALUES (?, ?, 0, 0, '', ?)",
    )?
    .execute(params![first.worker_id.as_bytes(), i64::try_from(log.0)?, owner.get()])?;
    Ok(())
}

fn insert(
    db: &Connection,
    worker: i64,
    append: &Append,
    search: Index,
    known: &Known,
    answer: Option<&Answer>,
) -> Result<(), Cause> {
    if let Some(prompt) = &append.prompt {
        prompts::keep(db, worker, prompt)?;
    }
    let mut head = None;
    for event in &append.events {
        insert_event(db, worker, event)?;
        prompts::note(db, worker, event)?;
        head = index(db, worker, event, answer)?.or(head);
    }
    if let Some(summary) = &append.summary {
        db.prepare_cached(
            "UPDATE workers SET last_seq = :last_seq, head = coalesce(:head, head),
                    used_ms = :used_ms, place = :place, summary = :summary
             WHERE id = :worker",
        )?
        .execute(named_params! {
            ":last_seq": append.events.last().map(|event| event.seq),
            ":head": head.as_ref().map(|id: &MessageId| id.as_bytes().as_slice()),
            ":used_ms": summary.updated_at.unix_ms(),
            ":place": row::place_name(summary.place),
            ":summary": serde_json::to_string(summary)?,
            ":worker": worker,
        })?;
    }
    // The summary is written first, because the title's text comes from it.
    for event in &append.events {
        search_index::index_event(db, worker, event, search, known)?;
    }
    Ok(())
}

fn insert_event(db: &Connection, worker: i64, event: &Event) -> Result<(), Cause> {
    let body = delta::encode(event).map_or_else(|| serde_json::to_string(event), Ok)?;
    db.prepare_cached("INSERT INTO events (worker, seq, kind, body) VALUES (?, ?, ?, ?)")?
        .execute(params![worker, event.seq, event.body.kind(), body])?;
    Ok(())
}

/// Writes the rows of `messages` and `turns` for an event. Returns the message that the event
/// begins.
fn index(
    db: &Connection,
    worker: i64,
    event: &Event,
    answer: Option<&Answer>,
) -> Result<Option<MessageId>, Cause> {
    let insert = |id: MessageId, parent: Option<MessageId>, role: Role, turn: Option<TurnId>| {
        db.prepare_cached(
            "INSERT INTO messages (worker, message_id, parent, role, turn_id, seq)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            worker,
            id.as_bytes(),
            parent.as_ref().map(MessageId::as_bytes),
            read::role_name(role),
            turn.as_ref().map(TurnId::as_bytes),
            event.seq,
        ])
    };
    match &event.body {
        EventBody::MessageCommitted { message } => {
            insert(message.id, message.parent, message.role, message.turn_id)?;
            Ok(Some(message.id))
        }
        EventBody::TurnAccepted { turn } => {
            insert(turn.answer, Some(turn.question), Role::Assistant, Some(turn.turn_id))?;
            db.prepare_cached("INSERT INTO turns (worker, turn_id, first_seq) VALUES (?, ?, ?)")?
                .execute(params![worker, turn.turn_id.as_bytes(), event.seq])?;
            Ok(Some(turn.answer))
        }
        EventBody::TurnEnded { turn_id, .. } => {
            // SQLite refuses to update a row of a strict table in which any value has the wrong
            // type, so a damaged `first_seq` is cast to its type.
            db.prepare_cached(
                "UPDATE turns SET last_seq = ?, first_seq = CAST(first_seq AS INTEGER)
                 WHERE worker = ? AND turn_id = ?",
            )?
            .execute(params![event.seq, worker, turn_id.as_bytes()])?;
            let answer = answer.filter(|answer| answer.turn() == *turn_id);
            fold(db, worker, *turn_id, event.seq, answer)?;
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// Replaces each run of neighbouring deltas of an ended turn by a single delta. `answer` are those that
/// have no rows. Deltas that cannot be read stay as they are, without an error, so that the turn can
/// end.
fn fold(
    db: &Connection,
    worker: i64,
    turn: TurnId,
    end: u64,
    answer: Option<&Answer>,
) -> Result<(), Cause> {
    let events = match turn_events(db, worker, turn, end, answer) {
        Err(cause) if !is_damage(&cause) => return Err(cause),
        Ok(Some(events)) => events,
        Ok(None) | Err(_) => return answer.map_or(Ok(()), |answer| answer.write_rows(db)),
    };
    let has_row = |seq| answer.is_none_or(|answer| !answer.holds(seq));
    for event in fold_deltas(events).into_iter().filter(|event| event.body.is_delta()) {
        if event.first_seq.is_some() {
            db.prepare_cached("DELETE FROM events WHERE worker = ? AND seq BETWEEN ? AND ?")?
                .execute(params![worker, event.first_seq(), event.seq])?;
        } else if has_row(event.seq) {
            continue;
        }
        insert_event(db, worker, &event)?;
    }
    Ok(())
}

fn turn_events(
    db: &Connection,
    worker: i64,
    turn: TurnId,
    end: u64,
    answer: Option<&Answer>,
) -> Result<Option<Vec<Event>>, Cause> {
    let first: Option<u64> = db
        .prepare_cached("SELECT first_seq FROM turns WHERE worker = ? AND turn_id = ?")?
        .query_row(params![worker, turn.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(first) = first else { return Ok(None) };
    let rows = read::rows_between(db, worker, first, end)?;
    read::merged(rows, answer, (first, end)).map(Some)
}
