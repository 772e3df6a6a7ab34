//! Statements that read messages: their positions in the log, their texts, and branches.

use protocol::{
    Event, EventBody, Message, MessageId, Role, Timestamp, TurnId, WorkerId, take_reasoning,
};
use rusqlite::{Connection, OptionalExtension, params};
use store::{Acceptance, Branch, BranchMessage, Cause};

use super::log::{event, events, events_between, with_pieces};
use super::{key, role_name};
use crate::row;
use crate::streamed::{Answer, Moment};

/// A message that was found, with its text.
pub(crate) struct FoundMessage {
    pub(crate) role: Role,
    pub(crate) created_at: Timestamp,
    pub(crate) text: String,
}

pub(crate) fn message(
    db: &Moment<'_>,
    key: i64,
    id: MessageId,
) -> Result<Option<FoundMessage>, Cause> {
    let Some(row) = row(db, key, id)? else { return Ok(None) };
    // A user message's text is in the event that begins it.
    let event = beginning(db, key, id, &row)?;
    let (created_at, text) = match event.body {
        EventBody::MessageCommitted { message } => (message.created_at, message.text),
        _ => (event.at, answer_of(db, key, &row)?.0),
    };
    Ok(Some(FoundMessage { role: row.role, created_at, text }))
}

pub(crate) fn role_of(
    db: &Connection,
    id: WorkerId,
    message: MessageId,
) -> Result<Option<Role>, Cause> {
    let Some(key) = key(db, id)? else { return Ok(None) };
    Ok(row(db, key, message)?.map(|row| row.role))
}

pub(crate) fn question(
    db: &Connection,
    id: WorkerId,
    message: MessageId,
) -> Result<Option<Message>, Cause> {
    let Some(key) = key(db, id)? else { return Ok(None) };
    let Some(row) = row(db, key, message)?.filter(|row| row.role == Role::User) else {
        return Ok(None);
    };
    Ok(match beginning(db, key, message, &row)?.body {
        EventBody::MessageCommitted { message } => Some(message),
        _ => None,
    })
}

pub(crate) fn acceptance(
    db: &Connection,
    id: WorkerId,
    message: MessageId,
) -> Result<Option<Acceptance>, Cause> {
    let Some(key) = key(db, id)? else { return Ok(None) };
    let Some(message) = question(db, id, message)? else { return Ok(None) };
    let Some(turn_id) = message.turn_id else { return Ok(None) };
    let Some((first, _)) = turn_span(db, key, turn_id)? else { return Ok(None) };
    Ok(event(db, key, first)?.map(|turn| Acceptance { message, turn }))
}

pub(crate) fn turn(
    db: &Moment<'_>,
    id: WorkerId,
    turn: TurnId,
) -> Result<Option<Vec<Event>>, Cause> {
    let Some(key) = key(db, id)? else { return Ok(None) };
    let Some((first, last)) = turn_span(db, key, turn)? else { return Ok(None) };
    let events = events_between(db, key, first, last.unwrap_or(i64::MAX as u64))?;
    let begins = match events.first().map(|event| &event.body) {
        Some(EventBody::TurnAccepted { turn: accepted }) => accepted.turn_id == turn,
        _ => false,
    };
    if begins { Ok(Some(events)) } else { row::bad("turns", "it does not begin where it should") }
}

pub(crate) fn branch(
    db: &Moment<'_>,
    id: WorkerId,
    leaf: MessageId,
    max_bytes: u64,
) -> Result<Branch, Cause> {
    let Some(key) = key(db, id)? else { return Ok(Branch::default()) };
    let mut branch = Branch::default();
    let (mut bytes, mut reasoning_bytes) = (0, 0);
    let (mut next, mut child) = (Some(leaf), None);
    while let Some(message) = next {
        let row = match row(db, key, message)? {
            Some(row) => row,
            None if child.is_none() => break,
            None => return row::bad("messages", "the one before another is gone"),
        };
        // A parent is always older. Without this check a cycle would keep the walk going forever.
        if child.is_some_and(|child| row.seq >= child) {
            return row::bad("messages", "the one before another comes after it");
        }
        (next, child) = (row.parent, Some(row.seq));
        // Once the texts have reached the bound, older messages are only counted.
        if branch.older > 0 {
            branch.older += u32::from(has_text(db, key, &row)?);
            continue;
        }
        let (text, mut reasoning) = match beginning(db, key, message, &row)?.body {
            EventBody::MessageCommitted { message } => (message.text, String::new()),
            _ => answer_of(db, key, &row)?,
        };
        bytes += text.len() as u64;
        if text.is_empty() {
            continue;
        }
        if bytes > max_bytes && !branch.messages.is_empty() {
            branch.older = 1;
        } else {
            // If the reasoning of all messages is too long, only the newest is kept.
            reasoning_bytes += reasoning.len() as u64;
            if reasoning_bytes > max_bytes {
                reasoning.clear();
            }
            branch.messages.push(BranchMessage { id: message, role: row.role, text, reasoning });
        }
    }
    branch.messages.reverse();
    Ok(branch)
}

/// A message's row, which holds its position in the log and in the tree of messages.
struct MessageRow {
    parent: Option<MessageId>,
    role: Role,
    turn: Option<TurnId>,
    seq: u64,
}

/// The seqs of a turn's acceptance and of its end, if it has ended.
pub(crate) fn turn_span(
    db: &Connection,
    key: i64,
    turn: TurnId,
) -> Result<Option<(u64, Option<u64>)>, Cause> {
    let mut statement = db
        .prepare_cached("SELECT first_seq, last_seq FROM turns WHERE worker = ? AND turn_id = ?")?;
    let span =
        statement.query_row(params![key, turn.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(span.optional()?)
}

/// The position in the log at which a message begins.
pub(super) fn seq_of(db: &Connection, key: i64, message: MessageId) -> Result<Option<u64>, Cause> {
    Ok(row(db, key, message)?.map(|row| row.seq))
}

fn row(db: &Connection, key: i64, message: MessageId) -> Result<Option<MessageRow>, Cause> {
    let row = db
        .prepare_cached(
            "SELECT parent, role, turn_id, seq FROM messages WHERE worker = ? AND message_id = ?",
        )?
        .query_row(params![key, message.as_bytes()], |row| {
            Ok((
                row.get::<_, Option<Vec<u8>>>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Option<Vec<u8>>>(2)?,
                row.get::<_, u64>(3)?,
            ))
        })
        .optional()?;
    let Some((parent, role, turn, seq)) = row else { return Ok(None) };
    Ok(Some(MessageRow {
        parent: parent.map(|bytes| MessageId::from_slice(&bytes)).transpose()?,
        role: match [Role::User, Role::Assistant].into_iter().find(|r| role_name(*r) == role) {
            Some(role) => role,
            None => return row::bad("messages", "the role is none"),
        },
        turn: turn.map(|bytes| TurnId::from_slice(&bytes)).transpose()?,
        seq,
    }))
}

/// The event that begins a message. Errors if that event is missing or belongs to another message.
fn beginning(db: &Connection, key: i64, id: MessageId, row: &MessageRow) -> Result<Event, Cause> {
    let found = event(db, key, row.seq)?;
    let fits = found.as_ref().is_some_and(|event| match &event.body {
        EventBody::MessageCommitted { message } => (message.id, message.role) == (id, row.role),
        EventBody::TurnAccepted { turn } => (turn.answer, Role::Assistant) == (id, row.role),
        _ => false,
    });
    match found {
        Some(event) if fits => Ok(event),
        _ => row::bad("messages", "it does not begin where it should"),
    }
}

/// An answer's text, and its reasoning, from the turn's deltas.
fn answer_of(db: &Moment<'_>, key: i64, row: &MessageRow) -> Result<(String, String), Cause> {
    let (mut answer, mut reasoning) = (String::new(), String::new());
    let Some((first, last)) = answer_span(db, key, row)? else { return Ok((answer, reasoning)) };
    let sql = "SELECT seq, kind, body FROM events
         WHERE worker = ? AND seq BETWEEN ? AND ? 
         AND kind IN ('text_delta', 'reasoning_delta', 'text_was_reasoning') ORDER BY seq";
    let rows = events(db, sql, params![key, first, last])?;
    for event in with_pieces(rows, db.answer(key)?, (first, last)) {
        match event.body {
            EventBody::TextDelta { text, .. } => answer.push_str(&text),
            EventBody::ReasoningDelta { text, .. } => reasoning.push_str(&text),
            EventBody::TextWasReasoning { offset, .. } => {
                reasoning.push_str(&take_reasoning(&mut answer, offset));
            }
            _ => {}
        }
    }
    Ok((answer, reasoning))
}

fn has_text(db: &Moment<'_>, key: i64, row: &MessageRow) -> Result<bool, Cause> {
    if row.role == Role::User {
        return Ok(true);
    }
    let Some((first, last)) = answer_span(db, key, row)? else { return Ok(false) };
    let has = |kind| {
        let mut statement = db.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM events
             WHERE worker = ? AND seq BETWEEN ? AND ? AND kind = ?)",
        )?;
        statement.query_row(params![key, first, last, kind], |row| row.get::<_, bool>(0))
    };
    let streamed = db.answer(key)?.filter(|answer| row.turn == Some(answer.turn()));
    // Text that turned out to be reasoning does not count; few answers have such text.
    match has("text_delta")? || streamed.is_some_and(Answer::has_text) {
        true if has("text_was_reasoning")? => Ok(!answer_of(db, key, row)?.0.is_empty()),
        has_text => Ok(has_text),
    }
}

fn answer_span(db: &Connection, key: i64, row: &MessageRow) -> Result<Option<(u64, u64)>, Cause> {
    let Some(turn) = row.turn else { return Ok(None) };
    let span = turn_span(db, key, turn)?;
    Ok(span.map(|(first, last)| (first, last.unwrap_or(i64::MAX as u64))))
}
