//! Repairs, at a start that does not follow a clean stop, the columns and indexes by which rows are
//! found. Every conversation can then be listed, named and removed: a flipped byte in such a column
//! must not hide a conversation or disturb others. The content of rows is never guessed: a
//! conversation that cannot be read stays unreadable.
//!
//! If nothing is wrong, nothing is written.

use std::collections::HashSet;

use protocol::{Timestamp, Worker, WorkerId};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, Transaction, params};
use store::Cause;

use super::row::{place_name, place_of};
use super::schema::GRAMS;
use super::{delete, search_index};

/// The tables in which FTS5 keeps the index of texts (<https://sqlite.org/fts5.html>).
const INDEX_TABLES: [&str; 4] = ["grams_data", "grams_idx", "grams_docsize", "grams_config"];

/// Whether a finding of SQLite's check is about the content of a row or about the index of texts,
/// and not about the structure of the file. The texts of findings are in
/// <https://sqlite.org/src/file/src/pragma.c> and
/// <https://sqlite.org/src/file/ext/fts5/fts5_main.c>.
pub(crate) fn is_of_a_row(finding: &str) -> bool {
    let of_column = finding.split_once(" value in ").is_some_and(|(kind, column)| {
        let known = ["NULL", "non-INTEGER", "non-TEXT", "non-BLOB", "TEXT", "NUMERIC"];
        known.contains(&kind) && column.contains('.')
    });
    // An index of a table can be rebuilt from its rows.
    let of_lookup = ["missing from index", "# of entries in index", "non-unique entry in index"];
    of_column || of_lookup.iter().any(|words| finding.contains(words)) || is_of_index(finding)
}

/// Whether a finding or an error of SQLite is about the index of texts.
pub(crate) fn is_of_index(finding: &str) -> bool {
    finding.contains("inverted index for FTS5 table")
        || finding.contains("vtable constructor failed: grams")
        || finding.contains("fts5")
}

/// Repairs the rows in one transaction, and then the indexes.
pub(crate) fn mend(db: &mut Connection) -> Result<(), Cause> {
    purge_staged(db)?;
    let (rows, orphans) = (wrong_rows(db)?, orphans(db)?);
    if !rows.is_empty() || !orphans.is_empty() {
        let transaction = db.transaction()?;
        for row in &rows {
            row.write(&transaction)?;
            tracing::warn!(worker = %row.id, "a conversation's row was damaged; the columns that lists need were repaired");
        }
        for orphan in orphans {
            let id = adopt(&transaction, orphan)?;
            tracing::warn!(worker = %id, "a log had no conversation; one was added for it, so that it can be listed and deleted");
        }
        transaction.commit()?;
    }
    mend_lookups(db)?;
    mend_index(db)
}

/// Gives up an import that was not complete when its process ended.
pub(crate) fn purge_staged(db: &Connection) -> Result<(), Cause> {
    if delete::purge_staged(db)? {
        tracing::warn!("an import was not completed; the rows that it had stored are removed");
    }
    Ok(())
}

/// The repaired values of the columns by which a worker is found and listed.
struct Lookup {
    key: i64,
    id: WorkerId,
    used_ms: i64,
    place: &'static str,
    deleted_ms: Option<i64>,
    /// The summary with the repaired `id`, if it named another one; `None` leaves it as it is.
    summary: Option<String>,
}

impl Lookup {
    fn write(&self, db: &Connection) -> Result<(), Cause> {
        db.execute(
            "UPDATE workers SET worker_id = ?, used_ms = ?, place = ?, deleted_ms = ?,
                    summary = coalesce(CAST(coalesce(?, summary) AS TEXT), ''),
                    log_id = coalesce(CAST(log_id AS INTEGER), 0),
                    last_seq = coalesce(CAST(last_seq AS INTEGER), 0),
                    head = CAST(head AS BLOB)
             WHERE id = ?",
            params![
                self.id.as_bytes(),
                self.used_ms,
                self.place,
                self.deleted_ms,
                self.summary,
                self.key
            ],
        )?;
        Ok(())
    }
}

/// Repairs for the rows whose columns are wrong.
fn wrong_rows(db: &Connection) -> Result<Vec<Lookup>, Cause> {
    let mut taken = ids(db)?;
    let mut statement = db.prepare(
        "SELECT id, worker_id, used_ms, place, deleted_ms, summary,
                typeof(log_id) || ' ' || typeof(last_seq) || ' ' || typeof(head)
                    || ' ' || typeof(summary)
         FROM workers NOT INDEXED",
    )?;
    let mut rows = statement.query([])?;
    let mut wrong = Vec::new();
    while let Some(row) = rows.next()? {
        wrong.extend(wrong_row(row, &mut taken)?);
    }
    Ok(wrong)
}

/// The ids that can be read.
fn ids(db: &Connection) -> Result<HashSet<WorkerId>, Cause> {
    let mut statement = db.prepare("SELECT worker_id FROM workers NOT INDEXED")?;
    let mut rows = statement.query([])?;
    let mut ids = HashSet::new();
    while let Some(row) = rows.next()? {
        ids.extend(id_of(row.get_ref(0)?));
    }
    Ok(ids)
}

fn wrong_row(row: &Row<'_>, taken: &mut HashSet<WorkerId>) -> Result<Option<Lookup>, Cause> {
    let key: i64 = row.get(0)?;
    let text = row.get_ref(5)?.as_str().ok();
    let mut summary: Option<Worker> = text.and_then(|text| serde_json::from_str(text).ok());
    let column = id_of(row.get_ref(1)?);
    // A summary with the id of another conversation is not used for this one.
    summary.take_if(|told| Some(told.worker_id) != column && taken.contains(&told.worker_id));
    let id = match (column, &summary) {
        (Some(id), _) => id,
        (None, Some(told)) => told.worker_id,
        (None, None) => made_of(key, taken),
    };
    taken.insert(id);
    let found_ms = integer(row.get_ref(2)?);
    let used_ms = match &summary {
        Some(worker) => worker.updated_at.unix_ms(),
        None => found_ms.filter(|ms| is_moment(*ms)).unwrap_or_else(|| {
            i64::try_from(id.unix_ms()).ok().filter(|ms| is_moment(*ms)).unwrap_or_default()
        }),
    };
    let found_place = row.get_ref(3)?.as_str().ok().and_then(place_of);
    let place = summary.as_ref().map(|worker| worker.place).or(found_place).unwrap_or_default();
    // Zero marks a worker that is being removed, see `delete.rs`; negative values mean nothing.
    let found_deleted = row.get_ref(4)?;
    let deleted_ms = integer(found_deleted).filter(|ms| *ms >= 0 && is_moment(*ms));
    let rename = summary.as_mut().filter(|worker| worker.worker_id != id);
    let renamed = rename.map(|worker| {
        worker.worker_id = id;
        serde_json::to_string(worker)
    });
    let types: String = row.get(6)?;
    // Whether each value has the type of its column. Null is left as it is.
    let expected = ["integer", "integer", "blob", "text"];
    let typed = types.split(' ').zip(expected).all(|(found, of)| found == of || found == "null");
    let right = column.is_some()
        && typed
        && found_ms == Some(used_ms)
        && found_place == Some(place)
        && (deleted_ms.is_some() || found_deleted == ValueRef::Null)
        && renamed.is_none();
    let summary = renamed.transpose()?;
    let place = place_name(place);
    Ok((!right).then_some(Lookup { key, id, used_ms, place, deleted_ms, summary }))
}

fn id_of(value: ValueRef<'_>) -> Option<WorkerId> {
    match value {
        ValueRef::Blob(bytes) => WorkerId::from_slice(bytes).ok(),
        _ => None,
    }
}

fn integer(value: ValueRef<'_>) -> Option<i64> {
    value.as_i64().ok()
}

fn is_moment(ms: i64) -> bool {
    Timestamp::from_unix_ms(ms).unix_ms() == ms
}

/// An id for a row that has none, made of its key, so that every start makes the same one.
fn made_of(key: i64, taken: &HashSet<WorkerId>) -> WorkerId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&key.to_be_bytes());
    (0..=u64::MAX)
        .map(|ms| WorkerId::from_parts(ms, random))
        .find(|id| !taken.contains(id))
        .expect("there are more timestamps than workers")
}

/// The keys of workers that events refer to and that no row of `workers` has.
fn orphans(db: &Connection) -> Result<Vec<i64>, Cause> {
    let mut next = db.prepare("SELECT min(worker) FROM events WHERE worker > ?")?;
    let mut known = db.prepare("SELECT EXISTS (SELECT 1 FROM workers WHERE id = ?)")?;
    let mut key: Value = db.query_row("SELECT min(worker) FROM events", [], |row| row.get(0))?;
    let mut orphans = Vec::new();
    // Values that are not integers sort behind all integers, and no query reads them.
    while let Value::Integer(worker) = key {
        if !known.query_row([worker], |row| row.get::<_, bool>(0))? {
            orphans.push(worker);
        }
        key = next.query_row([worker], |row| row.get(0))?;
    }
    Ok(orphans)
}

/// Adds a worker for the events of `key`, so that they can be listed, exported and removed. Its
/// summary is lost, so it is listed as unreadable.
fn adopt(db: &Transaction<'_>, key: i64) -> Result<WorkerId, Cause> {
    let id = made_of(key, &ids(db)?);
    db.execute(
        "INSERT INTO workers (id, worker_id, log_id, last_seq, used_ms, summary)
         VALUES (?, ?, 0, 0, 0, '')",
        params![key, id.as_bytes()],
    )?;
    Ok(id)
}

/// Rebuilds the indexes of the small tables if they do not match the rows: otherwise a worker would
/// be in some lists and missing from others.
fn mend_lookups(db: &Connection) -> Result<(), Cause> {
    for table in ["workers", "turns"] {
        let mut statement = db.prepare(&format!("PRAGMA integrity_check({table})"))?;
        let mut rows = statement.query([])?;
        let mut wrong = false;
        while let Some(row) = rows.next()? {
            let finding: String = row.get(0)?;
            wrong |= finding.contains("missing from index") || finding.contains("entries in index");
        }
        drop(rows);
        if wrong {
            tracing::warn!(table, "an index does not match its table; it is rebuilt");
            db.execute_batch(&format!("REINDEX {table}"))?;
        }
    }
    Ok(())
}

/// Rebuilds the index of texts if it is broken, or if texts are missing from it because they were
/// written while it was broken.
fn mend_index(db: &mut Connection) -> Result<(), Cause> {
    if index_is_whole(db) {
        return Ok(());
    }
    tracing::warn!("the search index is damaged; it is rebuilt, which may take a while");
    if db.execute_batch("DROP TABLE IF EXISTS grams").is_err() {
        // SQLite opens the index before it drops it, and it is too broken for that. Without its
        // entry in the schema its tables are ordinary ones, which can be dropped below.
        db.pragma_update(None, "writable_schema", true)?;
        let deleted = db.execute("DELETE FROM sqlite_schema WHERE name = 'grams'", []);
        db.pragma_update(None, "writable_schema", "RESET")?;
        deleted?;
    }
    for table in INDEX_TABLES {
        db.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    let transaction = db.transaction()?;
    transaction.execute_batch(GRAMS)?;
    search_index::index_all(&transaction)?;
    Ok(transaction.commit()?)
}

fn index_is_whole(db: &Connection) -> bool {
    let sound = db.query_row("PRAGMA quick_check(grams)", [], |row| row.get::<_, String>(0));
    if sound.as_deref() != Ok("ok") {
        return false;
    }
    let same = "SELECT (SELECT count(*) FROM texts) = (SELECT count(*) FROM grams_docsize)
             AND NOT EXISTS (SELECT 1 FROM texts WHERE id NOT IN (SELECT id FROM grams_docsize))";
    db.query_row(same, [], |row| row.get::<_, bool>(0)).unwrap_or(false)
}
