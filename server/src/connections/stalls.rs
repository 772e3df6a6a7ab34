//! Finds the answers of an HTTP/2 connection that their reader does not take.
//!
//! Over HTTP/1.1 a reader that stops reading shows in the socket, to which nothing can be written
//! any more ([`super::unstalled`]). Over HTTP/2 each answer has a window of its own: when that is
//! used up, hyper takes no further piece of the answer, and nothing is written at all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// In the place of a time: hyper has sent all that it got.
const NOTHING: u64 = u64::MAX;

/// The answers of one connection.
#[derive(Debug)]
pub(super) struct Stalls {
    begin: Instant,
    /// When hyper got the piece that it has not sent yet, in milliseconds since `begin`, for each
    /// answer.
    since: Mutex<Vec<Arc<AtomicU64>>>,
}

/// One answer, until it is dropped.
#[derive(Debug)]
pub(super) struct Reader {
    stalls: Arc<Stalls>,
    since: Arc<AtomicU64>,
}

impl Stalls {
    pub(super) fn new() -> Self {
        Self { begin: Instant::now(), since: Mutex::new(Vec::new()) }
    }

    /// Adds an answer.
    pub(super) fn reader(self: &Arc<Self>) -> Reader {
        let since = Arc::new(AtomicU64::new(NOTHING));
        self.all().push(since.clone());
        Reader { stalls: self.clone(), since }
    }

    /// For how long the slowest reader has not made room for the next piece.
    pub(super) fn longest(&self) -> Duration {
        let since = self.all().iter().map(|since| since.load(Ordering::Relaxed)).min();
        let since = since.filter(|since| *since != NOTHING);
        since.map_or(Duration::ZERO, |since| {
            self.begin.elapsed().saturating_sub(Duration::from_millis(since))
        })
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<AtomicU64>>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Reports that hyper got a piece, which it sends as soon as the reader makes room.
    pub(super) fn given(&self) {
        let now = self.stalls.begin.elapsed().as_millis();
        self.since.store(u64::try_from(now).unwrap_or(NOTHING), Ordering::Relaxed);
    }

    /// Reports that hyper asks for the next piece, so it has sent the one before.
    pub(super) fn asked(&self) {
        self.since.store(NOTHING, Ordering::Relaxed);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stalls.all().retain(|since| !Arc::ptr_eq(since, &self.since));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_slowest_reader_counts_until_it_reads_or_leaves() {
        let stalls = Arc::new(Stalls::new());
        assert_eq!(stalls.longest(), Duration::ZERO);
        let (one, two) = (stalls.reader(), stalls.reader());
        one.given();
        tokio::time::advance(Duration::from_secs(2)).await;
        two.given();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(stalls.longest(), Duration::from_secs(5));
        one.asked();
        assert_eq!(stalls.longest(), Duration::from_secs(3));
        drop(two);
        assert_eq!(stalls.longest(), Duration::ZERO);
    }
}
