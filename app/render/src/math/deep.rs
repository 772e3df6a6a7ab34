//! Converts longer formulas on a thread with enough stack for the deepest of them.
//!
//! The converter recurses for each nested construct and offers no limit. Only the converter knows
//! which commands nest their arguments, so the depth of a formula cannot be computed without it.
//! Therefore all longer formulas of the process take turns on one thread; one takes less than a
//! millisecond. After a formula that may have used much of the stack, the thread hands the queue to
//! a new one and ends, which frees the memory.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use math_core::MathDisplay;

use super::mathml;

/// The stack that the longest formula may need, in bytes: some kilobytes for each of its bytes, and
/// many more in unoptimised builds. Unused stack takes no memory.
const STACK_BYTES: usize = 128 << 20;

/// The stack is freed after a formula with more than this many characters that may begin a nested
/// construct, because its depth may have been as large.
const DEEP: usize = 200;

/// The queue of formulas. Each caller waits for its own, so it is no longer than the number of
/// renderings.
static QUEUE: Mutex<Option<Sender<Formula>>> = Mutex::new(None);

struct Formula {
    latex: String,
    display: MathDisplay,
    reply: SyncSender<Option<String>>,
}

/// `None` for an invalid formula, or if the converter panicked or no thread could be started.
pub(super) fn convert(latex: &str, display: MathDisplay) -> Option<String> {
    let (reply, converted) = sync_channel(1);
    hand_over(Formula { latex: latex.to_owned(), display, reply })?;
    converted.recv().ok()?
}

/// Sends a formula to the thread, which is started if there is none.
fn hand_over(formula: Formula) -> Option<()> {
    let mut queue = QUEUE.lock().unwrap_or_else(PoisonError::into_inner);
    let formula = match queue.as_ref() {
        None => formula,
        Some(running) => match running.send(formula) {
            Ok(()) => return Some(()),
            // The thread ended and could not start its successor.
            Err(refused) => refused.0,
        },
    };
    start(&mut queue)?.send(formula).ok()
}

fn start(queue: &mut Option<Sender<Formula>>) -> Option<&Sender<Formula>> {
    let (sender, formulas) = channel();
    take_apart(formulas).ok()?;
    Some(queue.insert(sender))
}

/// Starts a thread that converts formulas.
fn take_apart(formulas: Receiver<Formula>) -> io::Result<()> {
    let apart = thread::Builder::new().name("formulas".to_owned()).stack_size(STACK_BYTES);
    apart.spawn(move || work(formulas)).map(drop)
}

fn work(formulas: Receiver<Formula>) {
    while let Ok(Formula { latex, display, reply }) = formulas.recv() {
        let converted = catch_unwind(AssertUnwindSafe(|| mathml(&latex, display)));
        let is_deep = openings(&latex) > DEEP;
        // This fails if the caller no longer waits.
        let _ = reply.send(converted.ok().flatten());
        if is_deep {
            // If no thread can be started, the next formula tries again.
            let _ = take_apart(formulas);
            return;
        }
    }
}

fn openings(latex: &str) -> usize {
    latex.bytes().filter(|byte| matches!(byte, b'{' | b'\\' | b'^' | b'_' | b'[')).count()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// How many threads of this process convert formulas (`/proc/self/task`, proc(5)).
    fn threads() -> usize {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.trim() == "formulas").count()
    }

    #[test]
    fn formulas_share_a_thread_and_the_stack_of_deep_ones_is_freed() {
        let deep = format!("{}x{}", "{".repeat(1_500), "}".repeat(1_500));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for n in 0..50 {
                        let latex = format!("\\frac{{a}}{{b}} + {}", n + 10);
                        let html = convert(&latex, MathDisplay::Inline).unwrap();
                        assert!(html.contains(&format!("<mn>{}</mn>", n + 10)), "{html}");
                        if n % 10 == 0 {
                            assert!(convert(&deep, MathDisplay::Block).is_some());
                        }
                    }
                });
            }
        });
        // The threads that converted deep formulas have ended, which freed their stacks.
        let begin = Instant::now();
        while threads() > 1 {
            assert!(begin.elapsed() < Duration::from_secs(20), "{}", threads());
            thread::yield_now();
        }
    }
}
