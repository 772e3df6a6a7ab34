//! The database as the writing thread uses it. It outlives failures of the disk, and panics of
//! jobs.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use store::{Cause, Durability, Outage, StoreError};
use tokio::sync::oneshot;

use super::group::{Change, Done, Failure, Work, perform, probe, synchronize};
use super::transaction::Transaction;
use crate::file::Opened;
use crate::file_identity::FileIdentity;
use crate::mend::{self, Repair};
use crate::search_index::{self, Index};
use crate::staging::{self, Piece, Room};
use crate::streamed::{Group, Streamed, Table};
use crate::{clean_stop, damage_note, delete, file, outage};

/// A write-ahead log of more bytes is emptied when the disk is full.
const LONG_LOG: u64 = 4 << 20;

/// For how long an import that needs room, or its removal, waits for those that read from the write-ahead log.
const LOG_WAIT: Duration = Duration::from_millis(100);

type Waiting = (Result<bool, StoreError>, oneshot::Sender<Result<bool, StoreError>>);

/// The connection and the state that the thread owns.
pub(crate) struct Database {
    connection: Connection,
    streamed: Streamed,
    table: Table,
    /// How safe the connection's commits are; `None` if it is not known, as after an import, which
    /// sets it by itself.
    durability: Option<Durability>,
    identity: FileIdentity,
    /// Why the last commit failed, so that an outage is logged once and not at every attempt.
    trouble: Option<String>,
    /// Whether the index of texts is written; this stops once the index was found to be broken.
    index: Index,
    /// Whether rows of deleted workers were removed since the write-ahead log was emptied last. The
    /// log still holds them.
    swept: bool,
    /// When the whole file was read last to look for damage; `None` until that was done.
    checked: Option<SystemTime>,
    checkpoints: Checkpoints,
    /// What a check of the whole file has found. Nothing is written any more.
    damage: Option<String>,
}

/// Whether the write-ahead log is written into the database's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checkpoints {
    Allowed,
    /// The file may be damaged, so it stays as it is until it was checked.
    Held,
}

impl Database {
    pub(super) fn new(
        opened: Opened,
        (streamed, table): (Streamed, Table),
        identity: FileIdentity,
    ) -> Self {
        let Opened { connection, checked } = opened;
        let checkpoints = match checked {
            Some(_) => Checkpoints::Allowed,
            None => Checkpoints::Held,
        };
        let database = Self {
            connection,
            streamed,
            table,
            durability: None,
            identity,
            trouble: None,
            index: Index::Written,
            swept: false,
            checked,
            checkpoints,
            damage: None,
        };
        database.checkpoint_by_itself(true);
        database
    }

    /// Commits a group. Returns each job's result with the channel for it.
    pub(super) fn commit(
        &mut self,
        group: Vec<(Work, oneshot::Sender<Result<bool, StoreError>>)>,
    ) -> Vec<Waiting> {
        if group.is_empty() {
            return Vec::new();
        }
        let (works, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let results = match self.caught(|db| db.commit_or_make_room(&works)) {
            Ok(results) => {
                if let Some(trouble) = self.trouble.take() {
                    tracing::info!(trouble, "the store takes commits again");
                }
                results
            }
            Err(error) => {
                self.note(&error, works.len());
                works.iter().map(|_| Err(again(&error))).collect()
            }
        };
        for (work, result) in works.iter().zip(&results) {
            if let (Work::Change(Change::Collect(_)), Ok(removed)) = (work, result) {
                self.swept |= removed;
                // All deleted rows are removed; if the log is in use now, the next collection
                // empties it.
                if self.swept && !removed {
                    self.swept = !self.empty_log(Duration::ZERO);
                }
                // The collection runs a few times a minute. The pages that a past load left in
                // memory are dropped with it; those that are needed are soon read again.
                if !removed && let Err(error) = self.connection.release_memory() {
                    tracing::debug!(%error, "the database keeps its pages in memory");
                }
            }
        }
        results.into_iter().zip(replies).collect()
    }

    /// Lets commits checkpoint the write-ahead log again: the pages of the file are sound, or the log
    /// has become too long to wait for that.
    pub(crate) fn allow_checkpoints(&mut self) {
        self.checkpoints = Checkpoints::Allowed;
        self.checkpoint_by_itself(true);
        self.swept = self.swept && !self.empty_log(Duration::ZERO);
    }

    /// Whether the file must not be written yet.
    pub(crate) fn holds_checkpoints(&self) -> bool {
        self.checkpoints == Checkpoints::Held
    }

    /// The length of the write-ahead log.
    pub(crate) fn log_bytes(&self) -> u64 {
        self.identity.wal_bytes()
    }

    /// Notes that the whole file was read and repaired at `checked`.
    pub(crate) fn note_check(&mut self, checked: SystemTime) {
        self.checked = Some(checked);
    }

    /// Stops all writing, because the file is damaged. It stays as it is, and its write-ahead log
    /// keeps what was committed since.
    pub(crate) fn stop_writing(&mut self, damage: &str) {
        self.checkpoints = Checkpoints::Held;
        self.checkpoint_by_itself(false);
        self.damage = Some(damage.to_owned());
        if let Err(error) = damage_note::remember(self.identity.file(), damage) {
            tracing::warn!(%error, "the next start has to find the damage again");
        }
    }

    /// Performs a repair of rows or of the index of texts.
    pub(crate) fn repair(&mut self, repair: Repair) -> Result<mend::Done, StoreError> {
        self.refuse_if_damaged()?;
        self.identity.check()?;
        let rebuilds = matches!(repair, Repair::EmptyIndex);
        let done = repair.perform(&mut self.connection);
        let done = done.map_err(|cause| self.failed(Failure::Cause(cause)))?;
        if rebuilds {
            // From now on new texts are written into the new index.
            self.index = Index::Written;
        }
        Ok(done)
    }

    fn refuse_if_damaged(&self) -> Result<(), StoreError> {
        match &self.damage {
            Some(damage) => {
                let source = Cause::from(format!("the database is damaged: {damage}"));
                Err(StoreError::Outage { outage: Outage::Damaged, source })
            }
            None => Ok(()),
        }
    }

    /// Checkpoints the write-ahead log and truncates it, unless somebody reads from it for longer
    /// than `wait`, or checkpoints are held. Returns whether it did.
    fn empty_log(&self, wait: Duration) -> bool {
        if self.holds_checkpoints() {
            return false;
        }
        let checkpoint = || -> rusqlite::Result<bool> {
            self.connection.busy_timeout(wait)?;
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                row.get::<_, i64>(0).map(|busy| busy == 0)
            })
        };
        let emptied = checkpoint().unwrap_or_else(|error| {
            tracing::debug!(%error, "the write-ahead log is not emptied");
            false
        });
        let _ = self.connection.busy_timeout(file::BUSY);
        emptied
    }

    /// Runs `work`. A panic becomes the error `Panicked`, and the connection is replaced.
    pub(super) fn caught<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            self.reopen();
            Err(StoreError::Panicked)
        })
    }

    /// Replaces the connection after a panic, which may have left it in any state.
    fn reopen(&mut self) {
        tracing::error!("a job of the store panicked; the store opens a new connection");
        // If the database was replaced by another file, the old connection is kept: it still has
        // the right file open.
        match self.identity.check().map(|()| file::open_to_write(self.identity.file())) {
            Ok(Ok(fresh)) => {
                (self.connection, self.durability) = (fresh, None);
                self.checkpoint_by_itself(true);
            }
            Ok(Err(error)) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "there is no new connection; the store goes on with the one it has"
            ),
            Err(_) => {}
        }
    }

    /// Commits a group. If the disk is full and the write-ahead log is long, the log is emptied first:
    /// most of what it holds is in it several times.
    fn commit_or_make_room(
        &mut self,
        works: &[Work],
    ) -> Result<Vec<Result<bool, StoreError>>, StoreError> {
        match self.try_commit(works) {
            Err(StoreError::Outage { outage: Outage::Full, .. })
                if self.identity.wal_bytes() > LONG_LOG && self.empty_log(Duration::ZERO) =>
            {
                self.try_commit(works)
            }
            result => result,
        }
    }

    /// Commits a group. On an error nothing of it was stored.
    fn try_commit(&mut self, works: &[Work]) -> Result<Vec<Result<bool, StoreError>>, StoreError> {
        self.refuse_if_damaged()?;
        let durability = works.iter().map(Work::durability).max().unwrap_or(Durability::Process);
        // While the files are missing nothing can be committed. A group of deltas is checked only
        // before its commit.
        if self.trouble.is_some() || durability == Durability::Power {
            self.identity.check()?;
        }
        // After a failed commit an empty transaction proves nothing, so a check has to write.
        if self.trouble.is_some() && works.iter().all(|work| matches!(work, Work::Check)) {
            probe(&self.connection).map_err(|cause| self.failed(Failure::Cause(cause)))?;
        }
        if self.durability != Some(durability) {
            self.durability = None;
            synchronize(&self.connection, durability)
                .map_err(|error| self.failed(Failure::from(error)))?;
            self.durability = Some(durability);
        }
        let mut done = self.perform(works);
        if let Err(Failure::Index(cause)) = &done {
            let error = cause.as_ref() as &dyn std::error::Error;
            tracing::error!(
                error,
                "the index of texts is broken; new texts are not found by search until the next start rebuilds it"
            );
            self.index = Index::Left;
            done = self.perform(works);
        }
        let Done { results, streamed, panicked } = done.map_err(|failure| self.failed(failure))?;
        streamed.apply(&self.streamed, &mut self.table);
        if panicked {
            self.reopen();
        }
        Ok(results)
    }

    fn perform(&self, works: &[Work]) -> Result<Done, Failure> {
        let group = Group::new(&self.streamed, &self.table);
        perform(&self.connection, &self.identity, works, self.index, group)
    }

    fn failed(&self, failure: Failure) -> StoreError {
        match failure {
            Failure::Store(error) => error,
            Failure::Index(source) => StoreError::Damaged(source),
            Failure::Cause(source) if outage::is_damage(&source) => StoreError::Damaged(source),
            Failure::Cause(source) => match outage::of(&source, self.identity.folder()) {
                Some(outage) => StoreError::Outage { outage, source },
                None => StoreError::Append(source),
            },
        }
    }

    /// Writes pieces of an import for a few milliseconds; they stay invisible. Committed pieces are
    /// taken off the queue. If `checkpoints` is false, another connection does the checkpoints
    /// until the import ends.
    pub(crate) fn stage(
        &mut self,
        pieces: &mut VecDeque<Piece>,
        checkpoints: bool,
    ) -> Result<(), StoreError> {
        self.refuse_if_damaged()?;
        // The pieces set the level that they need.
        self.durability = None;
        self.checkpoint_by_itself(checkpoints);
        self.make_room_to_stage()?;
        let identity = &self.identity;
        let mut done = staging::write(&mut self.connection, identity, pieces, self.index);
        if done.as_ref().is_err_and(search_index::is_broken_index) {
            self.index = Index::Left;
            done = staging::write(&mut self.connection, identity, pieces, self.index);
        }
        let staged = done.map_err(|cause| self.not_imported(cause))?;
        pieces.drain(..staged);
        Ok(())
    }

    /// Errors if an import may not take more of the disk, even with an empty write-ahead log.
    fn make_room_to_stage(&self) -> Result<(), StoreError> {
        let look = || Room::look(&self.connection, &self.identity);
        // A size that cannot be found out refuses no import; a full disk still does.
        let Ok(room) = look() else { return Ok(()) };
        let room = match room.has_room_for_the_log() {
            false if self.empty_log(LOG_WAIT) => look().unwrap_or(room),
            _ => room,
        };
        room.check()
    }

    /// Empties the write-ahead log, unless somebody reads from it.
    pub(crate) fn shorten_log(&self) {
        self.empty_log(LOG_WAIT);
    }

    /// Makes all staged workers visible, or none. Errors if there are not exactly `workers` of
    /// them.
    pub(crate) fn publish_staged(&mut self, workers: usize) -> Result<(), StoreError> {
        self.refuse_if_damaged()?;
        self.durability = None;
        self.checkpoint_by_itself(true);
        staging::publish(&mut self.connection, &self.identity, workers)
            .map_err(|cause| self.not_imported(cause))
    }

    /// Purges all staged workers; a collection removes their rows. Returns whether there were any.
    pub(crate) fn purge_staged(&mut self) -> Result<bool, StoreError> {
        self.refuse_if_damaged()?;
        self.checkpoint_by_itself(true);
        delete::purge_staged(&self.connection).map_err(|cause| self.not_imported(cause))
    }

    /// Commits the writes of `work` as one synced transaction, unless it fails.
    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, Cause>,
    ) -> Result<T, StoreError> {
        self.refuse_if_damaged()?;
        self.identity.check()?;
        self.durability = None;
        let run = || -> Result<T, Failure> {
            synchronize(&self.connection, Durability::Power)?;
            let transaction = Transaction::begin(&self.connection)?;
            let done = work(&self.connection).map_err(Failure::Cause)?;
            self.identity.check().map_err(Failure::Store)?;
            transaction.commit()?;
            Ok(done)
        };
        let done = run().map_err(|failure| self.failed(failure))?;
        self.durability = Some(Durability::Power);
        Ok(done)
    }

    /// Has the write-ahead log emptied with the next collection, because it holds texts that were
    /// removed.
    pub(crate) fn empty_log_later(&mut self) {
        self.swept = true;
    }

    /// The level of `PRAGMA synchronous` that the next commit has: 1 is NORMAL, 2 is FULL.
    #[cfg(test)]
    pub(super) fn synchronous(&self) -> i64 {
        self.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
    }

    pub(crate) fn file(&self) -> &Path {
        self.identity.file()
    }

    /// Whether commits checkpoint the write-ahead log by themselves once it is long. While
    /// checkpoints are held, they never do.
    fn checkpoint_by_itself(&self, does: bool) {
        let pages = if does && !self.holds_checkpoints() { file::WAL_PAGES } else { 0 };
        let set =
            self.connection
                .query_row(&format!("PRAGMA wal_autocheckpoint = {pages}"), [], |_| Ok(()));
        if let Err(error) = set {
            tracing::debug!(%error, "the length of the write-ahead log stays as it is bounded");
        }
    }

    fn not_imported(&self, cause: Cause) -> StoreError {
        match cause.downcast::<StoreError>() {
            Ok(known) => *known,
            Err(source) => match outage::of(&source, self.identity.folder()) {
                Some(outage) => StoreError::Outage { outage, source },
                None => StoreError::Import(source),
            },
        }
    }

    fn note(&mut self, error: &StoreError, jobs: usize) {
        let source = std::error::Error::source(error).map(ToString::to_string);
        let trouble = format!("{error}: {}", source.unwrap_or_default());
        if self.trouble.as_ref() == Some(&trouble) {
            return;
        }
        tracing::error!(
            trouble,
            jobs,
            "a commit failed; it is tried again for as long as it takes"
        );
        self.trouble = Some(trouble);
        if matches!(error, StoreError::Outage { outage: Outage::Changed, .. }) {
            self.save_what_is_committed();
        }
    }

    /// If the write-ahead log was removed, writes its content into the database while it is still
    /// open, so that it is not lost at the end of the process.
    fn save_what_is_committed(&self) {
        if self.identity.check_database().is_err() {
            return;
        }
        match self.connection.pragma_update(None, "wal_checkpoint", "FULL") {
            Ok(()) => tracing::warn!("what was committed is in the database; a restart goes on"),
            Err(error) => tracing::error!(%error, "what was committed is in this process alone"),
        }
    }

    pub(super) fn close(self) {
        // The readers' connections may live longer than this one, and SQLite checkpoints by itself
        // only when the last connection closes.
        let is_folded = self.empty_log(file::BUSY);
        if self.holds_checkpoints() {
            // Otherwise SQLite does a checkpoint when the last connection closes.
            let kept = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let _ = self.connection.set_db_config(kept, true);
        }
        let is_sound = self.trouble.is_none() && self.index == Index::Written;
        let is_in_place = self.identity.check_database().is_ok();
        let file = self.identity.file().to_owned();
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the database did not close cleanly; the next start recovers it");
            return;
        }
        if is_folded
            && is_sound
            && is_in_place
            && let Some(checked) = self.checked
            && let Err(error) = clean_stop::remember(&file, checked)
        {
            tracing::debug!(%error, "the next start reads the whole database");
        }
    }
}

/// The failure of a group as the error of one of its jobs; errors cannot be cloned.
fn again(error: &StoreError) -> StoreError {
    let source = || match std::error::Error::source(error) {
        Some(source) => source.to_string().into(),
        None => error.to_string().into(),
    };
    match error {
        StoreError::Outage { outage, .. } => {
            StoreError::Outage { outage: *outage, source: source() }
        }
        StoreError::Damaged(_) => StoreError::Damaged(source()),
        StoreError::Panicked => StoreError::Panicked,
        _ => StoreError::Append(source()),
    }
}
