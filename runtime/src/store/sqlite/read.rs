//! The statements that read. Each runs inside one read transaction.

use protocol::{
    Event, EventBody, LogId, MessageId, Place, Role, Timestamp, TurnId, Worker, WorkerId,
};
use rusqlite::{Connection, OptionalExtension, Params, params};

use crate::store::{Acceptance, Branch, BranchMessage, Cause, ListPosition, Page, Places, Stored};

/// Bytes of events after which a tail ends, whatever was asked for: what an observer holds at
/// most, but for its last event.
const TAIL_BYTES: u64 = 1 << 20;

/// Bytes of events in one page at most, unless its newest message alone has more.
const PAGE_BYTES: u64 = 4 << 20;

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

pub(super) fn tail(
    db: &Connection,
    id: WorkerId,
    after: u64,
    limit: u32,
) -> Result<Option<Vec<Event>>, Cause> {
    let Some(key) = key(db, id)? else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT body FROM events WHERE worker = ? AND seq > ? ORDER BY seq LIMIT ?",
    )?;
    let mut rows = statement.query(params![key, after, limit])?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while bytes < TAIL_BYTES
        && let Some(row) = rows.next()?
    {
        let body: String = row.get(0)?;
        bytes += body.len() as u64;
        events.push(serde_json::from_str(&body)?);
    }
    Ok(Some(events))
}

pub(super) fn events_between(
    db: &Connection,
    key: i64,
    first: u64,
    last: u64,
) -> Result<Vec<Event>, Cause> {
    let sql = "SELECT body FROM events WHERE worker = ? AND seq BETWEEN ? AND ? ORDER BY seq";
    events(db, sql, params![key, first, last])
}

pub(super) fn page(
    db: &Connection,
    id: WorkerId,
    before: Option<u64>,
    limit: u32,
) -> Result<Option<Page>, Cause> {
    let Some(WorkerRow { key, stored }) = worker(db, id)? else { return Ok(None) };
    let newest = stored.last_seq + 1;
    let end = before.unwrap_or(newest).min(newest);
    // One more than asked for tells whether anything comes before.
    let mut statement = db.prepare_cached(
        "SELECT seq FROM events
         WHERE worker = ? AND seq < ? AND kind IN ('message_committed', 'turn_accepted')
         ORDER BY seq DESC LIMIT ?",
    )?;
    let rows = statement.query_map(params![key, end, limit.saturating_add(1)], |row| row.get(0))?;
    let begins: Vec<u64> = rows.collect::<Result<_, _>>()?;
    let mut wanted = begins.iter().take(limit as usize);
    let Some(&first) = wanted.next_back() else {
        return Ok(Some(Page { stored, events: Vec::new(), next_before: None }));
    };
    let first = within_bytes(db, key, &begins, first, end)?;
    let next_before = (begins.last() != Some(&first)).then_some(first);
    let events = events_between(db, key, first, end.saturating_sub(1))?;
    Ok(Some(Page { stored, events, next_before }))
}

pub(super) fn around(
    db: &Connection,
    id: WorkerId,
    message: MessageId,
    limit: u32,
) -> Result<Option<Page>, Cause> {
    let Some(WorkerRow { key, .. }) = worker(db, id)? else { return Ok(None) };
    let Some(Link { seq, .. }) = link(db, key, message)? else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT seq FROM events
         WHERE worker = ? AND seq > ? AND kind IN ('message_committed', 'turn_accepted')
         ORDER BY seq LIMIT ?",
    )?;
    let rows = statement.query_map(params![key, seq, limit], |row| row.get(0))?;
    let later: Vec<u64> = rows.collect::<Result<_, _>>()?;
    // The newest page where the message is in it, else one with as much after it as before.
    if later.len() < limit as usize {
        let newest = page(db, id, None, limit)?;
        if newest.as_ref().is_some_and(|page| begins_by(page, seq)) {
            return Ok(newest);
        }
    }
    let after = later.get(limit as usize / 2).copied();
    let page = page(db, id, after, limit)?;
    if page.as_ref().is_some_and(|page| begins_by(page, seq)) {
        return Ok(page);
    }
    // Long texts after it made the page short.
    self::page(db, id, later.first().copied(), limit)
}

/// Whether the event at `seq` is in a page that ends after it.
fn begins_by(page: &Page, seq: u64) -> bool {
    page.events.first().is_some_and(|first| first.first_seq() <= seq)
}

/// Where a page begins that is to begin at `first`, so that its events stay within
/// [`PAGE_BYTES`]: at one of `begins`, which are the newest first; the newest message always is
/// in the page.
fn within_bytes(
    db: &Connection,
    key: i64,
    begins: &[u64],
    first: u64,
    end: u64,
) -> Result<u64, Cause> {
    let mut statement = db.prepare_cached(
        "SELECT sum(octet_length(body)) FROM events WHERE worker = ? AND seq BETWEEN ? AND ?",
    )?;
    let (mut page, mut bytes, mut end) = (None, 0, end);
    for &begin in begins.iter().take_while(|begin| **begin >= first) {
        let more: u64 = statement.query_row(params![key, begin, end - 1], |row| row.get(0))?;
        bytes += more;
        if page.is_some() && bytes > PAGE_BYTES {
            break;
        }
        (page, end) = (Some(begin), begin);
    }
    Ok(page.unwrap_or(first))
}

pub(super) fn role_of(
    db: &Connection,
    id: WorkerId,
    message: MessageId,
) -> Result<Option<Role>, Cause> {
    let Some(key) = key(db, id)? else { return Ok(None) };
    Ok(link(db, key, message)?.map(|link| link.role))
}

pub(super) fn acceptance(
    db: &Connection,
    id: WorkerId,
    message: MessageId,
) -> Result<Option<Acceptance>, Cause> {
    let Some(key) = key(db, id)? else { return Ok(None) };
    let Some(link) = link(db, key, message)?.filter(|link| link.role == Role::User) else {
        return Ok(None);
    };
    let Some(event) = event(db, key, link.seq)? else { return Ok(None) };
    let EventBody::MessageCommitted { message } = event.body else { return Ok(None) };
    let Some(turn_id) = message.turn_id else { return Ok(None) };
    let Some((first, _)) = turn_span(db, key, turn_id)? else { return Ok(None) };
    Ok(self::event(db, key, first)?.map(|turn| Acceptance { message, turn }))
}

pub(super) fn turn(
    db: &Connection,
    id: WorkerId,
    turn: TurnId,
) -> Result<Option<Vec<Event>>, Cause> {
    let Some(key) = key(db, id)? else { return Ok(None) };
    let Some((first, last)) = turn_span(db, key, turn)? else { return Ok(None) };
    events_between(db, key, first, last.unwrap_or(i64::MAX as u64)).map(Some)
}

pub(super) fn branch(
    db: &Connection,
    id: WorkerId,
    leaf: MessageId,
    max_bytes: u64,
) -> Result<Branch, Cause> {
    let Some(key) = key(db, id)? else { return Ok(Branch::default()) };
    let mut branch = Branch::default();
    let mut bytes = 0;
    let mut next = Some(leaf);
    while let Some(message) = next {
        let Some(link) = link(db, key, message)? else { break };
        next = link.parent;
        // Beyond the bound the messages are only counted.
        if branch.older > 0 {
            branch.older += u32::from(has_text(db, key, &link)?);
            continue;
        }
        let text = text_of(db, key, &link)?;
        bytes += text.len() as u64;
        if text.is_empty() {
            continue;
        }
        if bytes > max_bytes && !branch.messages.is_empty() {
            branch.older = 1;
        } else {
            branch.messages.push(BranchMessage { id: message, role: link.role, text });
        }
    }
    branch.messages.reverse();
    Ok(branch)
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

/// A message as it is found: when it was written, and what it says.
pub(super) struct FoundMessage {
    pub(super) role: Role,
    pub(super) created_at: Timestamp,
    pub(super) text: String,
}

pub(super) fn message(
    db: &Connection,
    key: i64,
    id: MessageId,
) -> Result<Option<FoundMessage>, Cause> {
    let Some(link) = link(db, key, id)? else { return Ok(None) };
    // The event that begins a message of the user holds its text, too.
    let Some(event) = event(db, key, link.seq)? else { return Ok(None) };
    let (created_at, text) = match event.body {
        EventBody::MessageCommitted { message } => (message.created_at, message.text),
        _ => (event.at, text_of(db, key, &link)?),
    };
    Ok(Some(FoundMessage { role: link.role, created_at, text }))
}

/// A worker by its key, unless it was deleted.
pub(super) fn summary(db: &Connection, key: i64) -> Result<Option<Worker>, Cause> {
    let mut statement =
        db.prepare_cached("SELECT summary FROM workers WHERE id = ? AND deleted_ms IS NULL")?;
    let summary = statement.query_row([key], |row| row.get::<_, String>(0)).optional()?;
    Ok(summary.map(|summary| serde_json::from_str(&summary)).transpose()?)
}

/// A message's place in the log.
struct Link {
    parent: Option<MessageId>,
    role: Role,
    turn: Option<TurnId>,
    seq: u64,
}

fn link(db: &Connection, key: i64, message: MessageId) -> Result<Option<Link>, Cause> {
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
    Ok(Some(Link {
        parent: parent.map(|bytes| MessageId::from_slice(&bytes)).transpose()?,
        role: if role == role_name(Role::User) { Role::User } else { Role::Assistant },
        turn: turn.map(|bytes| TurnId::from_slice(&bytes)).transpose()?,
        seq,
    }))
}

/// A message's text: the user's from its event, the model's from the turn's deltas.
fn text_of(db: &Connection, key: i64, link: &Link) -> Result<String, Cause> {
    if link.role == Role::User {
        let event = event(db, key, link.seq)?.map(|event| event.body);
        return Ok(match event {
            Some(EventBody::MessageCommitted { message }) => message.text,
            _ => String::new(),
        });
    }
    let Some((first, last)) = answer_span(db, key, link)? else { return Ok(String::new()) };
    let sql = "SELECT body FROM events
         WHERE worker = ? AND seq BETWEEN ? AND ? AND kind = 'text_delta' ORDER BY seq";
    let deltas = events(db, sql, params![key, first, last])?;
    Ok(deltas
        .into_iter()
        .filter_map(|event| match event.body {
            EventBody::TextDelta { text, .. } => Some(text),
            _ => None,
        })
        .collect())
}

fn has_text(db: &Connection, key: i64, link: &Link) -> Result<bool, Cause> {
    if link.role == Role::User {
        return Ok(true);
    }
    let Some((first, last)) = answer_span(db, key, link)? else { return Ok(false) };
    Ok(db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM events
             WHERE worker = ? AND seq BETWEEN ? AND ? AND kind = 'text_delta')",
        )?
        .query_row(params![key, first, last], |row| row.get(0))?)
}

fn answer_span(db: &Connection, key: i64, link: &Link) -> Result<Option<(u64, u64)>, Cause> {
    let Some(turn) = link.turn else { return Ok(None) };
    let span = turn_span(db, key, turn)?;
    Ok(span.map(|(first, last)| (first, last.unwrap_or(i64::MAX as u64))))
}

/// The seqs of a turn's acceptance and of its end, if it has ended.
pub(super) fn turn_span(
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

fn key(db: &Connection, id: WorkerId) -> Result<Option<i64>, Cause> {
    let mut statement =
        db.prepare_cached("SELECT id FROM workers WHERE worker_id = ? AND deleted_ms IS NULL")?;
    Ok(statement.query_row([id.as_bytes()], |row| row.get(0)).optional()?)
}

pub(super) fn event(db: &Connection, key: i64, seq: u64) -> Result<Option<Event>, Cause> {
    Ok(events_between(db, key, seq, seq)?.pop())
}

fn events(db: &Connection, sql: &str, params: impl Params) -> Result<Vec<Event>, Cause> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| row.get::<_, String>(0))?;
    rows.map(|body| Ok(serde_json::from_str(&body?)?)).collect()
}
