//! The store on SQLite: one file, one process.
//!
//! One thread owns the only connection that writes ([`writer`]); a few threads with read-only
//! connections answer all reads ([`readers`]). All SQL of the product is in this crate.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use protocol::{
    AccountId, Event, LogId, Message, MessageId, Role, Timestamp, TurnId, Worker, WorkerId,
};
use rusqlite::Connection;
use store::{
    Acceptance, Append, Branch, Cause, ConflictPolicy, ConversationExport, Deleted, Found,
    ImportSource, Imported, ListPosition, Outage, Page, Repaired, Salvage, Search, Store,
    StoreError, Stored, UsageFound, UsageQuery, VisibilityFilter,
};
use tokio::sync::Mutex;

use background_check::BackgroundCheck;
use file::Access;
use file_identity::FileIdentity;
use lock::FolderLock;
use readers::{Readers, SEARCHERS, SUMMERS, readers};
use schema::Schema;
use staging::Staging;
use streamed::{Moment, Streamed};
use writer::{Change, Writer};

mod accounts;
mod background_check;
mod clean_stop;
mod damage_note;
mod delete;
mod delta;
mod file;
mod file_identity;
mod lock;
mod mend;
mod migrate;
mod outage;
mod page_check;
mod private;
mod prompts;
mod read;
mod read_only;
mod readers;
mod row;
mod schema;
mod search;
mod search_index;
mod shares;
mod staging;
mod streamed;
mod transfer;
mod usage;
mod write;
mod writer;

pub use private::{Exposed, exposed, make_folder};
pub use read_only::{Backup, BackupError, ReadOnlyStore};

/// The database's name in the data folder.
const FILE: &str = "companion.db";

/// A database of at most this many bytes is checked before it is served. This takes some 30
/// milliseconds.
pub const CHECKED_FIRST_BYTES: u64 = 4 << 20;

/// For how long a store that closes waits until the check beside it has ended. It ends at once,
/// unless the disk does not answer.
const CHECK_ENDS: Duration = Duration::from_millis(500);

/// Why a database cannot be used. Each variant's text says what a person can do about it. The
/// database is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder, or the file that locks it, cannot be created or opened.
    #[error("the data folder {folder} cannot be used")]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The folder or the database cannot be created, or the database not be migrated.
    #[error(
        "there is no space left for the data folder {folder}; free some, or choose another folder"
    )]
    Full {
        /// The data folder.
        folder: PathBuf,
    },
    /// The file system, or the rights of this account, do not allow to write.
    #[error(
        "{file} cannot be written; give this account write access, or choose another data folder"
    )]
    ReadOnly {
        /// The database's file, or the data folder if that is what cannot be written.
        file: PathBuf,
    },
    /// Another program than Companion holds a lock on the database.
    #[error("another program has locked {file}; close that program")]
    Busy {
        /// The database's file.
        file: PathBuf,
    },
    /// Another process holds the lock of the folder.
    #[error("the data folder {folder} is in use by {holder}; stop it, or choose another folder")]
    Locked {
        /// The data folder.
        folder: PathBuf,
        /// Names the process, as far as it could be found out; follows "by".
        holder: String,
    },
    /// The file is another program's, or not a SQLite database.
    #[error("{file} is not a database of Companion; move it away, or choose another data folder")]
    Foreign {
        /// The file that has the database's name.
        file: PathBuf,
    },
    /// This program would not understand the schema, so it does not open the file.
    #[error(
        "{file} was written by a newer Companion (schema {found}, this one knows {known}); use that version"
    )]
    Newer {
        /// The database's file.
        file: PathBuf,
        /// The version of the file's schema.
        found: i64,
        /// The version of this program's schema.
        known: i64,
    },
    /// SQLite's check found damage beyond single rows, or a part of the database is missing.
    #[error(
        "{file} is damaged: {detail}; `companion export` may still read what is in it; then restore a backup, or move it away (with its -wal and -shm, if there) to start with an empty one"
    )]
    Damaged {
        /// The database's file.
        file: PathBuf,
        /// The first finding, in words that follow a colon.
        detail: String,
    },
    /// The database's name leads to a file elsewhere, or to none.
    #[error(
        "{file} is a symbolic link; the lock and the files that SQLite keeps beside a database have to be in the same folder, so set the data folder to the folder that contains the database"
    )]
    Link {
        /// The path that is a link.
        file: PathBuf,
    },
    /// A step of the migration failed, and all of it was rolled back.
    #[error("{file} cannot be brought to the current schema; it was not changed")]
    Migration {
        /// The database's file.
        file: PathBuf,
        /// The failure of the step.
        source: Cause,
    },
    /// Only for [`ReadOnlyStore`], which does not migrate.
    #[error(
        "{file} was written by an older Companion; start this version once to bring it up to date"
    )]
    Older {
        /// The database's file.
        file: PathBuf,
    },
    /// Only for [`ReadOnlyStore`], which does not create a database.
    #[error("there is no database in the data folder {folder}")]
    Missing {
        /// The data folder.
        folder: PathBuf,
    },
    /// Opening failed for another reason.
    #[error("{file} cannot be opened")]
    Open {
        /// The database's file.
        file: PathBuf,
        /// The error of SQLite or of the system.
        source: Cause,
    },
}

/// The handle to the store; cheap to clone.
#[derive(Clone)]
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
    searchers: Readers,
    summers: Readers,
    /// Held during an import, because the staged rows belong to only one import at a time.
    importing: Arc<Mutex<()>>,
    check: Arc<BackgroundCheck>,
    streamed: Streamed,
    /// The lock is held as long as a handle or the writing thread lives.
    _lock: Arc<FolderLock>,
}

impl Sqlite {
    /// Opens the database of a data folder. Creates the folder and the file if they are missing,
    /// and migrates an older schema after a backup beside the file. Unless the file is unchanged
    /// since a clean stop, all of it is read first. Blocks.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::open_soon(folder, u64::MAX)
    }

    /// Like [`Self::open`], but if the file has more than `first` bytes, it is read beside the
    /// service, and its rows are repaired there. Until then the file is not changed, and what is
    /// committed is in the write-ahead log. If it is found to be damaged, every write fails with
    /// [`Outage::Damaged`], and it cannot be opened again. Blocks, for a time that does not depend
    /// on the size of the file.
    pub fn open_soon(folder: &Path, first: u64) -> Result<Self, OpenError> {
        let unusable = |source| folder_error(folder, source);
        make_folder(folder).map_err(unusable)?;
        let lock = Arc::new(FolderLock::take(folder)?);
        let file = folder.join(FILE);
        let opened = file::open_soon(&file, &Schema::current(), first)?;
        let is_checked = opened.checked.is_some();
        let identity = FileIdentity::of(&file).map_err(unusable)?;
        let readers = Readers::start(&file, &identity, readers())?;
        let searchers = Readers::start(&file, &identity, SEARCHERS)?;
        let summers = Readers::start(&file, &identity, SUMMERS)?;
        let loaded = streamed::load(&opened.connection);
        let (table, answers) = loaded.map_err(|cause| file::open_error(&file, cause))?;
        let streamed = Streamed::new(answers);
        let pieces = (streamed.clone(), table);
        let writer =
            Writer::start(opened, pieces, identity.clone(), lock.clone()).map_err(unusable)?;
        let check = match is_checked {
            true => BackgroundCheck::none(),
            false => BackgroundCheck::start(identity, writer.clone()).map_err(unusable)?,
        };
        let (importing, check) = (Arc::default(), Arc::new(check));
        Ok(Self { writer, readers, searchers, summers, importing, check, streamed, _lock: lock })
    }

    /// Reads a conversation, with the streamed pieces of its running answer.
    async fn read_log<T, F>(&self, id: WorkerId, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Moment<'_>) -> Result<T, Cause> + Send + 'static,
    {
        let streamed = self.streamed.clone();
        let read = move |db: &Connection| {
            let answer = streamed.get(id);
            read(&Moment::new(db, answer.as_deref()))
        };
        self.readers.read(read).await
    }

    /// Waits until the check beside the service has ended, if there is one.
    pub async fn checked(&self) {
        self.check.ended().await;
    }

    /// Inspects the database of a data folder without changing anything, even while a server uses
    /// it. Errors like [`Self::open`]. Blocks.
    pub fn look(folder: &Path) -> Result<Look, OpenError> {
        let schema = Schema::current();
        let holder = FolderLock::holder(folder)?;
        let access = if holder.is_some() { Access::Shared } else { Access::Alone };
        let (file, known) = (folder.join(FILE), schema.version());
        if let Some(detail) = damage_note::known(&file) {
            return Err(OpenError::Damaged { file, detail });
        }
        let Some((db, found)) = file::open_to_look(&file, &schema, access)? else {
            return Ok(Look { holder, schema: None, known, unreadable: 0 });
        };
        // Rows of an older schema cannot be read by the current statements.
        let unreadable = if found == known { transfer::count_unreadable(&db) } else { Ok(0) };
        let unreadable = unreadable.map_err(|cause| file::open_error(&file, cause))?;
        Ok(Look { holder, schema: Some(found), known, unreadable })
    }
}

/// The state of a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The process that uses the folder, such as "another companion (process 12)".
    pub holder: Option<String>,
    /// The version of the database's schema; `None` if there is no database yet.
    pub schema: Option<i64>,
    /// The version that this program migrates it to.
    pub known: i64,
    /// The number of conversations that cannot be read completely.
    pub unreadable: u64,
}

fn folder_error(folder: &Path, source: std::io::Error) -> OpenError {
    let folder = folder.to_owned();
    match outage::of_kind(source.kind()) {
        Some(Outage::Full) => OpenError::Full { folder },
        Some(Outage::ReadOnly) => OpenError::ReadOnly { file: folder },
        _ => OpenError::Folder { folder, source },
    }
}

#[async_trait::async_trait]
impl Store for Sqlite {
    async fn create(&self, owner: AccountId, log: LogId, first: Append) -> Result<(), StoreError> {
        self.writer.create(owner, log, first).await
    }

    async fn owner(&self, id: WorkerId) -> Result<Option<AccountId>, StoreError> {
        self.readers.read(move |db| read::owner(db, id)).await
    }

    async fn append(&self, append: Append) -> Result<(), StoreError> {
        self.writer.append(append).await
    }

    async fn delete(&self, id: WorkerId, at: Timestamp) -> Result<bool, StoreError> {
        self.writer.change(Change::Delete(id, at)).await
    }

    async fn restore(&self, id: WorkerId) -> Result<bool, StoreError> {
        self.writer.change(Change::Restore(id)).await
    }

    async fn deleted(
        &self,
        owner: AccountId,
        before: Option<ListPosition>,
        limit: u32,
    ) -> Result<Vec<Deleted>, StoreError> {
        self.readers.read(move |db| delete::deleted(db, owner, before, limit)).await
    }

    async fn deleted_one(&self, id: WorkerId) -> Result<Option<Deleted>, StoreError> {
        self.readers.read(move |db| delete::deleted_one(db, id)).await
    }

    async fn purge(&self, id: WorkerId) -> Result<bool, StoreError> {
        self.writer.change(Change::Purge(id)).await
    }

    async fn collect(&self, until: Timestamp) -> Result<bool, StoreError> {
        self.writer.change(Change::Collect(until)).await
    }

    async fn exists(&self, id: WorkerId) -> Result<bool, StoreError> {
        self.readers.read(move |db| read::exists(db, id)).await
    }

    async fn listed(&self, id: WorkerId) -> Result<Option<Worker>, StoreError> {
        self.readers.read(move |db| read::listed(db, id)).await
    }

    async fn worker(&self, id: WorkerId) -> Result<Option<Stored>, StoreError> {
        self.read_log(id, move |db| Ok(read::worker(db, id)?.map(|row| row.stored))).await
    }

    async fn workers(
        &self,
        owner: AccountId,
        places: VisibilityFilter,
        before: Option<ListPosition>,
        limit: u32,
    ) -> Result<Vec<Worker>, StoreError> {
        self.readers.read(move |db| read::workers(db, owner, places, before, limit)).await
    }

    async fn count(&self, owner: AccountId) -> Result<u64, StoreError> {
        self.readers.read(move |db| read::count(db, owner)).await
    }

    async fn bytes(&self, owner: AccountId) -> Result<u64, StoreError> {
        self.readers.read(move |db| read::bytes(db, owner)).await
    }

    async fn tail(
        &self,
        id: WorkerId,
        after: u64,
        limit: u32,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        self.read_log(id, move |db| read::tail(db, id, after, limit)).await
    }

    async fn page(
        &self,
        id: WorkerId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Option<Page>, StoreError> {
        self.read_log(id, move |db| read::page(db, id, before, limit)).await
    }

    async fn around(
        &self,
        id: WorkerId,
        message: MessageId,
        limit: u32,
    ) -> Result<Option<Page>, StoreError> {
        self.read_log(id, move |db| read::around(db, id, message, limit)).await
    }

    async fn search(&self, search: Search) -> Result<Found, StoreError> {
        let mut found = self.searchers.read(move |db| search::search(db, &search)).await?;
        found.cut_short |= self.check.is_index_incomplete();
        Ok(found)
    }

    async fn usage(&self, query: UsageQuery) -> Result<UsageFound, StoreError> {
        self.summers.read(move |db| usage::usage(db, &query)).await
    }

    async fn role_of(&self, id: WorkerId, message: MessageId) -> Result<Option<Role>, StoreError> {
        self.readers.read(move |db| read::role_of(db, id, message)).await
    }

    async fn question(
        &self,
        id: WorkerId,
        message: MessageId,
    ) -> Result<Option<Message>, StoreError> {
        self.readers.read(move |db| read::question(db, id, message)).await
    }

    async fn acceptance(
        &self,
        id: WorkerId,
        message: MessageId,
    ) -> Result<Option<Acceptance>, StoreError> {
        self.readers.read(move |db| read::acceptance(db, id, message)).await
    }

    async fn turn(&self, id: WorkerId, turn: TurnId) -> Result<Option<Vec<Event>>, StoreError> {
        self.read_log(id, move |db| read::turn(db, id, turn)).await
    }

    async fn branch(
        &self,
        id: WorkerId,
        leaf: MessageId,
        max_bytes: u64,
    ) -> Result<Branch, StoreError> {
        self.read_log(id, move |db| read::branch(db, id, leaf, max_bytes)).await
    }

    async fn prompt(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let digest = digest.to_owned();
        self.readers.read(move |db| read::prompt(db, &digest)).await
    }

    async fn unfinished(&self) -> Result<Vec<(WorkerId, TurnId)>, StoreError> {
        self.readers.read(read::unfinished).await
    }

    async fn next_worker(
        &self,
        owner: AccountId,
        after: Option<WorkerId>,
    ) -> Result<Option<WorkerId>, StoreError> {
        self.readers.read(move |db| transfer::next_worker(db, Some(owner), after)).await
    }

    async fn whole(&self, id: WorkerId) -> Result<Option<ConversationExport>, StoreError> {
        self.read_log(id, move |db| transfer::whole(db, id)).await
    }

    async fn salvage(&self, id: WorkerId) -> Result<Option<Salvage>, StoreError> {
        self.read_log(id, move |db| transfer::salvage(db, id)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.writer.check().await?;
        self.readers.check().await
    }

    async fn import(
        &self,
        owner: AccountId,
        logs: ImportSource,
        differing: ConflictPolicy,
    ) -> Result<Imported, StoreError> {
        let one = self.importing.clone().lock_owned().await;
        let (writer, readers) = (self.writer.clone(), self.searchers.clone());
        let staging = Staging::new(owner, writer, readers, self.streamed.clone());
        staging.import(one, logs, differing).await
    }

    async fn repaired(&self) -> Option<Repaired> {
        self.check.repaired().await
    }

    async fn close(&self) {
        self.check.stop();
        let _ = tokio::time::timeout(CHECK_ENDS, self.check.ended()).await;
        self.writer.close().await;
    }
}
