//! Search: the index gives the texts that may contain the words, and each text is then checked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Instant;

use protocol::Worker;
use protocol::api::{HitMessage, SearchHit};
use rusqlite::{Connection, params};
use store::{Cause, Found, Search};

use super::outage::is_damage;
use super::streamed::Moment;
use super::{read, search_index};

/// The number of instructions of SQLite's virtual machine between two checks of the time limit.
pub(crate) const STEPS: i32 = 1_000;

/// The texts that contain all words, the newest first. When the time limit is reached, the result
/// holds the texts that were found so far.
pub(crate) fn search(db: &Connection, search: &Search) -> Result<Found, Cause> {
    let deadline = Instant::now() + search.within;
    let late = move || Instant::now() >= deadline;
    let mut found = Found::default();
    let key = match search.worker {
        None => None,
        Some(id) if read::owner(db, id)? != Some(search.owner) => return Ok(found),
        Some(id) => match read::key(db, id)? {
            Some(key) => Some(key),
            None => return Ok(found),
        },
    };
    db.progress_handler(STEPS, Some(late))?;
    let done = walk(db, search, key, late, &mut found);
    db.progress_handler(0, None::<fn() -> bool>)?;
    match done {
        Err(cause) if is_interrupted(&cause) => found.cut_short = true,
        done => done?,
    }
    Ok(found)
}

/// Adds the hits, and the position for the next page, to `found`.
fn walk(
    db: &Connection,
    search: &Search,
    key: Option<i64>,
    late: impl Fn() -> bool,
    found: &mut Found,
) -> Result<(), Cause> {
    let words = search::of_query(&search.query).into_iter();
    // Strings in FTS5's query syntax. A gram contains no quotation mark, which would end it.
    let all = |words: &mut dyn Iterator<Item = String>| {
        let words = words.chain(key.map(search_index::mark));
        words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ")
    };
    let anything = &mut std::iter::once(search_index::ANYTHING.to_owned());
    let matching = format!("{} OR {}", all(&mut words.into_iter()), all(anything));
    let before = search.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
    found.next_before = search.before;
    let mut workers: HashMap<i64, Option<Worker>> = HashMap::new();
    let mut statement = db.prepare_cached(
        "SELECT rowid FROM grams WHERE grams MATCH ? AND rowid < ? ORDER BY rowid DESC",
    )?;
    let mut rows = statement.query(params![matching, before])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if found.hits.len() == search.limit as usize {
            return Ok(());
        }
        if late() {
            found.cut_short = true;
            return Ok(());
        }
        match look(db, search, number, &mut workers) {
            Ok(hit) => found.hits.extend(hit),
            // A text that cannot be read is not a hit, and the search continues.
            Err(cause) if is_damage(&cause) => {}
            Err(cause) => return Err(cause),
        }
        found.next_before = u64::try_from(number).ok();
    }
    found.next_before = None;
    Ok(())
}

/// The text with this number as a hit. `None` if it does not contain the words, or if its worker
/// was deleted or is another account's.
fn look(
    db: &Connection,
    search: &Search,
    number: i64,
    workers: &mut HashMap<i64, Option<Worker>>,
) -> Result<Option<SearchHit>, Cause> {
    let Some(text) = search_index::text(db, number)? else { return Ok(None) };
    let worker = match workers.entry(text.worker) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => match read::summary(db, text.worker, search.owner) {
            Err(cause) if is_damage(&cause) => new.insert(None),
            summary => new.insert(summary?),
        },
    };
    let Some(worker) = worker else { return Ok(None) };
    let (message, words) = match text.message {
        None => (None, worker.title.clone().unwrap_or_default()),
        Some(id) => {
            let Some(found) = read::message(&Moment::without_pieces(db), text.worker, id)? else {
                return Ok(None);
            };
            let read::FoundMessage { role, created_at, text } = found;
            (Some(HitMessage { id, role, created_at }), text)
        }
    };
    if !search.query.is_in(&words) {
        return Ok(None);
    }
    let snippet = search::snippet(&words, &search.query);
    Ok(Some(SearchHit { worker: worker.clone(), message, snippet }))
}

/// Whether an error is that the time limit ended a statement.
pub(crate) fn is_interrupted(cause: &Cause) -> bool {
    let code = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    code == Some(rusqlite::ErrorCode::OperationInterrupted)
}
