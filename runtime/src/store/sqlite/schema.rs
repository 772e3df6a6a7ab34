//! The tables, and how a file becomes a database of the current schema.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, Migrations};

use super::OpenError;

/// In the file's header, so that a database of another program is told apart: "CMPN".
const APPLICATION_ID: i64 = 0x434D_504E;

/// How long a connection waits for another's lock, in milliseconds. Within one process it
/// only meets checkpoints and a backup.
const BUSY_MS: u64 = 5_000;

/// The first schema.
///
/// `events` is the truth; everything else is looked up in it and written in the same
/// transaction. A worker has a small key of its own so that the log's keys are short.
const FIRST: &str = "
CREATE TABLE workers (
    id INTEGER PRIMARY KEY,
    worker_id BLOB NOT NULL UNIQUE,
    log_id INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    head BLOB,
    used_ms INTEGER NOT NULL,
    summary TEXT NOT NULL
) STRICT;
CREATE INDEX workers_by_use ON workers (used_ms DESC, worker_id DESC);

CREATE TABLE events (
    worker INTEGER NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (worker, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_that_begin_messages ON events (worker, seq)
    WHERE kind IN ('message_committed', 'turn_accepted');

CREATE TABLE messages (
    worker INTEGER NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    message_id BLOB NOT NULL,
    parent BLOB,
    role TEXT NOT NULL,
    turn_id BLOB,
    seq INTEGER NOT NULL,
    PRIMARY KEY (worker, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE turns (
    worker INTEGER NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    turn_id BLOB NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER,
    PRIMARY KEY (worker, turn_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX turns_unfinished ON turns (worker) WHERE last_seq IS NULL;

CREATE TABLE prompts (
    digest TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA application_id = 0x434D504E;
";

fn migrations() -> Migrations<'static> {
    Migrations::new(vec![M::up(FIRST)])
}

/// The newest schema version that this program knows.
const KNOWN: i64 = 1;

/// Opens the file for writing, checks whose it is, and migrates it.
pub(super) fn open(file: &Path) -> Result<Connection, OpenError> {
    let fails = |error| open_error(file, error);
    let mut db = Connection::open(file).map_err(fails)?;
    configure(&db).map_err(fails)?;
    let found = identify(&db, file)?;
    if found < KNOWN {
        if found > 0 {
            back_up(&db, file, found)?;
        }
        migrations().to_latest(&mut db).map_err(|source| OpenError::Migration {
            file: file.to_owned(),
            source: source.into(),
        })?;
    }
    Ok(db)
}

/// Opens the file for reading; it must be a database of ours already.
pub(super) fn open_to_read(file: &Path) -> Result<Connection, OpenError> {
    let fails = |error| open_error(file, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags).map_err(fails)?;
    db.busy_timeout(std::time::Duration::from_millis(BUSY_MS)).map_err(fails)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// The file's schema version. Errors on what is not ours, newer or damaged.
fn identify(db: &Connection, file: &Path) -> Result<i64, OpenError> {
    let number = |pragma: &str| {
        db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0))
            .map_err(|error| open_error(file, error))
    };
    let tables = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map_err(|error| open_error(file, error))?;
    let (application, version) = (number("application_id")?, number("user_version")?);
    if tables == 0 && application == 0 && version == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(OpenError::Foreign { file: file.to_owned() });
    }
    if version > KNOWN {
        return Err(OpenError::Newer { file: file.to_owned(), found: version, known: KNOWN });
    }
    let verdict = db
        .pragma_query_value(None, "quick_check", |row| row.get::<_, String>(0))
        .map_err(|error| open_error(file, error))?;
    if verdict != "ok" {
        return Err(OpenError::Damaged { file: file.to_owned(), detail: verdict });
    }
    Ok(version)
}

/// A copy beside the file, whole and consistent, before its schema changes.
fn back_up(db: &Connection, file: &Path, version: i64) -> Result<PathBuf, OpenError> {
    let beside = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".before-schema-{}{suffix}", version + 1));
        PathBuf::from(name)
    };
    let (copy, part) = (beside(""), beside(".part"));
    // An older attempt's copy is of the same schema and may hold more than a new one would.
    if !copy.exists() {
        let fails = |source| OpenError::Migration { file: file.to_owned(), source };
        // It gets its name when it is whole, so that a crash leaves no half of one under it.
        match std::fs::remove_file(&part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(fails(error.into())),
            _ => {}
        }
        db.backup("main", &part, None).map_err(|error| fails(error.into()))?;
        std::fs::rename(&part, &copy).map_err(|error| fails(error.into()))?;
    }
    Ok(copy)
}

fn open_error(file: &Path, error: rusqlite::Error) -> OpenError {
    let file = file.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign { file },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { file, detail: error.to_string() },
        _ => OpenError::Open { file, source: error.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_migrations_are_sound_and_counted() {
        assert!(migrations().validate().is_ok());
        let mut db = Connection::open_in_memory().unwrap();
        migrations().to_latest(&mut db).unwrap();
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, KNOWN);
    }

    #[test]
    fn a_backup_is_a_whole_copy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let db = open(&file).unwrap();
        db.execute("INSERT INTO prompts VALUES ('d', 't')", []).unwrap();
        // What an attempt that was killed left behind.
        std::fs::write(folder.path().join("a.db.before-schema-2.part"), "half a copy").unwrap();
        let copy = back_up(&db, &file, 1).unwrap();
        assert!(copy.to_string_lossy().ends_with("a.db.before-schema-2"));
        let text: String = Connection::open(copy)
            .unwrap()
            .query_row("SELECT text FROM prompts", [], |row| row.get(0))
            .unwrap();
        assert_eq!(text, "t");
    }

    #[test]
    fn what_is_not_ours_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text");
        std::fs::write(&text, "this is not a database, it is a letter to a friend").unwrap();
        assert!(matches!(open(&text), Err(OpenError::Foreign { .. })));
        assert!(std::fs::read_to_string(&text).unwrap().starts_with("this is not"));

        let other = folder.path().join("other");
        Connection::open(&other).unwrap().execute("CREATE TABLE t (x)", []).unwrap();
        assert!(matches!(open(&other), Err(OpenError::Foreign { .. })));

        let newer = folder.path().join("newer");
        open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(open(&newer), Err(OpenError::Newer { found: 99, known: KNOWN, .. })));
    }
}
