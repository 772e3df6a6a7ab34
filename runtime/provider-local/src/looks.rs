//! File accesses with a timeout. An access may never return, for example on a network file system
//! whose server is away, and it cannot be cancelled. So it runs on a thread of its own, and the
//! caller stops waiting after a while.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most paths with an access that hangs and for which no caller waits any more. At this number,
/// no further access is started.
const HANGING: usize = 16;

/// The most concurrent accesses. Each has a thread, and several callers may access the same path
/// before it is known to hang.
const THREADS: usize = 64;

/// Runs file accesses, and remembers the paths whose accesses hang.
#[derive(Default)]
pub(crate) struct Looks {
    hanging: Arc<Mutex<HashSet<PathBuf>>>,
    threads: Arc<AtomicUsize>,
    #[cfg(test)]
    begun: AtomicUsize,
}

impl Looks {
    /// Runs `look` on a thread of its own and returns its result, or `None` if it has not returned
    /// by `until`, or panicked. While it hangs, further calls for the same path return `None` at
    /// once. Blocks the calling thread.
    pub(crate) fn at<T: Send + 'static>(
        &self,
        path: &Path,
        until: Instant,
        look: impl FnOnce(&Path) -> T + Send + 'static,
    ) -> Option<T> {
        {
            let hanging = lock(&self.hanging);
            if hanging.contains(path) || hanging.len() >= HANGING {
                return None;
            }
        }
        let counted = Counted::one_of(&self.threads)?;
        #[cfg(test)]
        self.begun.fetch_add(1, Ordering::Relaxed);
        let (reply, found) = sync_channel(1);
        let (hanging, at) = (Arc::clone(&self.hanging), path.to_owned());
        let looking = thread::Builder::new().name("file-look".to_owned()).spawn(move || {
            let _counted = counted;
            let result = catch_unwind(AssertUnwindSafe(|| look(&at)));
            // The reply is sent with the lock held, so that the caller, which looks for it once
            // more under the lock, either receives it or adds the path before it is removed here.
            let mut hanging = lock(&hanging);
            match result {
                Ok(result) => drop(reply.send(result)),
                Err(_panicked) => drop(reply),
            }
            hanging.remove(&at);
        });
        looking.ok()?;
        let patience = until.saturating_duration_since(Instant::now());
        match found.recv_timeout(patience) {
            Ok(result) => return Some(result),
            // `look` panicked, which the panic hook has logged.
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let mut hanging = lock(&self.hanging);
        match found.try_recv() {
            Ok(late) => Some(late),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                tracing::warn!(path = %path.display(), "the file system does not answer");
                hanging.insert(path.to_owned());
                None
            }
        }
    }
}

/// Counts one thread until it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn one_of(threads: &Arc<AtomicUsize>) -> Option<Self> {
        let counted = Self(threads.clone());
        (threads.fetch_add(1, Ordering::Relaxed) < THREADS).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The instant that is `patience` from now.
pub(crate) fn within(patience: Duration) -> Instant {
    Instant::now() + patience
}

fn lock(hanging: &Mutex<HashSet<PathBuf>>) -> MutexGuard<'_, HashSet<PathBuf>> {
    hanging.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Looks {
        /// How many accesses were begun.
        pub(in super::super) fn begun(&self) -> usize {
            self.begun.load(Ordering::Relaxed)
        }
    }

    use std::sync::mpsc::{Receiver, channel};

    const SHORT: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(20);

    /// Hangs until the sender is dropped.
    fn hangs(until: Receiver<()>) -> impl FnOnce(&Path) -> u8 + Send {
        move |_| {
            let _ = until.recv();
            1
        }
    }

    #[test]
    fn a_hanging_path_is_waited_for_only_once() {
        let looks = Looks::default();
        let (slow, fine) = (Path::new("/slow"), Path::new("/fine"));
        let (release, held) = channel();
        assert_eq!(looks.at(slow, within(SHORT), hangs(held)), None);
        // The path is not accessed again, so this returns at once.
        let again = looks.at(slow, within(LONG), |_| panic!("it is known to hang"));
        assert_eq!(again, None::<u8>);
        assert_eq!(looks.at(fine, within(LONG), |_| 2), Some(2));
        drop(release);
        // Once the hanging access has returned, the path is accessed again.
        let begin = Instant::now();
        while looks.at(slow, within(LONG), |_| 3) != Some(3) {
            assert!(begin.elapsed() < LONG);
            thread::yield_now();
        }
    }

    #[test]
    fn the_number_of_hanging_accesses_is_bounded() {
        let looks = Looks::default();
        let mut held = Vec::new();
        for number in 0..HANGING {
            let (release, until) = channel();
            held.push(release);
            let path = PathBuf::from(number.to_string());
            assert_eq!(looks.at(&path, within(Duration::ZERO), hangs(until)), None);
        }
        assert_eq!(looks.at(Path::new("fine"), within(LONG), |_| 1), None);
    }

    #[test]
    fn concurrent_accesses_of_one_path_are_bounded() {
        let looks = Looks::default();
        let (begun, begins) = channel();
        let held: Vec<_> = (0..2 * THREADS).map(|_| channel::<()>()).collect();
        thread::scope(|scope| {
            let mut releases = Vec::new();
            for (release, until) in held {
                releases.push(release);
                let (looks, begun) = (&looks, begun.clone());
                scope.spawn(move || {
                    looks.at(Path::new("/slow"), within(SHORT), move |_| {
                        let _ = begun.send(());
                        let _ = until.recv();
                    })
                });
            }
            drop(begun);
            // All callers have given up by now, but their accesses go on.
            thread::sleep(Duration::from_millis(50));
            drop(releases);
        });
        let count = begins.iter().count();
        assert!((1..=THREADS).contains(&count), "{count} began");
    }

    #[test]
    fn an_access_that_panics_returns_none_and_does_not_count_as_hanging() {
        let looks = Looks::default();
        let path = Path::new("/damaged");
        let panics = |_: &Path| -> u8 { std::panic::resume_unwind(Box::new("on purpose")) };
        assert_eq!(looks.at(path, within(LONG), panics), None);
        assert_eq!(looks.at(path, within(LONG), |_| 1), Some(1));
    }
}
