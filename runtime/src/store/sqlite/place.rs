//! Whether the database's files are still where they were opened.
//!
//! A file that is removed lives on for whoever has it open: SQLite would go on writing into it
//! and nobody would ever find what was acknowledged. So the path is compared with the open
//! file before every commit. (It is asked by its path: to open and close the database beside
//! SQLite would take SQLite's locks away, https://sqlite.org/howtocorrupt.html.)

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::outage;
use crate::store::{Cause, Outage, StoreError};

/// The files as they were opened. SQLite keeps them open, so nobody else is given their
/// numbers.
#[derive(Clone)]
pub(super) struct Place {
    database: Known,
    /// As long as a connection is open, so is the write-ahead log.
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

impl Place {
    /// Must be called while a connection is open that has read or written.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        let wal = beside(database, "-wal");
        Ok(Self { database: Known::now(database.to_owned())?, wal: Known::now(wal)? })
    }

    pub(super) fn file(&self) -> &Path {
        &self.database.file
    }

    pub(super) fn folder(&self) -> &Path {
        self.database.file.parent().unwrap_or(Path::new("."))
    }

    /// Errors with [`StoreError::Outage`] unless both files are there, and the very same.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.check_database()?;
        self.wal.check().map_err(|(_, source)| {
            // Alone it is no use to anybody, so whoever took it away did not mean to bring it
            // back.
            StoreError::Outage { outage: Outage::Changed, source }
        })
    }

    /// The same of the database alone.
    pub(super) fn check_database(&self) -> Result<(), StoreError> {
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

/// The file that SQLite or this store keeps beside another one.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
