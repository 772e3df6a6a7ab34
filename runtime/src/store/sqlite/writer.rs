//! The thread that writes, and group commit.
//!
//! All jobs that are waiting when the thread is ready are committed as one transaction, with the
//! durability of the most demanding one. A job that fails for a reason of its own (the log has
//! moved on, an id is taken) is undone alone; a failure of the disk fails the whole group. The
//! thread survives every failure, even a panic: the next group is a new attempt.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use protocol::LogId;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::lock::FolderLock;
use super::place::Place;
use super::texts::{self, Index};
use super::{file, outage, transfer};
use crate::store::{Append, Differing, Give, Imported, Outage, StoreError};

mod group;

pub(super) use group::Change;
use group::{Done, Failure, Work, perform, probe};

/// Jobs that may wait. A worker has at most one at a time, so this many workers can commit in one
/// group; further callers wait until there is room.
const JOBS: usize = 256;

/// The handle to the thread; the thread ends when the last handle is gone.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

enum Job {
    Write {
        work: Work,
        reply: oneshot::Sender<Result<bool, StoreError>>,
    },
    /// Work that is not part of a group.
    Alone(Box<dyn FnOnce(&mut Database) + Send>),
    Close {
        reply: oneshot::Sender<()>,
    },
}

type Waiting = (Result<bool, StoreError>, oneshot::Sender<Result<bool, StoreError>>);

impl Writer {
    /// Starts the thread. It shares the lock of the folder, so that jobs that were sent before the
    /// handles were dropped are committed before another process may write.
    pub(super) fn start(
        connection: Connection,
        place: Place,
        lock: Arc<FolderLock>,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel(JOBS);
        let database = Database { connection, place, trouble: None, index: Index::Written };
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(database, inbox, lock))?;
        Ok(Self { jobs })
    }

    pub(super) async fn create(&self, log: LogId, first: Append) -> Result<(), StoreError> {
        self.write(Work::Create(log, Box::new(first))).await.map(drop)
    }

    pub(super) async fn append(&self, append: Append) -> Result<(), StoreError> {
        self.write(Work::Append(Box::new(append))).await.map(drop)
    }

    pub(super) async fn change(&self, change: Change) -> Result<bool, StoreError> {
        self.write(Work::Change(change)).await
    }

    /// Runs `work` on the database, after the jobs that were sent before and alone.
    pub(super) async fn alone<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Database) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, done) = oneshot::channel();
        let job = Job::Alone(Box::new(move |db| {
            let _ = reply.send(db.caught(work));
        }));
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        done.await.map_err(|_| StoreError::Closed)?
    }

    /// Checks that a commit would be taken now. Errors: what it would fail with.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        self.write(Work::Check).await.map(drop)
    }

    pub(super) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.jobs.send(Job::Close { reply }).await.is_ok() {
            // An error means that the thread has ended already, which is fine here.
            let _ = closed.await;
        }
    }

    async fn write(&self, work: Work) -> Result<bool, StoreError> {
        let (reply, done) = oneshot::channel();
        let sent = self.jobs.send(Job::Write { work, reply }).await;
        sent.map_err(|_| StoreError::Closed)?;
        done.await.map_err(|_| StoreError::Closed)?
    }
}

/// The connection and the state that the thread owns.
pub(super) struct Database {
    connection: Connection,
    place: Place,
    /// Why the last commit failed, so that an outage is logged once and not at every attempt.
    trouble: Option<String>,
    /// Whether the index of texts is written; not any more once it was found to be broken.
    index: Index,
}

fn run(mut db: Database, mut inbox: mpsc::Receiver<Job>, lock: Arc<FolderLock>) {
    let mut group = Vec::new();
    let (mut alone, mut closing) = (None, None);
    while closing.is_none() {
        let Some(first) = inbox.blocking_recv() else { break };
        let rest = std::iter::from_fn(|| inbox.try_recv().ok());
        for job in std::iter::once(first).chain(rest).take(JOBS) {
            match job {
                Job::Write { work, reply } => group.push((work, reply)),
                Job::Alone(work) => {
                    alone = Some(work);
                    break;
                }
                Job::Close { reply } => {
                    closing = Some(reply);
                    break;
                }
            }
        }
        for (result, reply) in db.commit(std::mem::take(&mut group)) {
            // An error means that the caller does not wait any more; the commit is valid anyway.
            let _ = reply.send(result);
        }
        if let Some(work) = alone.take() {
            work(&mut db);
        }
    }
    db.close();
    drop(lock);
    if let Some(reply) = closing {
        let _ = reply.send(());
    }
}

impl Database {
    /// Commits a group. Gives each job's result with the channel for it.
    fn commit(
        &mut self,
        group: Vec<(Work, oneshot::Sender<Result<bool, StoreError>>)>,
    ) -> Vec<Waiting> {
        let (works, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let results = match self.caught(|db| db.try_commit(&works)) {
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
        results.into_iter().zip(replies).collect()
    }

    /// Runs `work`. A panic becomes the error `Panicked`, and the connection is replaced.
    fn caught<T>(
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
        match self.place.check().map(|()| file::open_to_write(self.place.file())) {
            Ok(Ok(fresh)) => self.connection = fresh,
            Ok(Err(error)) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "there is no new connection; the store goes on with the one it has"
            ),
            Err(_) => {}
        }
    }

    /// Commits a group. Errors when nothing of it was stored.
    fn try_commit(&mut self, works: &[Work]) -> Result<Vec<Result<bool, StoreError>>, StoreError> {
        // Checked first, since nothing can be committed while the files are missing.
        self.place.check()?;
        // After a failed commit an empty transaction proves nothing, so a check has to write.
        if self.trouble.is_some() && works.iter().all(|work| matches!(work, Work::Check)) {
            probe(&mut self.connection).map_err(|cause| self.failed(Failure::Cause(cause)))?;
        }
        let mut done = perform(&mut self.connection, &self.place, works, self.index);
        if let Err(Failure::Index(cause)) = &done {
            let error = cause.as_ref() as &dyn std::error::Error;
            tracing::error!(
                error,
                "the index of texts is broken; new texts are not found by search until the next start rebuilds it"
            );
            self.index = Index::Left;
            done = perform(&mut self.connection, &self.place, works, self.index);
        }
        let Done { results, panicked } = done.map_err(|failure| self.failed(failure))?;
        if panicked {
            self.reopen();
        }
        Ok(results)
    }

    fn failed(&self, failure: Failure) -> StoreError {
        match failure {
            Failure::Store(error) => error,
            Failure::Index(source) => StoreError::Damaged(source),
            Failure::Cause(source) if outage::is_damage(&source) => StoreError::Damaged(source),
            Failure::Cause(source) => match outage::of(&source, self.place.folder()) {
                Some(outage) => StoreError::Outage { outage, source },
                None => StoreError::Append(source),
            },
        }
    }

    /// Commits whole conversations, all or none.
    pub(super) fn import(
        &mut self,
        logs: Give,
        differing: Differing,
    ) -> Result<Imported, StoreError> {
        self.place.check()?;
        let done = transfer::import(&mut self.connection, &self.place, logs, differing, self.index);
        if done.as_ref().is_err_and(texts::is_broken_index) {
            // `logs` is used up, so this import cannot be tried again; the next one leaves the
            // index out.
            self.index = Index::Left;
        }
        done.map_err(|cause| match cause.downcast::<StoreError>() {
            Ok(known) => *known,
            Err(source) => match outage::of(&source, self.place.folder()) {
                Some(outage) => StoreError::Outage { outage, source },
                None => StoreError::Import(source),
            },
        })
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
        if self.place.check_database().is_err() {
            return;
        }
        match self.connection.pragma_update(None, "wal_checkpoint", "FULL") {
            Ok(()) => tracing::warn!("what was committed is in the database; a restart goes on"),
            Err(error) => tracing::error!(%error, "what was committed is in this process alone"),
        }
    }

    fn close(self) {
        // The readers' connections may live longer than this one, and only the last one to
        // close would fold the write-ahead log into the file by itself.
        if let Err(error) = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
            tracing::debug!(%error, "the write-ahead log stays beside the database");
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the database did not close cleanly; the next start recovers it");
        }
    }
}

/// The failure of a group, as the error of one of its jobs.
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

#[cfg(test)]
mod tests;
