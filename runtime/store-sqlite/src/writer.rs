//! The thread that writes, and group commit.
//!
//! All jobs that are waiting when the thread is ready are committed as one transaction, with the
//! durability of the most demanding one. A job that fails for a reason of its own (the log has
//! moved on, an id is taken) is undone alone; a failure of the disk fails the whole group. The
//! thread survives every failure, even a panic: the next group is a new attempt.

use std::sync::Arc;
use std::thread::Thread;
use std::time::Instant;

use protocol::{AccountId, LogId};
use store::{Append, StoreError};
use tokio::sync::{mpsc, oneshot};

use super::file::Opened;
use super::file_identity::FileIdentity;
use super::lock::FolderLock;
use super::streamed::{Streamed, Table};

mod database;
mod group;
mod pace;
mod transaction;

pub(crate) use database::Database;
pub(crate) use group::Change;
use group::Work;
use pace::Pace;

/// The most jobs that wait. A worker has at most one at a time, so this many workers can commit in
/// one group; further callers wait until there is room.
const JOBS: usize = 1024;

/// The handle to the thread; the thread ends when the last handle is gone.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    /// Unparked by jobs that cannot wait.
    thread: Thread,
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

impl Job {
    /// Whether the job can wait for others, to be committed with them. Nobody waits for the answer
    /// to a delta but the answer itself.
    fn can_wait(&self) -> bool {
        matches!(self, Self::Write { work, .. } if work.is_pieces())
    }
}

impl Writer {
    /// Starts the thread. It shares the lock of the folder, so that jobs that were sent before the
    /// handles were dropped are committed before another process may write.
    pub(crate) fn start(
        opened: Opened,
        pieces: (Streamed, Table),
        identity: FileIdentity,
        lock: Arc<FolderLock>,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel(JOBS);
        let database = Database::new(opened, pieces, identity);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(database, inbox, lock))?;
        Ok(Self { jobs, thread: thread.thread().clone() })
    }

    pub(crate) async fn create(
        &self,
        owner: AccountId,
        log: LogId,
        first: Append,
    ) -> Result<(), StoreError> {
        self.write(Work::Create(owner, log, Box::new(first))).await.map(drop)
    }

    pub(crate) async fn append(&self, append: Append) -> Result<(), StoreError> {
        self.write(Work::Append(Box::new(append))).await.map(drop)
    }

    pub(crate) async fn change(&self, change: Change) -> Result<bool, StoreError> {
        self.write(Work::Change(change)).await
    }

    /// Runs `work` on the database, by itself and after the jobs that were sent before.
    pub(crate) async fn alone<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Database) -> Result<T, StoreError> + Send + 'static,
    {
        let (job, done) = alone(work);
        self.send(job).await?;
        done.await.map_err(|_| StoreError::Closed)?
    }

    /// Like [`Self::alone`], for threads that may block.
    pub(crate) fn alone_blocking<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Database) -> Result<T, StoreError> + Send + 'static,
    {
        let (job, done) = alone(work);
        self.jobs.blocking_send(job).map_err(|_| StoreError::Closed)?;
        self.thread.unpark();
        done.blocking_recv().map_err(|_| StoreError::Closed)?
    }

    /// Checks that a commit would currently succeed; otherwise the error is the one that it would
    /// fail with.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        self.write(Work::Check).await.map(drop)
    }

    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.send(Job::Close { reply }).await.is_ok() {
            // An error means that the thread has ended already, which is fine here.
            let _ = closed.await;
        }
    }

    async fn write(&self, work: Work) -> Result<bool, StoreError> {
        let (reply, done) = oneshot::channel();
        self.send(Job::Write { work, reply }).await?;
        done.await.map_err(|_| StoreError::Closed)?
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        let can_wait = job.can_wait();
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        if !can_wait {
            self.thread.unpark();
        }
        Ok(())
    }
}

/// A job that runs `work` by itself, and the channel for its result.
fn alone<T, F>(work: F) -> (Job, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Database) -> Result<T, StoreError> + Send + 'static,
{
    let (reply, done) = oneshot::channel();
    let job = Job::Alone(Box::new(move |db| {
        let _ = reply.send(db.caught(work));
    }));
    (job, done)
}

fn run(mut db: Database, mut inbox: mpsc::Receiver<Job>, lock: Arc<FolderLock>) {
    let mut group = Vec::new();
    let (mut alone, mut closing) = (None, None);
    let mut pace = Pace::new(Instant::now());
    while closing.is_none() {
        let Some(first) = inbox.blocking_recv() else { break };
        if first.can_wait() {
            // A job that cannot wait ends this; so may one that came before, which does no harm.
            std::thread::park_timeout(pace.wait(Instant::now()));
        }
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
        if !group.is_empty() {
            pace.begin(Instant::now(), group.len());
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
    // A job that is sent while a receiver is dropped may stay in the channel, and its sender would wait
    // for an answer as long as there is a handle.
    inbox.close();
    while inbox.blocking_recv().is_some() {}
    if let Some(reply) = closing {
        let _ = reply.send(());
    }
}

#[cfg(test)]
mod tests;
