//! Applies what the store has repaired after the runtime was opened.

use store::Repaired;

use super::Runtime;

/// Follows the store's repairs until there will be no more, or the runtime goes down.
pub(super) async fn follow(runtime: Runtime) {
    let shared = &runtime.inner.shared;
    loop {
        let repaired = tokio::select! {
            biased;
            () = shared.down.cancelled() => return,
            repaired = shared.store.repaired() => repaired,
        };
        match repaired {
            Some(Repaired::Worker(id)) => shared.unreadable.forget(id),
            Some(Repaired::Lookups) => interrupt_found(&runtime).await,
            None => return,
        }
        // The followers of the list read it again, because rows may have moved in it.
        shared.notifier.listing().forget();
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
