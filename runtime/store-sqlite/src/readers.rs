//! The threads that read, each with a read-only connection of its own. They take their jobs from
//! one queue, so that a long read keeps one thread busy and delays nobody else as long as another
//! thread is free.

use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use store::{Cause, StoreError};
use tokio::sync::{mpsc, oneshot};

use super::file_identity::FileIdentity;
use super::{OpenError, file, outage};

/// The fewest and the most threads for reads. There are several, so that reading a long page does not
/// delay the observers' reads, and as many as processors, because reads mostly find their pages in
/// memory. Each connection keeps up to 2 MB of the database.
const READERS: RangeInclusive<usize> = 2..=8;

/// The number of threads for searches, which take longer and must not delay other reads.
pub(crate) const SEARCHERS: usize = 1;

/// The number of threads that sum up what was used. They read more than searches, so that neither
/// waits for the other.
pub(crate) const SUMMERS: usize = 1;

/// The most reads that wait for a thread; further callers wait until there is room.
const JOBS: usize = 256;

/// The number of threads for reads on this machine.
pub(crate) fn readers() -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    processors.clamp(*READERS.start(), *READERS.end())
}

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
pub(crate) struct Readers {
    jobs: mpsc::Sender<Job>,
}

/// The receiving end of the queue. The thread that waits for the next job holds the lock, and
/// releases it before it runs the job.
type Queue = Arc<Mutex<mpsc::Receiver<Job>>>;

impl Readers {
    pub(crate) fn start(
        file: &Path,
        identity: &FileIdentity,
        threads: usize,
    ) -> Result<Self, OpenError> {
        let (jobs, queue) = mpsc::channel(JOBS);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            start(file, identity, number, queue.clone())?;
        }
        Ok(Self { jobs })
    }

    /// Runs `read` on one of the threads, inside a transaction, so that all it sees is of
    /// one moment.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
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
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        done.await.map_err(|_| StoreError::Closed)?
    }

    /// Checks that the database can be read.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        let look = |db: &Connection| {
            Ok(db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?)
        };
        self.read(look).await
    }
}

fn start(
    path: &Path,
    identity: &FileIdentity,
    number: usize,
    queue: Queue,
) -> Result<(), OpenError> {
    let mut db = file::open_to_read(path)?;
    let (file, identity) = (path.to_owned(), identity.clone());
    let next = move || queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
    thread::Builder::new()
        .name(format!("store-reader-{number}"))
        .spawn(move || {
            while let Some(job) = next() {
                if job(&db) == After::Panicked {
                    tracing::error!("a read panicked; its thread opens a new connection");
                    // If the database was replaced by another file, the old connection is kept: it
                    // still has the right file open.
                    if let (Ok(()), Ok(fresh)) = (identity.check(), file::open_to_read(&file)) {
                        db = fresh;
                    }
                }
            }
        })
        .map(drop)
        .map_err(|source| OpenError::Open { file: path.to_owned(), source: source.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;
    use rusqlite::StatementStatus;

    /// Two threads on an empty database, with its folder and the connection that writes.
    fn two_readers() -> (Readers, (tempfile::TempDir, Connection)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("companion.db");
        let writer = file::open(&file, &Schema::current()).unwrap().connection;
        let identity = FileIdentity::of(&file).unwrap();
        (Readers::start(&file, &identity, 2).unwrap(), (folder, writer))
    }

    #[tokio::test]
    async fn a_long_read_does_not_delay_other_reads() {
        let (readers, _database) = two_readers();
        let (begun, has_begun) = oneshot::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let long = readers.read(move |_| {
            begun.send(()).unwrap();
            ended.recv().unwrap();
            Ok(())
        });
        let others = async {
            has_begun.await.unwrap();
            for _ in 0..5 {
                readers.check().await.unwrap();
            }
            end.send(()).unwrap();
        };
        let (long, ()) = tokio::join!(long, others);
        long.unwrap();
    }

    /// The index `events_that_begin_messages` holds only some kinds. SQLite would look at each bound
    /// value anew to decide whether it may use the index.
    #[tokio::test]
    async fn a_statement_is_prepared_once() {
        let (readers, _database) = two_readers();
        let prepared_again = readers.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT seq FROM events WHERE worker = ? AND seq < ?
                 AND kind IN ('message_committed', 'turn_accepted')
                 ORDER BY seq DESC LIMIT ?",
            )?;
            for worker in 0..3 {
                statement.exists([worker, 100 + worker, 50 + worker])?;
            }
            Ok(statement.get_status(StatementStatus::RePrepare))
        });
        assert_eq!(prepared_again.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_panic_in_a_read_does_not_affect_later_reads() {
        let (readers, _database) = two_readers();
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
    }
}
