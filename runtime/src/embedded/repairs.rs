//! Applies what the store has repaired after the runtime was opened.

use std::time::Duration;

use store::Repaired;

use super::Runtime;

/// Longer than a read takes that began before a repair.
const READS_END: Duration = Duration::from_secs(2);

/// Follows the store's repairs until there will be no more, or the runtime goes down.
pub(super) async fn follow(runtime: Runtime) {
    let shared = &runtime.inner.shared;
    // A read that began before a repair may still note its worker as unreadable, so workers are
    // forgotten twice.
    let (mut repaired, mut is_over, mut are_lookups) = (Vec::new(), false, false);
    while !is_over || !repaired.is_empty() {
        tokio::select! {
            biased;
            () = shared.down.cancelled() => return,
            next = shared.store.repaired(), if !is_over => match next {
                Some(Repaired::Worker(id)) => {
                    shared.unreadable.forget(id);
                    repaired.push(id);
                }
                Some(Repaired::Lookups) => are_lookups = true,
                None => {
                    is_over = true;
                    // Only now, because rows are repaired after the indexes, and a turn of a worker
                    // that cannot be read cannot be interrupted.
                    if !are_lookups {
                        continue;
                    }
                    interrupt_found(&runtime).await;
                }
            },
            () = tokio::time::sleep(READS_END), if !repaired.is_empty() => {
                for id in repaired.drain(..) {
                    shared.unreadable.forget(id);
                }
            }
        }
        // The followers of the list read it again, because rows may have moved in it.
        shared.notifier.lists().forget();
    }
}

/// Ends the turns that were running at a crash and that the start could not find. An actor that is
/// loaded does this; a turn that is running now has an actor, which goes on.
async fn interrupt_found(runtime: &Runtime) {
    let found = match runtime.store().unfinished().await {
        Ok(found) => found,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            return tracing::warn!(error, "unfinished turns are not looked for");
        }
    };
    for (id, turn) in found {
        if let Err(error) = runtime.refresh(id).await {
            tracing::warn!(worker = %id, %turn, %error, "an unfinished turn cannot be interrupted");
        }
    }
}
