//! Keeps an actor running until it leaves of its own accord.
//!
//! An actor that panics, or that finds its log to be another than it took it for, may leave a
//! turn unfinished that nobody runs any more. Whoever follows that turn would wait for ever,
//! so the worker is loaded anew at once, which interrupts it. The inbox is kept meanwhile:
//! there are never two actors at work on one log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use protocol::WorkerId;
use tokio::sync::mpsc;

use super::Shared;
use super::actor::{Actor, Ended};
use super::command::Command;

/// How long after a failure the worker is loaded anew.
const AGAIN: Duration = Duration::from_millis(200);

/// Runs a worker's actors, one after another. Requests that none of them took are dropped, and
/// their askers ask again.
pub(crate) async fn keep(shared: Arc<Shared>, id: WorkerId, mut inbox: mpsc::Receiver<Command>) {
    let mut owes = false;
    loop {
        // What a panic leaves behind is the actor's own and goes with it; locks that others
        // share are held for a map access only.
        let run = AssertUnwindSafe(Actor::run(&shared, id, &mut inbox)).catch_unwind().await;
        match run {
            Ok(Ended::Left) => return,
            Ok(Ended::Unloaded(error)) => {
                while let Ok(command) = inbox.try_recv() {
                    command.refuse(&error);
                }
                if !owes {
                    return;
                }
            }
            Ok(Ended::Lost) => owes = true,
            Err(_) => {
                tracing::error!(worker = %id, "a worker's task panicked; it is loaded anew");
                owes = true;
            }
        }
        tokio::select! {
            () = shared.down.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}
