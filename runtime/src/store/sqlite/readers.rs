//! The threads that read, each with a read-only connection of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::place::Place;
use super::{OpenError, file, outage};
use crate::store::{Cause, StoreError};

/// Threads for reads. Several, so that reading a long page does not delay the observers' reads.
pub(super) const READERS: usize = 2;

/// Threads for searches, which take longer and must not delay other reads.
pub(super) const SEARCHERS: usize = 1;

/// Reads that may wait for one thread; further callers wait until there is room.
const JOBS: usize = 128;

type Job = Box<dyn FnOnce(&Connection) -> After + Send>;

/// The state of a thread's connection after a job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Sound,
    /// The job panicked, so the connection is replaced.
    Panicked,
}

/// The handle to the threads; they end when the last handle is gone.
#[derive(Clone)]
pub(super) struct Readers {
    threads: Arc<[mpsc::Sender<Job>]>,
    next: Arc<AtomicUsize>,
}

impl Readers {
    pub(super) fn start(file: &Path, place: &Place, threads: usize) -> Result<Self, OpenError> {
        let threads: Result<Vec<_>, _> =
            (0..threads).map(|number| start(file, place, number)).collect();
        Ok(Self { threads: threads?.into(), next: Arc::default() })
    }

    /// Runs `read` on one of the threads, inside a transaction, so that all it sees is of
    /// one moment.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    {
        let thread = self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len();
        self.on(thread, read).await
    }

    /// Checks that each thread can read. Errors with the first failure.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        for thread in 0..self.threads.len() {
            let look = |db: &Connection| {
                Ok(db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?)
            };
            self.on(thread, look).await?;
        }
        Ok(())
    }

    async fn on<T, F>(&self, thread: usize, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    {
        let (reply, done) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let moment = || db.unchecked_transaction().map_err(Cause::from);
            // Unwinding ends the transaction, and the thread then opens a new connection.
            let run = AssertUnwindSafe(|| moment().and_then(|_moment| read(db)));
            let (result, after) = match catch_unwind(run) {
                Ok(result) => (result.map_err(outage::of_read), After::Sound),
                Err(_) => (Err(StoreError::Panicked), After::Panicked),
            };
            let _ = reply.send(result);
            after
        });
        self.threads[thread].send(job).await.map_err(|_| StoreError::Closed)?;
        done.await.map_err(|_| StoreError::Closed)?
    }
}

fn start(path: &Path, place: &Place, number: usize) -> Result<mpsc::Sender<Job>, OpenError> {
    let mut db = file::open_to_read(path)?;
    let (file, place) = (path.to_owned(), place.clone());
    let (jobs, mut inbox) = mpsc::channel::<Job>(JOBS);
    std::thread::Builder::new()
        .name(format!("store-reader-{number}"))
        .spawn(move || {
            while let Some(job) = inbox.blocking_recv() {
                if job(&db) == After::Panicked {
                    tracing::error!("a read panicked; its thread goes on with a new connection");
                    // If the database was replaced by another file, the old connection is kept: it
                    // still has the right file open.
                    if let (Ok(()), Ok(fresh)) = (place.check(), file::open_to_read(&file)) {
                        db = fresh;
                    }
                }
            }
        })
        .map_err(|source| OpenError::Open { file: path.to_owned(), source: source.into() })?;
    Ok(jobs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema::Schema;

    #[tokio::test]
    async fn after_a_read_that_panics_the_next_reads_work() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("companion.db");
        let writer = file::open(&file, &Schema::current()).unwrap();
        let place = Place::of(&file).unwrap();
        let readers = Readers::start(&file, &place, 2).unwrap();
        for _ in 0..5 {
            let failed = readers.read::<(), _>(|_| panic!("of a test")).await;
            assert!(matches!(failed, Err(StoreError::Panicked)), "{failed:?}");
        }
        readers.check().await.unwrap();
        // Each thread can begin a transaction: none was left open by the panics.
        for _ in 0..2 {
            let autocommit = readers.read(|db| Ok(db.is_autocommit())).await;
            assert!(matches!(autocommit, Ok(false)), "a read has one transaction of its own");
        }
        drop(writer);
    }
}
