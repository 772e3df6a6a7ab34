//! Restarts an actor until it ends normally.
//!
//! An actor that panics, or that finds its log to differ from its copy, may leave an unfinished
//! turn. The observers of that turn would wait forever, so the worker is loaded again at once,
//! which interrupts the turn. The inbox survives the restart, so two actors never work on one log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use protocol::{Error, WorkerId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Shared;
use super::actor::{Actor, Ended};
use super::command::Command;
use super::deletion::delete;
use crate::fault;

/// The pause after the first failure. It doubles with each further failure in a row, up to
/// [`LONGEST`], because the cause may last.
const AGAIN: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

/// How long an actor has to run for the count of failures to start again.
const SETTLED: Duration = Duration::from_secs(60);

/// Runs a worker's actors, one after another. Requests that none of them took are dropped, and
/// their senders try again.
pub(crate) async fn supervise(
    shared: Arc<Shared>,
    id: WorkerId,
    mut inbox: mpsc::Receiver<Command>,
) {
    let (mut owes, mut failures, mut first) = (false, 0, None);
    loop {
        let began = Instant::now();
        // Unwind safety: a panicking actor's state is dropped with it, and shared locks are held
        // for a map access only.
        let run = Actor::run(&shared, id, &mut inbox, first.take());
        match AssertUnwindSafe(run).catch_unwind().await {
            Ok(Ended::Left) => return,
            Ok(Ended::Unloaded { error, unreadable, asked }) => {
                if refuse_all(&shared, id, &mut inbox, asked, &error).await == Gone::Yes {
                    return;
                }
                // A turn cannot be ended while its log cannot be read. Its observers were told so,
                // and the next request tries again.
                if unreadable || !owes {
                    return;
                }
            }
            Ok(Ended::Lost) => owes = true,
            Err(_) => {
                tracing::error!(worker = %id, "a worker's task panicked; it is loaded anew");
                owes = true;
            }
        }
        failures = if began.elapsed() > SETTLED { 1 } else { failures + 1 };
        let pause = pause_after(failures);
        if failures > 1 {
            let pause_ms = pause.as_millis();
            tracing::warn!(worker = %id, failures, pause_ms, "a worker cannot be loaded; it is tried again");
        }
        tokio::select! {
            biased;
            () = shared.down.cancelled() => return,
            // A new request does not wait for the pause.
            command = inbox.recv() => match command {
                Some(command) => first = Some(command),
                None => tokio::time::sleep(pause).await,
            },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn pause_after(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    AGAIN.saturating_mul(doubled).min(LONGEST)
}

/// Whether the worker was deleted.
#[derive(PartialEq)]
enum Gone {
    Yes,
    No,
}

/// Answers all waiting requests for a worker that cannot be loaded. A deletion reads nothing of the
/// log, so it is carried out.
async fn refuse_all(
    shared: &Shared,
    id: WorkerId,
    inbox: &mut mpsc::Receiver<Command>,
    asked: Option<Command>,
    error: &Error,
) -> Gone {
    let waiting = std::iter::from_fn(|| inbox.try_recv().ok());
    let mut gone = Gone::No;
    for command in asked.into_iter().chain(waiting).collect::<Vec<_>>() {
        match command {
            Command::Delete { deletion, reply } if gone == Gone::No => {
                let deleted = delete(shared, id, deletion).await;
                if deleted.is_ok() {
                    gone = Gone::Yes;
                }
                let _ = reply.send(deleted);
            }
            command if gone == Gone::Yes => command.refuse(&fault::no_worker()),
            command => command.refuse(error),
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_in_a_row_doubles_the_pause_up_to_a_bound() {
        let pauses: Vec<_> = (1..=9).map(|n| pause_after(n).as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000]);
        assert_eq!(pause_after(u32::MAX), LONGEST);
    }
}
