//! Migrates a database with an older schema, after making a copy of it beside the file. The copy
//! holds what people delete later, so it is removed once it is old.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use store::Cause;
use tracing::{info, warn};

use super::file::{open_error, remove_with_side_files, sync_folder_of};
use super::file_identity::beside;
use super::schema::Schema;
use super::{OpenError, private};

/// How long the copy stays. Within this time people notice what a migration did wrong, or they have
/// backups of their own.
const COPY_STAYS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The part of a copy's name between the name of the database and the number of the schema.
const COPY: &str = ".before-schema-";

/// Migrates from schema `found` to the current one in one transaction, after a backup. On an error
/// the database is unchanged.
pub(crate) fn migrate(
    db: &mut Connection,
    file: &Path,
    found: i64,
    schema: &Schema,
) -> Result<(), OpenError> {
    let copy = back_up(db, file, found).map_err(|source| failed(file, source))?;
    info!(backup = %copy.display(), from = found, to = schema.version(), "the schema is brought up to date");
    take(db, schema).map_err(|source| failed(file, source))
}

/// Applies the missing steps, all or none.
pub(crate) fn take(db: &mut Connection, schema: &Schema) -> Result<(), Cause> {
    schema.migrations().to_latest(db).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
        other => other.into(),
    })
}

/// Makes a consistent copy of the database beside its file and returns the copy's path.
fn back_up(db: &Connection, file: &Path, version: i64) -> Result<PathBuf, Cause> {
    let copy = beside(file, &format!("{COPY}{}", version + 1));
    let part = beside(&copy, ".part");
    // An attempt that was killed may have left these files.
    remove_with_side_files(&part)?;
    private::create(&part)?;
    let made = db.backup("main", &part, None).map_err(Cause::from).and_then(|()| {
        // The copy gets its name when it is complete. It replaces the copy of an earlier attempt,
        // which lacks what was written since.
        std::fs::rename(&part, &copy)?;
        Ok(sync_folder_of(&copy)?)
    });
    if made.is_err() {
        // An incomplete copy is removed: it is useless, and the disk may be full.
        let _ = remove_with_side_files(&part);
    }
    made.map(|()| copy)
}

/// Removes expired copies. A copy that cannot be removed stays until the next start.
pub(crate) fn remove_old_copies(file: &Path, schema: &Schema, now: SystemTime) {
    for version in 1..=schema.version() {
        let copy = beside(file, &format!("{COPY}{version}"));
        let made = std::fs::symlink_metadata(&copy).and_then(|found| found.modified());
        let Ok(age) = made.map(|made| now.duration_since(made).unwrap_or_default()) else {
            continue;
        };
        if age < COPY_STAYS {
            continue;
        }
        match std::fs::remove_file(&copy) {
            Ok(()) => info!(copy = %copy.display(), "the copy of an older schema is removed"),
            Err(error) => {
                warn!(copy = %copy.display(), %error, "the copy of an older schema cannot be removed");
            }
        }
    }
}

fn failed(file: &Path, source: Cause) -> OpenError {
    match open_error(file, source) {
        OpenError::Open { file, source } => OpenError::Migration { file, source },
        known => known,
    }
}

#[cfg(test)]
mod tests;
