//! Translates failures of SQLite into conditions that a person can do something about.
//!
//! SQLite says which operation failed. Often only the folder shows why, so the folder is examined
//! too.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use rusqlite::ErrorCode;
use store::{Cause, Outage, StoreError};

use super::row::BadRow;

/// The size in bytes of SQLite's smallest write.
const PROBE_BYTES: usize = 4096;

/// The size of the file that the connections share (`-shm`) at its beginning. If there is no room for
/// it, SQLite removes it again, so that there is room for a smaller write.
const SHARED_BYTES: usize = 32 << 10;

/// The condition that keeps the database from being written, if `cause` is a failure of that kind.
/// `folder` is examined where SQLite's error does not tell.
pub(crate) fn of(cause: &Cause, folder: &Path) -> Option<Outage> {
    let error = cause.downcast_ref::<rusqlite::Error>()?;
    match error.sqlite_error_code()? {
        ErrorCode::DiskFull => Some(Outage::Full),
        ErrorCode::ReadOnly => Some(Outage::ReadOnly),
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => Some(Outage::Locked),
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            let is_of_shared =
                error.sqlite_error()?.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
            let bytes = if is_of_shared { SHARED_BYTES } else { PROBE_BYTES };
            probe(folder, bytes).err().and_then(|error| of_kind(error.kind()))
        }
        _ => None,
    }
}

/// The condition that made an operation on a file fail, as far as its error tells.
pub(crate) fn of_kind(kind: ErrorKind) -> Option<Outage> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(Outage::Full),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Some(Outage::ReadOnly),
        ErrorKind::NotFound | ErrorKind::NotADirectory => Some(Outage::Missing),
        _ => None,
    }
}

/// The store's error for a failure to read: `Damaged` if the stored data is wrong, `Outage` if the
/// database is locked, else `Read`.
pub(crate) fn of_read(cause: Cause) -> StoreError {
    if is_damage(&cause) {
        return StoreError::Damaged(cause);
    }
    match cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code) {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Outage { outage: Outage::Locked, source: cause }
        }
        _ => StoreError::Read(cause),
    }
}

/// Whether a failure means that the stored data is damaged.
pub(crate) fn is_damage(cause: &Cause) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    let Some(error) = cause.downcast_ref::<rusqlite::Error>() else {
        // The row could be read, but holds other values than were written.
        return cause.is::<BadRow>() || cause.is::<protocol::IdError>();
    };
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(
            error,
            FromSqlConversionFailure(..)
                | IntegralValueOutOfRange(..)
                | InvalidColumnType(..)
                | Utf8Error(..)
        )
}

/// Writes so many bytes into the folder, and removes them.
fn probe(folder: &Path, bytes: usize) -> std::io::Result<()> {
    let path = folder.join(format!(".companion-probe-{}", std::process::id()));
    let written = std::fs::File::create(&path).and_then(|mut file| {
        file.write_all(&vec![1; bytes])?;
        file.sync_all()
    });
    // If the file was not created, there is nothing to remove.
    let _ = std::fs::remove_file(&path);
    written
}
