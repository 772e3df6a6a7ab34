//! Bringing an older schema up to date, with a copy of what was there before beside the file.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tracing::info;

use super::file::{open_error, remove_with_side_files, sync_folder_of};
use super::place::beside;
use super::schema::Schema;
use super::{OpenError, private};
use crate::store::Cause;

/// Takes all the steps from schema `found` on in one transaction, after a backup. On an error
/// the database is as it was.
pub(super) fn migrate(
    db: &mut Connection,
    file: &Path,
    found: i64,
    schema: &Schema,
) -> Result<(), OpenError> {
    let copy = back_up(db, file, found).map_err(|source| failed(file, source))?;
    info!(backup = %copy.display(), from = found, to = schema.version(), "the schema is brought up to date");
    take(db, schema).map_err(|source| failed(file, source))
}

/// Takes the steps that are missing, all or none.
pub(super) fn take(db: &mut Connection, schema: &Schema) -> Result<(), Cause> {
    schema.migrations().to_latest(db).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
        other => other.into(),
    })
}

/// A copy beside the file, whole and consistent, before its schema changes.
fn back_up(db: &Connection, file: &Path, version: i64) -> Result<PathBuf, Cause> {
    let copy = beside(file, &format!(".before-schema-{}", version + 1));
    let part = beside(&copy, ".part");
    // What an attempt that was killed left behind.
    remove_with_side_files(&part)?;
    private::create(&part)?;
    let made = db.backup("main", &part, None).map_err(Cause::from).and_then(|()| {
        // It gets its name when it is whole, in place of the copy of an earlier attempt, which
        // knows nothing of what was written since.
        std::fs::rename(&part, &copy)?;
        Ok(sync_folder_of(&copy)?)
    });
    if made.is_err() {
        // Half a copy is no use, and its space may be what is lacking.
        let _ = remove_with_side_files(&part);
    }
    made.map(|()| copy)
}

fn failed(file: &Path, source: Cause) -> OpenError {
    match open_error(file, source) {
        OpenError::Open { file, source } => OpenError::Migration { file, source },
        known => known,
    }
}

#[cfg(test)]
mod tests;
