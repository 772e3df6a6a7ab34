//! The threads that were started before the walls, and are therefore outside of them.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long threads that have done their work may take to end.
const ENDING: Duration = Duration::from_millis(200);

/// Checks that this thread is the only one. Reading the configuration starts threads that look at
/// folders; one that looks at a disk which does not answer is still there. Describes what is wrong.
pub(super) fn check_single() -> Result<(), String> {
    let begin = Instant::now();
    loop {
        match std::fs::read_dir("/proc/self/task").map(Iterator::count) {
            Ok(1) => return Ok(()),
            Ok(count) if begin.elapsed() > ENDING => {
                return Err(format!("{} threads wait for a disk outside of them", count - 1));
            }
            Ok(_) => sleep(Duration::from_millis(1)),
            Err(error) => return Err(format!("the threads cannot be counted: {error}")),
        }
    }
}
