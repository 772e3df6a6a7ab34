//! Repairs, after a start that does not follow a clean stop, the columns and indexes by which rows
//! are found. Every conversation can then be listed, named and removed: a flipped byte in such a
//! column must not hide a conversation or disturb others. The content of rows is never guessed: a
//! conversation that cannot be read stays unreadable.
//!
//! [`mend`] searches for what is wrong, in statements that each read for a short time only, so it can
//! run beside the service. What it finds becomes a [`Repair`], which is written at once or by the
//! writing thread, and which looks at the rows again, because they may have changed. If nothing is
//! wrong, nothing is written.

use std::time::Duration;

use rusqlite::Connection;
use store::{Cause, Repaired};

use super::schema::GRAMS;
use super::{delete, search_index};

mod rows;

/// For how long one repair writes into the index of texts.
const STEP: Duration = Duration::from_millis(10);

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

/// Gives up an import that was not complete when its process ended.
pub(crate) fn purge_staged(db: &Connection) -> Result<(), Cause> {
    if delete::purge_staged(db)? {
        tracing::warn!("an import was not completed; the rows that it had stored are removed");
    }
    Ok(())
}

/// The state of the index of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexState {
    Sound,
    Broken,
}

/// A change that makes rows or indexes right.
#[derive(Debug)]
pub(crate) enum Repair {
    /// Builds the indexes of a small table again.
    Reindex(&'static str),
    /// Repairs the columns of the workers with these keys.
    Workers(Vec<i64>),
    /// Adds workers for the events of these keys.
    Adopt(Vec<i64>),
    /// Replaces the index of texts by an empty one.
    EmptyIndex,
    /// Writes texts with higher numbers than this one into the index, as far as they are missing.
    FillIndex(i64),
}

/// What a repair has done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) repaired: Vec<Repaired>,
    /// The number of the last text that was written into the index. `None`: there are no more.
    text: Option<i64>,
}

/// Performs a repair, here or on the writing thread.
pub(crate) type Perform<'a> = dyn FnMut(Repair) -> Result<Done, Cause> + 'a;

/// Searches for rows and indexes that are wrong, by a connection that only reads, and has them
/// repaired. `index` is what is known of the index of texts.
pub(crate) fn mend(
    db: &Connection,
    index: IndexState,
    perform: &mut Perform<'_>,
) -> Result<(), Cause> {
    // The other steps find rows by these indexes.
    for table in wrong_lookups(db)? {
        tracing::warn!(table, "an index does not match its table; it is rebuilt");
        perform(Repair::Reindex(table))?;
    }
    let mut after = None;
    loop {
        let (wrong, last) = rows::wrong_rows(db, after)?;
        if !wrong.is_empty() {
            perform(Repair::Workers(wrong))?;
        }
        match last {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    let orphans = rows::orphans(db)?;
    if !orphans.is_empty() {
        perform(Repair::Adopt(orphans))?;
    }
    if index == IndexState::Sound && has_all_texts(db) {
        return Ok(());
    }
    tracing::warn!("the search index is damaged; it is rebuilt, which may take a while");
    perform(Repair::EmptyIndex)?;
    let mut next = Some(i64::MIN);
    while let Some(after) = next {
        next = perform(Repair::FillIndex(after))?.text;
    }
    tracing::info!("the search index is rebuilt");
    Ok(())
}

impl Repair {
    /// Writes the repair.
    pub(crate) fn perform(self, db: &mut Connection) -> Result<Done, Cause> {
        let mut done = Done::default();
        match self {
            Self::Reindex(table) => {
                db.execute_batch(&format!("REINDEX {table}"))?;
                done.repaired.push(Repaired::Lookups);
            }
            Self::Workers(keys) => {
                let transaction = db.transaction()?;
                for key in keys {
                    let Some(row) = rows::wrong_row_of(&transaction, key)? else { continue };
                    row.write(&transaction)?;
                    tracing::warn!(worker = %row.id, "a conversation's row was damaged; the columns that lists need were repaired");
                    done.repaired.push(Repaired::Worker(row.id));
                }
                transaction.commit()?;
            }
            Self::Adopt(keys) => {
                let transaction = db.transaction()?;
                for key in keys {
                    let Some(id) = rows::adopt(&transaction, key)? else { continue };
                    tracing::warn!(worker = %id, "a log had no conversation; one was added for it, so that it can be listed and deleted");
                    done.repaired.push(Repaired::Worker(id));
                }
                transaction.commit()?;
            }
            Self::EmptyIndex => empty_index(db)?,
            Self::FillIndex(after) => {
                let transaction = db.transaction()?;
                done.text = search_index::fill_missing(&transaction, after, STEP)?;
                transaction.commit()?;
            }
        }
        Ok(done)
    }
}

/// The small tables with indexes that do not match the rows: a worker would be in some lists and
/// missing from others.
fn wrong_lookups(db: &Connection) -> Result<Vec<&'static str>, Cause> {
    let mut found = Vec::new();
    for table in ["workers", "turns"] {
        let mut statement = db.prepare(&format!("PRAGMA integrity_check({table})"))?;
        let mut rows = statement.query([])?;
        let mut wrong = false;
        while let Some(row) = rows.next()? {
            let finding: String = row.get(0)?;
            wrong |= finding.contains("missing from index") || finding.contains("entries in index");
        }
        if wrong {
            found.push(table);
        }
    }
    Ok(found)
}

/// Replaces the index of texts by an empty one.
fn empty_index(db: &mut Connection) -> Result<(), Cause> {
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
    Ok(db.execute_batch(GRAMS)?)
}

/// Whether the index of texts is sound.
pub(crate) fn index_state(db: &Connection) -> IndexState {
    let found = db.query_row("PRAGMA quick_check(grams)", [], |row| row.get::<_, String>(0));
    if found.as_deref() == Ok("ok") { IndexState::Sound } else { IndexState::Broken }
}

/// Whether the index has all texts. Some are missing if they were written while it was broken.
fn has_all_texts(db: &Connection) -> bool {
    let same = "SELECT (SELECT count(*) FROM texts) = (SELECT count(*) FROM grams_docsize)
             AND NOT EXISTS (SELECT 1 FROM texts WHERE id NOT IN (SELECT id FROM grams_docsize))";
    db.query_row(same, [], |row| row.get::<_, bool>(0)).unwrap_or(false)
}
