//! Checks that the database's files are still at the path where they were opened.
//!
//! A file that was removed still exists while a process has it open. SQLite would go on writing
//! into it, and acknowledged data would be lost at the end of the process. So before every commit
//! the file at the path is compared with the opened one. (By its metadata, and not by opening it:
//! closing it again would release SQLite's locks, https://sqlite.org/howtocorrupt.html.)

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use store::{Cause, Outage, StoreError};

use super::outage;

/// The identities of the opened files. SQLite keeps them open, so no other file can get their inode
/// numbers.
#[derive(Clone)]
pub(crate) struct FileIdentity {
    database: Known,
    /// The identity of the write-ahead log, which stays open as long as a connection does.
    wal: Known,
}

#[derive(Clone)]
struct Known {
    file: PathBuf,
    id: Id,
}

#[derive(Clone, Copy, PartialEq)]
struct Id {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// Must be called while a connection is open that has read or written something.
    pub(crate) fn of(database: &Path) -> io::Result<Self> {
        let wal = beside(database, "-wal");
        Ok(Self { database: Known::now(database.to_owned())?, wal: Known::now(wal)? })
    }

    pub(crate) fn file(&self) -> &Path {
        &self.database.file
    }

    pub(crate) fn folder(&self) -> &Path {
        self.database.file.parent().unwrap_or(Path::new("."))
    }

    /// The length of the write-ahead log; 0 if it is not there.
    pub(crate) fn wal_bytes(&self) -> u64 {
        std::fs::metadata(&self.wal.file).map_or(0, |found| found.len())
    }

    /// Errors with [`StoreError::Outage`] unless both paths lead to the files that were opened.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.check_database()?;
        self.wal.check().map_err(|(_, source)| {
            // Only the log is missing. Without the database it is useless, so it was removed and
            // not moved, and will not be put back.
            StoreError::Outage { outage: Outage::Changed, source }
        })
    }

    /// Errors with [`StoreError::Outage`] unless the path of the database leads to the opened file.
    pub(crate) fn check_database(&self) -> Result<(), StoreError> {
        self.database.check().map_err(|(outage, source)| StoreError::Outage { outage, source })
    }
}

impl Known {
    fn now(file: PathBuf) -> io::Result<Self> {
        let id = Id::of(&std::fs::metadata(&file)?);
        Ok(Self { file, id })
    }

    fn check(&self) -> Result<(), (Outage, Cause)> {
        let shown = self.file.display();
        match std::fs::metadata(&self.file) {
            Ok(found) if Id::of(&found) == self.id => Ok(()),
            Ok(_) => Err((Outage::Changed, format!("{shown} is another file than before").into())),
            Err(error) => {
                let outage = outage::of_kind(error.kind()).unwrap_or(Outage::Missing);
                Err((outage, format!("{shown}: {error}").into()))
            }
        }
    }
}

impl Id {
    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// The path of a side file: the name of `file` with a suffix such as `-wal`.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
