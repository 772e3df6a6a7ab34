//! The last moment of the process, when all that has an order is done.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tracing::warn;

/// How long threads that block may take to come back: one that renders a page, one that waits
/// for a file system. Nothing that has to last is in their hands, since the store has threads
/// of its own and is closed by now.
pub const THREADS: Duration = Duration::from_millis(500);

/// Ends the runtime. A thread that does not come back is left to end with the process: to drop
/// a runtime would wait for it for ever.
pub fn leave(threads: Runtime) {
    let begin = Instant::now();
    threads.shutdown_timeout(THREADS);
    // The runtime does not tell whether it gave up.
    if begin.elapsed() >= THREADS {
        warn!("a thread that renders or waits for a file did not come back and is left behind");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_never_comes_back_is_not_waited_for() {
        let threads = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (entered, inside) = std::sync::mpsc::channel();
        threads.spawn_blocking(move || {
            let _ = entered.send(());
            let _ = held.recv();
        });
        inside.recv().unwrap();
        // Returns at all, although what is blocked is released only afterwards.
        leave(threads);
        drop(release);
    }
}
