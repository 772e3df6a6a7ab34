//! A look at a data folder that another process may be serving from: nothing is held that
//! it would wait for, and nothing of it is changed.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use protocol::WorkerId;
use rusqlite::Connection;

use super::file::{self, Access};
use super::schema::Schema;
use super::{FILE, OpenError, transfer};
use crate::store::{Cause, StoreError, WholeLog};

/// A database opened for reading alone. Blocks.
pub struct Aside {
    db: Connection,
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    pub conversations: u64,
    pub events: u64,
    pub bytes: u64,
}

/// Why there is no backup. Nothing was left under its name.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{file} is there already; choose another name, or move it away")]
    Exists { file: PathBuf },
    #[error("{file} cannot be written")]
    Write { file: PathBuf, source: io::Error },
    #[error("the database cannot be copied")]
    Copy(#[source] Cause),
    #[error("the copy is damaged ({0}), and so may the database be")]
    Damaged(String),
}

impl Aside {
    /// Opens the database of a data folder, if it is of the current schema.
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

    /// As [`crate::store::Store::next_worker`].
    pub fn next_worker(&self, after: Option<WorkerId>) -> Result<Option<WorkerId>, StoreError> {
        transfer::next_worker(&self.db, after).map_err(StoreError::Read)
    }

    /// As [`crate::store::Store::whole`].
    pub fn whole(&self, id: WorkerId) -> Result<Option<WholeLog>, StoreError> {
        let moment = self.db.unchecked_transaction().map_err(|e| StoreError::Read(e.into()))?;
        transfer::whole(&moment, id).map_err(StoreError::Read)
    }

    /// Writes a copy of the database, as it is at one moment, and checks it. It gets its name
    /// when it is whole and on the disk; a file that is there is never touched.
    pub fn back_up(&self, file: &Path) -> Result<Backup, BackupError> {
        let writes = |source| BackupError::Write { file: file.to_owned(), source };
        if file.symlink_metadata().is_ok() {
            return Err(BackupError::Exists { file: file.to_owned() });
        }
        let part = Part::make(file).map_err(writes)?;
        let Some(path) = part.path.to_str() else {
            return Err(writes(ErrorKind::InvalidFilename.into()));
        };
        // In one read transaction. The library's own backup in steps would begin again with
        // each commit of another process, and beside a busy server never end.
        self.db
            .execute("VACUUM INTO ?", [path])
            .map_err(|error| BackupError::Copy(error.into()))?;
        let backup = check(&part.path)?;
        File::open(&part.path).and_then(|copy| copy.sync_all()).map_err(writes)?;
        part.name(file).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => BackupError::Exists { file: file.to_owned() },
            _ => writes(error),
        })?;
        Ok(backup)
    }
}

/// A file on its way to a name; gone when it does not get it.
struct Part {
    path: PathBuf,
}

impl Part {
    /// An empty file beside `file`, for its owner's eyes alone.
    fn make(file: &Path) -> io::Result<Self> {
        let name = file.file_name().ok_or(ErrorKind::InvalidFilename)?.to_string_lossy();
        // Whole, so that no name is taken for a URI.
        let path = std::path::absolute(folder_of(file))?
            .join(format!(".{name}.{}.part", std::process::id()));
        // What a process of the same id left behind when it was killed.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?;
        Ok(Self { path })
    }

    /// Gives it its name, which nothing may have by then.
    fn name(self, file: &Path) -> io::Result<()> {
        match std::fs::hard_link(&self.path, file) {
            // Some file systems have no links; between the look and the renaming there is a gap.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                if file.symlink_metadata().is_ok() {
                    return Err(ErrorKind::AlreadyExists.into());
                }
                std::fs::rename(&self.path, file)?;
            }
            linked => linked?,
        }
        File::open(folder_of(file))?.sync_all()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Gone already where it was renamed.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn check(copy: &Path) -> Result<Backup, BackupError> {
    let fails = |error: rusqlite::Error| BackupError::Copy(error.into());
    let db = file::open_to_read(copy).map_err(|error| BackupError::Copy(error.into()))?;
    let verdict: String =
        db.pragma_query_value(None, "integrity_check", |row| row.get(0)).map_err(fails)?;
    if verdict != "ok" {
        return Err(BackupError::Damaged(verdict));
    }
    let count = |sql| db.query_row(sql, [], |row| row.get::<_, u64>(0)).map_err(fails);
    let bytes = std::fs::metadata(copy).map_err(|error| BackupError::Copy(error.into()))?.len();
    Ok(Backup {
        conversations: count("SELECT count(*) FROM workers")?,
        events: count("SELECT count(*) FROM events")?,
        bytes,
    })
}
