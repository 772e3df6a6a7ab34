//! The store on SQLite: one file, one process.
//!
//! One thread owns the only connection that writes ([`writer`]); a few threads with
//! read-only connections answer the rest ([`readers`]). SQL stays under this folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::{Event, LogId, MessageId, Role, TurnId, Worker, WorkerId};

use super::{Acceptance, Append, Branch, ListPosition, Page, Store, StoreError, Stored};
use lock::FolderLock;
use readers::Readers;
use writer::Writer;

mod lock;
mod read;
mod readers;
mod schema;
mod write;
mod writer;

/// The database's name in the data folder.
const FILE: &str = "companion.db";

/// Why a database cannot be used. Each variant says what a person can do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder {folder} cannot be used")]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error(
        "the data folder {folder} is in use by another companion ({holder}); stop that one, or choose another folder"
    )]
    Locked { folder: PathBuf, holder: String },
    #[error("{file} is not a database of Companion; move it away, or choose another data folder")]
    Foreign { file: PathBuf },
    #[error(
        "{file} was written by a newer Companion (schema {found}, this one knows {known}); use that version"
    )]
    Newer { file: PathBuf, found: i64, known: i64 },
    #[error(
        "{file} is damaged: {detail}; restore a backup, or move it away to start with an empty one"
    )]
    Damaged { file: PathBuf, detail: String },
    #[error("{file} cannot be brought to the current schema; it was left as it was")]
    Migration { file: PathBuf, source: super::Cause },
    #[error("{file} cannot be opened")]
    Open { file: PathBuf, source: super::Cause },
}

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
    /// Held for as long as any handle or the writing thread lives.
    _lock: Arc<FolderLock>,
}

impl Sqlite {
    /// Opens the database of a data folder, making the folder and the file where they are
    /// missing, and bringing an older schema up to date after a backup beside the file.
    /// Blocks; meant for start-up.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Folder { folder: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let lock = Arc::new(FolderLock::take(folder)?);
        let file = folder.join(FILE);
        let connection = schema::open(&file)?;
        let writer = Writer::start(connection, lock.clone()).map_err(unusable)?;
        let readers = Readers::start(&file)?;
        Ok(Self { writer, readers, _lock: lock })
    }
}

#[async_trait::async_trait]
impl Store for Sqlite {
    async fn create(&self, log: LogId, first: Append) -> Result<(), StoreError> {
        self.writer.create(log, first).await
    }

    async fn append(&self, append: Append) -> Result<(), StoreError> {
        self.writer.append(append).await
    }

    async fn delete(&self, id: WorkerId) -> Result<bool, StoreError> {
        self.writer.delete(id).await
    }

    async fn worker(&self, id: WorkerId) -> Result<Option<Stored>, StoreError> {
        self.readers.read(move |db| Ok(read::worker(db, id)?.map(|row| row.stored))).await
    }

    async fn workers(
        &self,
        before: Option<ListPosition>,
        limit: u32,
    ) -> Result<Vec<Worker>, StoreError> {
        self.readers.read(move |db| read::workers(db, before, limit)).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.readers.read(read::count).await
    }

    async fn tail(
        &self,
        id: WorkerId,
        after: u64,
        limit: u32,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        self.readers.read(move |db| read::tail(db, id, after, limit)).await
    }

    async fn page(
        &self,
        id: WorkerId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Option<Page>, StoreError> {
        self.readers.read(move |db| read::page(db, id, before, limit)).await
    }

    async fn role_of(&self, id: WorkerId, message: MessageId) -> Result<Option<Role>, StoreError> {
        self.readers.read(move |db| read::role_of(db, id, message)).await
    }

    async fn acceptance(
        &self,
        id: WorkerId,
        message: MessageId,
    ) -> Result<Option<Acceptance>, StoreError> {
        self.readers.read(move |db| read::acceptance(db, id, message)).await
    }

    async fn turn(&self, id: WorkerId, turn: TurnId) -> Result<Option<Vec<Event>>, StoreError> {
        self.readers.read(move |db| read::turn(db, id, turn)).await
    }

    async fn branch(
        &self,
        id: WorkerId,
        leaf: MessageId,
        max_bytes: u64,
    ) -> Result<Branch, StoreError> {
        self.readers.read(move |db| read::branch(db, id, leaf, max_bytes)).await
    }

    async fn prompt(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let digest = digest.to_owned();
        self.readers.read(move |db| read::prompt(db, &digest)).await
    }

    async fn unfinished(&self) -> Result<Vec<(WorkerId, TurnId)>, StoreError> {
        self.readers.read(read::unfinished).await
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}
