//! Ends the process's threads, after everything else was shut down in order.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tracing::warn;

/// How long blocking threads may take to finish, such as one that renders a page or waits for a
/// file system. They hold nothing that has to be kept: the store has threads of its own, and is
/// closed by now.
pub const THREADS: Duration = Duration::from_millis(500);

/// Ends the async runtime, and waits for blocking threads for at most [`THREADS`]. A thread that
/// takes longer ends with the process; dropping the runtime would wait for it without a limit.
pub fn leave(threads: Runtime) {
    let begin = Instant::now();
    threads.shutdown_timeout(THREADS);
    // tokio does not tell whether all threads have finished.
    if begin.elapsed() >= THREADS {
        warn!("a thread that renders or waits for a file did not end and is left behind");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_thread_is_not_waited_for() {
        let threads = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (entered, inside) = std::sync::mpsc::channel();
        threads.spawn_blocking(move || {
            let _ = entered.send(());
            let _ = held.recv();
        });
        inside.recv().unwrap();
        // This returns although the blocked thread is released only afterwards.
        leave(threads);
        drop(release);
    }
}
