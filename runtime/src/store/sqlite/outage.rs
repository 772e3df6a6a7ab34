//! What a failure of SQLite means to a person.
//!
//! SQLite says what it could not do; why the disk refused is often known to the folder alone,
//! so it is asked.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use rusqlite::ErrorCode;

use super::row::BadRow;
use crate::store::{Cause, Outage, StoreError};

/// As much as the smallest thing that SQLite writes.
const PROBE_BYTES: usize = 4096;

/// What keeps the database from being written, if `cause` is of that kind. `folder` is asked
/// where SQLite itself does not know.
pub(super) fn of(cause: &Cause, folder: &Path) -> Option<Outage> {
    let error = cause.downcast_ref::<rusqlite::Error>()?;
    match error.sqlite_error_code()? {
        ErrorCode::DiskFull => Some(Outage::Full),
        ErrorCode::ReadOnly => Some(Outage::ReadOnly),
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => Some(Outage::Locked),
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            probe(folder).err().and_then(|error| of_kind(error.kind()))
        }
        _ => None,
    }
}

/// The same of an operation on a file.
pub(super) fn of_kind(kind: ErrorKind) -> Option<Outage> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(Outage::Full),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Some(Outage::ReadOnly),
        ErrorKind::NotFound | ErrorKind::NotADirectory => Some(Outage::Missing),
        _ => None,
    }
}

/// A failure to read, told apart by whether what is there makes no sense.
pub(super) fn of_read(cause: Cause) -> StoreError {
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

/// Whether the database itself is not what was written.
pub(super) fn is_damage(cause: &Cause) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    let Some(error) = cause.downcast_ref::<rusqlite::Error>() else {
        // A row that was read and does not hold what was written.
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

fn probe(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".companion-probe-{}", std::process::id()));
    let written = std::fs::File::create(&path).and_then(|mut file| {
        file.write_all(&[1; PROBE_BYTES])?;
        file.sync_all()
    });
    // What could not be made need not be there.
    let _ = std::fs::remove_file(&path);
    written
}
