//! Statements that read a worker's log: its tail, and pages of it.

use protocol::{Event, MessageId, WorkerId};
use rusqlite::{Connection, Params, params};
use store::{Cause, Page};

use super::{WorkerRow, key, messages, worker};
use crate::row;
use crate::streamed::{Answer, Moment};

/// The number of bytes of events after which a tail ends, whatever was asked for. An observer thus
/// holds at most this much and one more event.
const TAIL_BYTES: u64 = 1 << 20;

/// The most bytes of events in one page, unless its newest message alone is larger.
const PAGE_BYTES: u64 = 4 << 20;

pub(crate) fn tail(
    db: &Moment<'_>,
    id: WorkerId,
    after: u64,
    limit: u32,
) -> Result<Option<Vec<Event>>, Cause> {
    let Some(key) = key(db, id)? else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT seq, kind, body FROM events WHERE worker = ? AND seq > ? ORDER BY seq LIMIT ?",
    )?;
    let mut rows = statement.query(params![key, after, limit])?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while bytes < TAIL_BYTES
        && let Some(row) = rows.next()?
    {
        bytes += row.get_ref(2)?.as_bytes_or_null().ok().flatten().map_or(0, <[u8]>::len) as u64;
        events.push(row::event(row)?);
    }
    let are_all = bytes < TAIL_BYTES && events.len() < limit as usize;
    let last = events.last().filter(|_| !are_all).map_or(u64::MAX, |event| event.seq);
    let mut events = merged(events, db.answer(key)?, (after.saturating_add(1), last))?;
    events.truncate(limit as usize);
    match events.first() {
        Some(first) if first.first_seq() > after.saturating_add(1) => {
            row::bad("events", "one is gone")
        }
        _ => Ok(Some(events)),
    }
}

pub(crate) fn page(
    db: &Moment<'_>,
    id: WorkerId,
    before: Option<u64>,
    limit: u32,
) -> Result<Option<Page>, Cause> {
    let Some(WorkerRow { key, stored }) = worker(db, id)? else { return Ok(None) };
    let newest = stored.last_seq + 1;
    let end = before.unwrap_or(newest).min(newest);
    // One more than `limit` is read, to see whether the log has earlier messages.
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
    if events.first().is_none_or(|event| event.first_seq() != first) {
        return row::bad("events", "a page does not begin where it should");
    }
    let last = events.last().map_or(0, |event| event.seq);
    if last + 1 != end && (end == newest || begins_message(db, key, end)?) {
        return row::bad("events", "a page does not end where it should");
    }
    if next_before.is_none() && rows_before(db, key, first)? != first - 1 {
        return row::bad("events", "one is gone from before the first message");
    }
    Ok(Some(Page { stored, events, next_before }))
}

/// Whether the event at `seq` exists and begins a message.
fn begins_message(db: &Connection, key: i64, seq: u64) -> Result<bool, Cause> {
    let mut statement = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM events WHERE worker = ? AND seq = ?
             AND kind IN ('message_committed', 'turn_accepted'))",
    )?;
    Ok(statement.query_row(params![key, seq], |row| row.get(0))?)
}

/// The number of events before `seq`. This counts the events before the first message, which are
/// never folded, so each has a row of its own.
fn rows_before(db: &Connection, key: i64, seq: u64) -> Result<u64, Cause> {
    let mut statement =
        db.prepare_cached("SELECT count(*) FROM events WHERE worker = ? AND seq < ?")?;
    Ok(statement.query_row(params![key, seq], |row| row.get(0))?)
}

pub(crate) fn around(
    db: &Moment<'_>,
    id: WorkerId,
    message: MessageId,
    limit: u32,
) -> Result<Option<Page>, Cause> {
    let Some(WorkerRow { key, .. }) = worker(db, id)? else { return Ok(None) };
    let Some(seq) = messages::seq_of(db, key, message)? else { return Ok(None) };
    let mut statement = db.prepare_cached(
        "SELECT seq FROM events
         WHERE worker = ? AND seq > ? AND kind IN ('message_committed', 'turn_accepted')
         ORDER BY seq LIMIT ?",
    )?;
    let rows = statement.query_map(params![key, seq, limit], |row| row.get(0))?;
    let later: Vec<u64> = rows.collect::<Result<_, _>>()?;
    // The newest page if the message is on it, else a page with about as many messages after it as
    // before.
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
    // Because of long texts after the message, the page does not reach back to it.
    self::page(db, id, later.first().copied(), limit)
}

/// The event at `seq`, unless it is a streamed piece.
pub(crate) fn event(db: &Connection, key: i64, seq: u64) -> Result<Option<Event>, Cause> {
    Ok(rows_between(db, key, seq, seq)?.pop())
}

pub(crate) fn events_between(
    db: &Moment<'_>,
    key: i64,
    first: u64,
    last: u64,
) -> Result<Vec<Event>, Cause> {
    let rows = rows_between(db, key, first, last)?;
    merged(rows, db.answer(key)?, (first, last))
}

/// The events that have rows.
pub(crate) fn rows_between(
    db: &Connection,
    key: i64,
    first: u64,
    last: u64,
) -> Result<Vec<Event>, Cause> {
    let sql =
        "SELECT seq, kind, body FROM events WHERE worker = ? AND seq BETWEEN ? AND ? ORDER BY seq";
    events(db, sql, params![key, first, last])
}

/// Events that have rows, with the streamed pieces from position `first` to `last`. Errors if one is
/// missing in between.
pub(crate) fn merged(
    rows: Vec<Event>,
    answer: Option<&Answer>,
    span: (u64, u64),
) -> Result<Vec<Event>, Cause> {
    let events = with_pieces(rows, answer, span);
    contiguous(&events)?;
    Ok(events)
}

/// Like [`merged`], for rows between which others may be missing.
pub(crate) fn with_pieces(
    mut rows: Vec<Event>,
    answer: Option<&Answer>,
    span: (u64, u64),
) -> Vec<Event> {
    if let Some(answer) = answer.filter(|answer| answer.meets(span)) {
        rows.extend(answer.events(span.0, span.1));
        rows.sort_by_key(|event| event.seq);
    }
    rows
}

/// Errors if an event is missing in between, because the fold would stop there.
fn contiguous(events: &[Event]) -> Result<(), Cause> {
    match events.windows(2).all(|two| two[1].first_seq() == two[0].seq + 1) {
        true => Ok(()),
        false => row::bad("events", "one is gone from between others"),
    }
}

/// Whether a page, which ends after `seq`, begins at or before it.
fn begins_by(page: &Page, seq: u64) -> bool {
    page.events.first().is_some_and(|first| first.first_seq() <= seq)
}

/// The start of a page that should begin at `first`, moved up so that its events stay within
/// [`PAGE_BYTES`]. The possible starts are `begins`, the newest first; the newest message is always
/// on the page.
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

pub(super) fn events(db: &Connection, sql: &str, params: impl Params) -> Result<Vec<Event>, Cause> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut events = Vec::new();
    while let Some(found) = rows.next()? {
        events.push(row::event(found)?);
    }
    Ok(events)
}
