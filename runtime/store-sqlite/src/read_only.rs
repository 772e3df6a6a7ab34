//! Reads a data folder that a server may be using at the same time. It holds no lock that the
//! server would wait for, and changes nothing.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use files::NewFile;
use protocol::WorkerId;
use rusqlite::Connection;
use store::{Cause, ConversationExport, Salvage, StoreError};

use super::file::{self, Access};
use super::schema::Schema;
use super::streamed::{self, Moment};
use super::{FILE, OpenError, mend, outage, page_check, transfer};

/// A database that is opened for reading only. Its calls block.
pub struct ReadOnlyStore {
    db: Connection,
}

/// The contents of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// All conversations of the copy, including deleted ones that are not removed yet.
    pub conversations: u64,
    /// All rows of their logs; a folded run counts once.
    pub events: u64,
    /// The size of the copy's file.
    pub bytes: u64,
    /// The number of conversations that cannot be read completely. The copy holds them as they are.
    pub unreadable: u64,
}

/// Why there is no backup. No file with its name was left behind.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file with the backup's name, which is never replaced.
    #[error("{file} exists already; choose another name, or move it away")]
    Exists {
        /// The path that was asked for.
        file: PathBuf,
    },
    /// The copy cannot be created, synced or given its name.
    #[error("{file} cannot be written")]
    Write {
        /// The path that was asked for.
        file: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// SQLite could not read the database, or not write the copy.
    #[error("the database cannot be copied")]
    Copy(#[source] Cause),
    /// The copy has damage beyond single rows; the text is SQLite's first finding.
    #[error("the copy is damaged ({0}), and so may the database be")]
    Damaged(String),
}

impl ReadOnlyStore {
    /// Opens the database of a data folder. Its schema must be the current one.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let (file, schema) = (folder.join(FILE), Schema::current());
        match file::look(&file, &schema, Access::Shared)? {
            None => return Err(OpenError::Missing { folder: folder.to_owned() }),
            Some(version) if version < schema.version() => return Err(OpenError::Older { file }),
            Some(_) => {}
        }
        let db = file::open_to_read(&file)?;
        Ok(Self { db })
    }

    /// Like [`store::Store::next_worker`], for the workers of all accounts.
    pub fn next_worker(&self, after: Option<WorkerId>) -> Result<Option<WorkerId>, StoreError> {
        transfer::next_worker(&self.db, None, after).map_err(StoreError::Read)
    }

    /// The number of workers that [`Self::next_worker`] skips because their ids cannot be read. The
    /// next start of a server gives them ids.
    pub fn count_without_id(&self) -> Result<u64, StoreError> {
        transfer::count_without_id(&self.db).map_err(outage::of_read)
    }

    /// Like [`store::Store::whole`].
    pub fn whole(&self, id: WorkerId) -> Result<Option<ConversationExport>, StoreError> {
        let moment = self.db.unchecked_transaction().map_err(|e| StoreError::Read(e.into()))?;
        let read = || {
            let answer = streamed::answer_of(&moment, id)?;
            transfer::whole(&Moment::new(&moment, answer.as_ref()), id)
        };
        read().map_err(outage::of_read)
    }

    /// Like [`store::Store::salvage`].
    pub fn salvage(&self, id: WorkerId) -> Result<Option<Salvage>, StoreError> {
        let moment = self.db.unchecked_transaction().map_err(|e| StoreError::Read(e.into()))?;
        // Of a conversation that is damaged, even the pieces may be.
        let answer = streamed::answer_of(&moment, id).unwrap_or_default();
        transfer::salvage(&Moment::new(&moment, answer.as_ref()), id).map_err(outage::of_read)
    }

    /// Writes a consistent copy of the database and checks it. The copy gets its name when it is
    /// complete and synced to the disk; an existing file is never replaced.
    pub fn back_up(&self, file: &Path) -> Result<Backup, BackupError> {
        let writes = |source: io::Error| match source.kind() {
            ErrorKind::AlreadyExists => BackupError::Exists { file: file.to_owned() },
            _ => BackupError::Write { file: file.to_owned(), source },
        };
        let copy = NewFile::create(file).map_err(writes)?;
        let part = copy.part().to_str().ok_or_else(|| writes(ErrorKind::InvalidFilename.into()))?;
        // `VACUUM INTO` copies within one read transaction. SQLite's online backup works in steps
        // and would start again after each commit of another process, so beside a busy server it
        // would never end.
        self.db
            .execute("VACUUM INTO ?", [part])
            .map_err(|error| BackupError::Copy(error.into()))?;
        let backup = check(copy.part())?;
        copy.finish().map_err(writes)?;
        Ok(backup)
    }
}

fn check(copy: &Path) -> Result<Backup, BackupError> {
    let fails = |error: rusqlite::Error| BackupError::Copy(error.into());
    let db = file::open_to_read(copy).map_err(|error| BackupError::Copy(error.into()))?;
    // A row that cannot be read is copied as it is, and affects only its own conversation in the
    // copy, too.
    let findings = page_check::findings(&db, "integrity_check").map_err(fails)?;
    if let Some(finding) = findings.into_iter().find(|finding| !mend::is_of_a_row(finding)) {
        return Err(BackupError::Damaged(finding));
    }
    let count = |sql| db.query_row(sql, [], |row| row.get::<_, u64>(0)).map_err(fails);
    let unreadable = transfer::count_unreadable(&db).map_err(BackupError::Copy)?;
    let bytes = std::fs::metadata(copy).map_err(|error| BackupError::Copy(error.into()))?.len();
    Ok(Backup {
        conversations: count("SELECT count(*) FROM workers")?,
        events: count("SELECT count(*) FROM events")?,
        bytes,
        unreadable,
    })
}
