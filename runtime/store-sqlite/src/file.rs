//! How a file becomes a database that is open: looked at first and changed only when it is
//! known to be sound, ours and not newer than this program.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use store::{Cause, Outage};

use super::file_identity::beside;
use super::schema::{APPLICATION_ID, Schema};
use super::{OpenError, clean_stop, mend, migrate, outage, private};

/// How long a connection waits for another's lock. Within one process it only meets
/// checkpoints and a backup.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// What a check of the file may find wrong with single rows before it is taken for damaged as
/// a whole.
const FINDINGS: usize = 10_000;

/// A database that is open for writing.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    /// When the whole file was read last to look for damage.
    pub(crate) checked: SystemTime,
}

/// Opens the file for writing: makes it where there is none, and brings an older schema up
/// to date. On an error the file is as it was.
pub(crate) fn open(file: &Path, schema: &Schema) -> Result<Opened, OpenError> {
    let now = SystemTime::now();
    let checked = clean_stop::known(file, now);
    let access = if checked.is_some() { Access::AfterCleanStop } else { Access::Alone };
    let found = match look(file, schema, access)? {
        Some(version) => version,
        None => {
            create(file, schema)?;
            schema.version()
        }
    };
    clean_stop::forget(file);
    let mut db = open_to_write(file)?;
    if found < schema.version() {
        migrate::migrate(&mut db, file, found, schema)?;
    }
    migrate::remove_old_copies(file, schema, now);
    let mended = match checked {
        Some(_) => mend::purge_staged(&db),
        None => mend::mend(&mut db),
    };
    if let Err(error) = mended {
        // Those rows stay as they are, and cost themselves alone.
        tracing::error!(
            error = error.as_ref() as &dyn std::error::Error,
            "rows cannot be put right"
        );
    }
    Ok(Opened { connection: db, checked: checked.unwrap_or(now) })
}

/// Who else may use a file while it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nobody: this process holds the folder, or nobody does.
    Alone,
    /// The same, and the file is as the last stop in order left it, so that nothing of it has to be
    /// checked again.
    AfterCleanStop,
    /// A companion at work. It has checked the database itself, and is not kept from moving
    /// its write-ahead log into it for as long as a check would take.
    Shared,
}

/// The schema of the database in the file, none where there is no file. Changes nothing.
/// Errors on what is not ours, newer, or damaged.
pub(crate) fn look(file: &Path, schema: &Schema, access: Access) -> Result<Option<i64>, OpenError> {
    Ok(open_to_look(file, schema, access)?.map(|(_, version)| version))
}

/// The same with the database opened for reading, in the way in which it was looked at.
pub(crate) fn open_to_look(
    file: &Path,
    schema: &Schema,
    access: Access,
) -> Result<Option<(Connection, i64)>, OpenError> {
    let damaged =
        |detail: &str| Err(OpenError::Damaged { file: file.to_owned(), detail: detail.to_owned() });
    // One that leads nowhere, to a disk that is not there yet, must not give way to an empty
    // database either.
    if std::fs::symlink_metadata(file).is_ok_and(|found| found.is_symlink()) {
        return Err(OpenError::Link { file: file.to_owned() });
    }
    // Opening a pipe would wait for its other end.
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
        // It gets its name when it is whole, so nobody makes an empty one.
        Ok(found) if found.len() == 0 => return damaged("it is empty"),
        Ok(found) => found.len(),
        Err(error) if error.kind() == ErrorKind::NotFound && wal_bytes == 0 => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return damaged("it is gone, and its write-ahead log (-wal) is still there");
        }
        Err(error) => return Err(open_error(file, error.into())),
    };
    // A connection that only reads leaves the write-ahead log beside the file as it closes.
    let db = match access {
        Access::Alone | Access::AfterCleanStop if wal_bytes == 0 => open_immutable(file)?,
        _ => open_to_read(file)?,
    };
    let version = identify(&db, file, schema)?;
    if access == Access::Alone {
        check(&db, file)?;
        // SQLite takes what is missing of the last page for zeros. With a write-ahead log that
        // page may be in there.
        if wal_bytes == 0 && bytes % page_bytes(&db, file)? != 0 {
            return damaged("its end is missing");
        }
    }
    Ok(Some((db, version)))
}

/// Opens the file for reading; it must be a database of ours already.
pub(crate) fn open_to_read(file: &Path) -> Result<Connection, OpenError> {
    let fails = |error: rusqlite::Error| open_error(file, error.into());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags).map_err(fails)?;
    db.busy_timeout(BUSY).map_err(fails)?;
    db.set_prepared_statement_cache_capacity(64);
    open_wal(&db).map_err(fails)?;
    Ok(db)
}

/// Opens the write-ahead log, for which SQLite waits until the first statement: by then the
/// files may have been moved, and what is open can be read wherever it is.
fn open_wal(db: &Connection) -> rusqlite::Result<()> {
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Opens a file that nobody writes, without making SQLite's other files beside it.
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
    // Without permission to create: only a whole database gets this name.
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
    // Deleted rows are overwritten with zeros, so that a deleted text cannot be found in the file.
    db.pragma_update(None, "secure_delete", true)?;
    db.set_prepared_statement_cache_capacity(64);
    open_wal(db)
}

/// Makes an empty database. It gets its name when it is whole, so that whatever stops this
/// half-way leaves nothing behind that looks like a database that lost everything.
fn create(file: &Path, schema: &Schema) -> Result<(), OpenError> {
    let part = beside(file, ".part");
    let made = remove_with_side_files(&part).map_err(Cause::from).and_then(|()| {
        private::create(&part)?;
        let mut db = Connection::open(&part)?;
        // Not with a write-ahead log from the start: on a full disk a close leaves behind what
        // could not be moved out of it, and says nothing.
        migrate::take(&mut db, schema)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.close().map_err(|(_, error)| error)?;
        std::fs::rename(&part, file)?;
        Ok(sync_folder_of(file)?)
    });
    made.map_err(|source| {
        let error = open_error(file, source);
        // What cannot be removed is removed by the next start.
        let _ = remove_with_side_files(&part);
        error
    })
}

/// Syncs a name that was just given.
pub(crate) fn sync_folder_of(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Removes a database that is in nobody's use.
pub(crate) fn remove_with_side_files(file: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match std::fs::remove_file(beside(file, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The schema's version. Errors on what is not ours or newer.
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

fn page_bytes(db: &Connection, file: &Path) -> Result<u64, OpenError> {
    db.pragma_query_value(None, "page_size", |row| row.get(0))
        .map_err(|error| open_error(file, error.into()))
}

/// Errors unless every page is where it belongs. What single rows hold is for those who read
/// them: a row that is broken costs itself alone.
fn check(db: &Connection, file: &Path) -> Result<(), OpenError> {
    let findings = findings(db, "quick_check").map_err(|error| open_error(file, error.into()))?;
    match findings.into_iter().find(|finding| !mend::is_of_a_row(finding)) {
        None => Ok(()),
        Some(detail) => Err(OpenError::Damaged { file: file.to_owned(), detail }),
    }
}

/// What one of SQLite's checks finds wrong. The last of too many stands for all that follow.
pub(crate) fn findings(db: &Connection, check: &str) -> rusqlite::Result<Vec<String>> {
    match collect(db, &format!("PRAGMA {check}({FINDINGS})")) {
        // The index of texts is too broken to be looked at; everything else is looked at alone.
        Err(error) if mend::is_of_index(&error.to_string()) => {
            let sql = "SELECT name FROM sqlite_schema
                 WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'";
            let mut findings = vec![error.to_string()];
            for table in collect(db, sql)? {
                findings.extend(collect(db, &format!("PRAGMA {check}({table})"))?);
            }
            Ok(findings)
        }
        findings => findings,
    }
}

fn collect(db: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        if text != "ok" {
            found.push(text);
        }
    }
    if found.len() >= FINDINGS {
        found.push("too much of it is not what was written".to_owned());
    }
    Ok(found)
}

/// What a person is told when the file cannot be used.
pub(crate) fn open_error(file: &Path, source: Cause) -> OpenError {
    let folder = file.parent().unwrap_or(Path::new("."));
    let code = source.downcast_ref::<rusqlite::Error>().and_then(|e| e.sqlite_error_code());
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
        Some(Outage::Missing | Outage::Changed) | None => OpenError::Open { file, source },
    }
}
