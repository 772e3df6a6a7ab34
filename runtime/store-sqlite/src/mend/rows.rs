//! The rows of workers whose columns are wrong, and logs that have no worker.

use protocol::{AccountId, Timestamp, Worker, WorkerId};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, Transaction, params};
use store::Cause;

use crate::row::{owner_in, place_name, place_of};

/// How many rows one statement of the search reads.
const ROWS: u32 = 500;

/// The repaired values of the columns by which a worker is found and listed.
pub(super) struct Lookup {
    key: i64,
    pub(super) id: WorkerId,
    used_ms: i64,
    place: &'static str,
    deleted_ms: Option<i64>,
    owner: AccountId,
    /// The summary with the repaired `id`, if it named another one; `None` leaves it as it is.
    summary: Option<String>,
}

impl Lookup {
    pub(super) fn write(&self, db: &Connection) -> Result<(), Cause> {
        db.execute(
            "UPDATE workers SET worker_id = ?, used_ms = ?, place = ?, deleted_ms = ?,
                    summary = coalesce(CAST(coalesce(?, summary) AS TEXT), ''),
                    log_id = coalesce(CAST(log_id AS INTEGER), 0),
                    last_seq = coalesce(CAST(last_seq AS INTEGER), 0),
                    head = CAST(head AS BLOB), owner = ?,
                    copied_seq = coalesce(CAST(copied_seq AS INTEGER), 0)
             WHERE id = ?",
            params![
                self.id.as_bytes(),
                self.used_ms,
                self.place,
                self.deleted_ms,
                self.summary,
                self.owner.get(),
                self.key
            ],
        )?;
        Ok(())
    }
}

/// The columns that [`wrong_row`] reads.
const COLUMNS: &str = "id, worker_id, used_ms, place, deleted_ms, summary,
    typeof(log_id) || ' ' || typeof(last_seq) || ' ' || typeof(head) || ' ' || typeof(summary)
        || ' ' || typeof(copied_seq),
    owner";

/// The keys of some workers after `after` whose columns are wrong, and the last key that was read;
/// `None` if there are no more.
pub(super) fn wrong_rows(
    db: &Connection,
    after: Option<i64>,
) -> Result<(Vec<i64>, Option<i64>), Cause> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM workers NOT INDEXED WHERE id > ? OR ? ORDER BY id LIMIT ?"
    ))?;
    let mut rows = statement.query(params![after.unwrap_or(i64::MIN), after.is_none(), ROWS])?;
    let (mut wrong, mut read, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        (read, last) = (read + 1, Some(key));
        if wrong_row(db, row)?.is_some() {
            wrong.push(key);
        }
    }
    Ok((wrong, last.filter(|_| read == ROWS)))
}

/// The repair for the worker with this key, if it is there and its columns are wrong.
pub(super) fn wrong_row_of(db: &Connection, key: i64) -> Result<Option<Lookup>, Cause> {
    let sql = format!("SELECT {COLUMNS} FROM workers NOT INDEXED WHERE id = ?");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([key])?;
    match rows.next()? {
        Some(row) => wrong_row(db, row),
        None => Ok(None),
    }
}

/// Whether another row than that of `key` has this id.
fn is_taken(db: &Connection, id: WorkerId, key: i64) -> Result<bool, Cause> {
    let sql = "SELECT EXISTS (SELECT 1 FROM workers WHERE worker_id = ? AND id <> ?)";
    let taken = db.prepare_cached(sql)?.query_row(params![id.as_bytes(), key], |row| row.get(0));
    Ok(taken?)
}

fn wrong_row(db: &Connection, row: &Row<'_>) -> Result<Option<Lookup>, Cause> {
    let key: i64 = row.get(0)?;
    let text = row.get_ref(5)?.as_str().ok();
    let mut summary: Option<Worker> = text.and_then(|text| serde_json::from_str(text).ok());
    let column = id_of(row.get_ref(1)?);
    // A summary with the id of another conversation is not used for this one.
    let named = summary.as_ref().map(|told| told.worker_id).filter(|id| Some(*id) != column);
    if let Some(id) = named
        && is_taken(db, id, key)?
    {
        summary = None;
    }
    let id = match (column, &summary) {
        (Some(id), _) => id,
        (None, Some(told)) => told.worker_id,
        (None, None) => made_of(db, key)?,
    };
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
    // A conversation without an owner would be in nobody's list.
    let found_owner = owner_in(row.get_ref(7)?);
    let owner = found_owner.unwrap_or(AccountId::FIRST);
    let types: String = row.get(6)?;
    // Whether each value has the type of its column. Null is left as it is.
    let expected = ["integer", "integer", "blob", "text", "integer"];
    let typed = types.split(' ').zip(expected).all(|(found, of)| found == of || found == "null");
    let right = column.is_some()
        && typed
        && found_ms == Some(used_ms)
        && found_place == Some(place)
        && (deleted_ms.is_some() || found_deleted == ValueRef::Null)
        && found_owner.is_some()
        && renamed.is_none();
    let summary = renamed.transpose()?;
    let place = place_name(place);
    Ok((!right).then_some(Lookup { key, id, used_ms, place, deleted_ms, owner, summary }))
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
fn made_of(db: &Connection, key: i64) -> Result<WorkerId, Cause> {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&key.to_be_bytes());
    for ms in 0..=u64::MAX {
        let id = WorkerId::from_parts(ms, random);
        if !is_taken(db, id, key)? {
            return Ok(id);
        }
    }
    unreachable!("there are more timestamps than workers")
}

/// The keys of workers that events refer to and that no row of `workers` has.
pub(super) fn orphans(db: &Connection) -> Result<Vec<i64>, Cause> {
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
/// summary is lost, so it is listed as unreadable. `None` if it is not needed any more.
pub(super) fn adopt(db: &Transaction<'_>, key: i64) -> Result<Option<WorkerId>, Cause> {
    let sql = "SELECT EXISTS (SELECT 1 FROM events WHERE worker = ?1)
             AND NOT EXISTS (SELECT 1 FROM workers WHERE id = ?1)";
    if !db.query_row(sql, [key], |row| row.get::<_, bool>(0))? {
        return Ok(None);
    }
    let id = made_of(db, key)?;
    db.execute(
        "INSERT INTO workers (id, worker_id, log_id, last_seq, used_ms, summary)
         VALUES (?, ?, 0, 0, 0, '')",
        params![key, id.as_bytes()],
    )?;
    Ok(Some(id))
}
