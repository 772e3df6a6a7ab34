//! Opens the database's file. The file is inspected first and changed only when it is known to be
//! sound, ours, and not newer than this program.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use protocol::AccountId;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use store::{Cause, Outage, VisibilityFilter};

use super::file_identity::beside;
use super::schema::{APPLICATION_ID, Schema};
use super::{
    OpenError, clean_stop, damage_note, delete, mend, migrate, outage, page_check, private, read,
};

/// How long a connection waits for another's lock. Within one process it only waits for checkpoints
/// and backups.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// The most memory for pages that the writing connection keeps. The pages to which the running
/// answers append must stay in it, or each commit reads them anew.
const CACHE_KIB: i64 = 16 * 1024;

/// After how many pages in the write-ahead log a commit checkpoints it. Streams write the same
/// pages again and again, and a checkpoint writes each page once, so rare checkpoints write less.
pub(crate) const WAL_PAGES: i64 = 4_000;

/// After a checkpoint, a write-ahead log of more bytes is cut to this length. An import, or a check
/// beside the service, can make it longer, and the start after a crash reads all of it.
const WAL_BYTES: i64 = 32 << 20;

/// The most prepared statements that a connection keeps. It is more than there are.
const STATEMENTS: usize = 128;

/// A database that was opened for writing.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    /// When the whole file was last read to look for damage. `None` means that this is still to be
    /// done, beside the service ([`super::background_check`]).
    pub(crate) checked: Option<SystemTime>,
}

/// Opens the file for writing; creates it if it is missing, and migrates an older schema. Unless it
/// is known to be sound, all of it is read first. On an error the file is unchanged.
#[cfg(test)]
pub(crate) fn open(file: &Path, schema: &Schema) -> Result<Opened, OpenError> {
    open_soon(file, schema, u64::MAX)
}

/// Opens the file for writing; creates it if it is missing, and migrates an older schema. On an
/// error the file is unchanged.
///
/// Unless the file is known to be sound, all of it is read first if it has at most `first` bytes, if
/// its schema is older, or if the reads of a start find damage. Larger files are read later.
pub(crate) fn open_soon(file: &Path, schema: &Schema, first: u64) -> Result<Opened, OpenError> {
    let now = SystemTime::now();
    if let Some(detail) = damage_note::known(file) {
        return Err(OpenError::Damaged { file: file.to_owned(), detail });
    }
    let mut checked = clean_stop::known(file, now);
    let is_small = std::fs::metadata(file).is_ok_and(|found| found.len() <= first);
    let mut access = match checked {
        Some(_) => Access::AfterCleanStop,
        None if is_small => Access::Alone,
        None => Access::BeforeCheck,
    };
    // This connection stays open until the writing one is, which then need not read the
    // write-ahead log again.
    let looked = open_to_look(file, schema, access)?;
    let found = match &looked {
        Some((_, version)) => *version,
        None => {
            create(file, schema)?;
            access = Access::AfterCleanStop;
            schema.version()
        }
    };
    if access == Access::BeforeCheck
        && let Some((db, _)) = &looked
        && (found < schema.version() || is_start_damaged(db))
    {
        access = Access::Alone;
        look(file, schema, access)?;
    }
    clean_stop::forget(file);
    damage_note::forget(file);
    let mut db = open_to_write(file)?;
    drop(looked);
    if found < schema.version() {
        migrate::migrate(&mut db, file, found, schema)?;
    }
    migrate::remove_old_copies(file, schema, now);
    let mut mended = mend::purge_staged(&db);
    if access == Access::Alone {
        mended = mended.and_then(|()| mend_before_service(&mut db, file));
    }
    if access != Access::BeforeCheck {
        checked = checked.or(Some(now));
    }
    if let Err(error) = mended {
        // The broken rows stay as they are; all other rows can be used.
        tracing::error!(
            error = error.as_ref() as &dyn std::error::Error,
            "damaged rows cannot be repaired"
        );
    }
    Ok(Opened { connection: db, checked })
}

/// Whether the reads that a start depends on meet damage. They read single rows, or the ends of
/// indexes.
fn is_start_damaged(db: &Connection) -> bool {
    let reads = || -> Result<(), Cause> {
        read::unfinished(db)?;
        read::workers(db, AccountId::FIRST, VisibilityFilter::InView, None, 1)?;
        delete::has_staged(db)?;
        Ok(())
    };
    reads().is_err_and(|cause| outage::is_damage(&cause))
}

fn mend_before_service(db: &mut Connection, file: &Path) -> Result<(), Cause> {
    let reading = open_to_read(file)?;
    let index = mend::index_state(&reading);
    mend::mend(&reading, index, &mut |repair| repair.perform(db))
}

/// Who else may use the file during the inspection, and how much of it is inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nobody: this process holds the folder, or no process does. The whole file is read.
    Alone,
    /// Nobody, and the whole file is going to be read beside the service.
    BeforeCheck,
    /// Nobody, and the file is unchanged since the last clean stop, so it need not be checked
    /// again.
    AfterCleanStop,
    /// A server is using it. That server has checked the database itself, and a check here would
    /// keep it from checkpointing its write-ahead log for as long as it takes.
    Shared,
}

/// The version of the schema in the file; `None` if there is no file. Changes nothing. Errors if
/// the file is not ours, is newer, or is damaged.
pub(crate) fn look(file: &Path, schema: &Schema, access: Access) -> Result<Option<i64>, OpenError> {
    Ok(open_to_look(file, schema, access)?.map(|(_, version)| version))
}

/// Like [`look`], and also returns the connection, which is open for reading.
pub(crate) fn open_to_look(
    file: &Path,
    schema: &Schema,
    access: Access,
) -> Result<Option<(Connection, i64)>, OpenError> {
    let damaged =
        |detail: &str| Err(OpenError::Damaged { file: file.to_owned(), detail: detail.to_owned() });
    // A dangling link, for instance to a disk that is not mounted yet, must not be replaced by an
    // empty database.
    if std::fs::symlink_metadata(file).is_ok_and(|found| found.is_symlink()) {
        return Err(OpenError::Link { file: file.to_owned() });
    }
    // Only regular files are opened, because opening a pipe would wait for its other end.
    for name in ["", "-wal", "-shm", "-journal"] {
        match std::fs::symlink_metadata(beside(file, name)) {
            Ok(found) if !found.is_file() => {
                let detail = format!("{}{name} is not a regular file", super::FILE);
                return Err(OpenError::Damaged { file: file.to_owned(), detail });
            }
            _ => {}
        }
    }
    let wal_bytes = match std::fs::metadata(beside(file, "-wal")) {
        Ok(wal) => wal.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(open_error(file, error.into())),
    };
    let bytes = match std::fs::metadata(file) {
        // Companion gives a database its name only when it is complete, so an empty file is a
        // damaged one.
        Ok(found) if found.len() == 0 => return damaged("it is empty"),
        Ok(found) => found.len(),
        Err(error) if error.kind() == ErrorKind::NotFound && wal_bytes == 0 => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return damaged("it is gone, and its write-ahead log (-wal) is still there");
        }
        Err(error) => return Err(open_error(file, error.into())),
    };
    // A connection that only reads would leave a write-ahead log beside the file when it closes.
    let db = match access {
        Access::Alone | Access::BeforeCheck | Access::AfterCleanStop if wal_bytes == 0 => {
            open_immutable(file)?
        }
        _ => open_to_read(file)?,
    };
    let version = identify(&db, file, schema)?;
    if access == Access::Alone {
        check(&db, file)?;
    }
    // SQLite reads the missing part of a truncated last page as zeros. If there is a write-ahead
    // log, it may hold that page.
    let is_alone = matches!(access, Access::Alone | Access::BeforeCheck);
    if is_alone && wal_bytes == 0 && bytes % page_bytes(&db, file)? != 0 {
        return damaged("its end is missing");
    }
    Ok(Some((db, version)))
}

/// Opens the file for reading. It must already be a database of ours.
pub(crate) fn open_to_read(file: &Path) -> Result<Connection, OpenError> {
    let fails = |error: rusqlite::Error| open_error(file, error.into());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags).map_err(fails)?;
    db.busy_timeout(BUSY).map_err(fails)?;
    keep_temporary_data_in_memory(&db).map_err(fails)?;
    keep_statements(&db).map_err(fails)?;
    open_wal(&db).map_err(fails)?;
    Ok(db)
}

/// Without this SQLite makes a file in the system's temporary folder for each savepoint that changes
/// pages, and for large sorts. It took a millisecond of a commit, and it held texts outside of the
/// folder whose owner and modes are checked.
fn keep_temporary_data_in_memory(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "temp_store", "memory")
}

/// Lets a connection prepare each of our statements only once.
fn keep_statements(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without this SQLite prepares statements anew whose plan might depend on a bound value, as soon as
    // another value is bound (https://sqlite.org/c3ref/c_dbconfig_defensive.html).
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// Makes SQLite open the write-ahead log now. Otherwise it would wait for the first statement, and
/// the files may be moved before that; an opened file stays readable wherever it is moved to.
fn open_wal(db: &Connection) -> rusqlite::Result<()> {
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Opens a file that nobody writes, so that SQLite creates no side files.
fn open_immutable(file: &Path) -> Result<Connection, OpenError> {
    let mut uri = "file:".to_owned();
    for &byte in file.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(byte.into());
            }
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags).map_err(|error| open_error(file, error.into()))
}

pub(crate) fn open_to_write(file: &Path) -> Result<Connection, OpenError> {
    let fails = |error: rusqlite::Error| open_error(file, error.into());
    // The flags do not allow to create a file, because only a complete database gets this name.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags).map_err(fails)?;
    if db.is_readonly("main").map_err(fails)? {
        return Err(OpenError::ReadOnly { file: file.to_owned() });
    }
    configure(&db).map_err(fails)?;
    Ok(db)
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    db.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    // Deleted rows are overwritten with zeros, so that a deleted text cannot be found in the file.
    db.pragma_update(None, "secure_delete", true)?;
    keep_temporary_data_in_memory(db)?;
    keep_statements(db)?;
    open_wal(db)
}

/// Creates an empty database. It gets its name only when it is complete, so a crash in between
/// leaves nothing that looks like a database which has lost its contents.
fn create(file: &Path, schema: &Schema) -> Result<(), OpenError> {
    let part = beside(file, ".part");
    let made = remove_with_side_files(&part).map_err(Cause::from).and_then(|()| {
        private::create(&part)?;
        let mut db = Connection::open(&part)?;
        // The write-ahead log is switched on only at the end: on a full disk, closing would
        // silently leave behind what could not be moved out of it.
        migrate::take(&mut db, schema)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.close().map_err(|(_, error)| error)?;
        std::fs::rename(&part, file)?;
        Ok(sync_folder_of(file)?)
    });
    made.map_err(|source| {
        let error = open_error(file, source);
        // If the removal fails, the next start repeats it.
        let _ = remove_with_side_files(&part);
        error
    })
}

/// Syncs the folder, so that a new name in it survives a power cut.
pub(crate) fn sync_folder_of(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Removes a database that no process uses, with its side files.
pub(crate) fn remove_with_side_files(file: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match std::fs::remove_file(beside(file, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The version of the schema. Errors if the database is not ours or is newer.
fn identify(db: &Connection, file: &Path, schema: &Schema) -> Result<i64, OpenError> {
    let fails = |error: rusqlite::Error| open_error(file, error.into());
    let number = |pragma: &str| {
        db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).map_err(fails)
    };
    let (application, version) = (number("application_id")?, number("user_version")?);
    if application != APPLICATION_ID {
        return Err(OpenError::Foreign { file: file.to_owned() });
    }
    let known = schema.version();
    if version > known {
        return Err(OpenError::Newer { file: file.to_owned(), found: version, known });
    }
    if version < 1 {
        let detail = "it has no schema".to_owned();
        return Err(OpenError::Damaged { file: file.to_owned(), detail });
    }
    Ok(version)
}

/// Reads the whole file. Errors if its pages are not sound.
fn check(db: &Connection, file: &Path) -> Result<(), OpenError> {
    let found = page_check::check(db).map_err(|error| open_error(file, error.into()))?;
    match found.damage {
        None => Ok(()),
        Some(detail) => Err(OpenError::Damaged { file: file.to_owned(), detail }),
    }
}

fn page_bytes(db: &Connection, file: &Path) -> Result<u64, OpenError> {
    db.pragma_query_value(None, "page_size", |row| row.get(0))
        .map_err(|error| open_error(file, error.into()))
}

/// The error for a person whose file cannot be used.
pub(crate) fn open_error(file: &Path, source: Cause) -> OpenError {
    let folder = file.parent().unwrap_or(Path::new("."));
    let code =
        source.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
    let file = file.to_owned();
    match code {
        Some(ErrorCode::NotADatabase) => return OpenError::Foreign { file },
        Some(ErrorCode::DatabaseCorrupt) => {
            return OpenError::Damaged { file, detail: source.to_string() };
        }
        _ => {}
    }
    match outage::of(&source, folder) {
        Some(Outage::Full) => OpenError::Full { folder: folder.to_owned() },
        Some(Outage::ReadOnly) => OpenError::ReadOnly { file },
        Some(Outage::Locked) => OpenError::Busy { file },
        Some(Outage::Missing | Outage::Changed | Outage::Damaged) | None => {
            OpenError::Open { file, source }
        }
    }
}
