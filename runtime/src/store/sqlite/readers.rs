//! The threads that read, each with a read-only connection of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{OpenError, file, outage};
use crate::store::{Cause, StoreError};

/// Enough that a long page does not hold up the tails; reads are short and cached.
pub(super) const READERS: usize = 2;

/// Searches are not short, and wait for nobody but each other.
pub(super) const SEARCHERS: usize = 1;

/// Reads that may wait for one thread; whoever comes then waits for a place.
const JOBS: usize = 128;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The handle to the threads; they end when the last handle is gone.
#[derive(Clone)]
pub(super) struct Readers {
    threads: Arc<[mpsc::Sender<Job>]>,
    next: Arc<AtomicUsize>,
}

impl Readers {
    pub(super) fn start(file: &Path, threads: usize) -> Result<Self, OpenError> {
        let threads: Result<Vec<_>, _> = (0..threads).map(|number| start(file, number)).collect();
        Ok(Self { threads: threads?.into(), next: Arc::default() })
    }

    /// Runs `read` on one of the threads, inside a transaction, so that all it sees is of
    /// one moment.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    {
        let (reply, done) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let result =
                db.unchecked_transaction().map_err(Cause::from).and_then(|_moment| read(db));
            let _ = reply.send(result);
        });
        let thread = self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len();
        self.threads[thread].send(job).await.map_err(|_| StoreError::Closed)?;
        done.await.map_err(|_| StoreError::Closed)?.map_err(outage::of_read)
    }
}

fn start(path: &Path, number: usize) -> Result<mpsc::Sender<Job>, OpenError> {
    let db = file::open_to_read(path)?;
    let (jobs, mut inbox) = mpsc::channel::<Job>(JOBS);
    std::thread::Builder::new()
        .name(format!("store-reader-{number}"))
        .spawn(move || {
            while let Some(job) = inbox.blocking_recv() {
                job(&db);
            }
        })
        .map_err(|source| OpenError::Open { file: path.to_owned(), source: source.into() })?;
    Ok(jobs)
}
