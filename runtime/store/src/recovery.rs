//! Ends turns that no actor runs any more, because the process crashed or because their actor lost
//! its log (invariant 1).

use std::collections::{BTreeMap, HashSet};

use futures::{TryStreamExt as _, stream};
use protocol::{Event, EventBody, Timestamp, TurnId, TurnState, View, WorkerId};

use crate::{Append, Durability, Store, StoreError, Stored};

/// How many turns are ended concurrently, so that their commits share a sync.
const TOGETHER: usize = 64;

/// Ends every unfinished turn as `interrupted`; its committed text stays. Called at the start, when
/// no turn runs. A turn that cannot be ended is logged and left as it is, and does not keep the
/// others from being ended.
pub async fn interrupt_all(store: &dyn Store, at: Timestamp) -> Result<(), StoreError> {
    let mut turns = BTreeMap::<WorkerId, Vec<TurnId>>::new();
    for (id, turn_id) in store.unfinished().await? {
        turns.entry(id).or_default().push(turn_id);
    }
    let ends = stream::iter(turns.into_iter().map(Ok));
    let end = async |(id, turns): (WorkerId, Vec<TurnId>)| {
        for turn_id in turns {
            interrupt_if_it_can_be(store, id, turn_id, at).await?;
        }
        Ok(())
    };
    ends.try_for_each_concurrent(TOGETHER, end).await
}

/// Ends the unfinished turns of one worker, before its actor begins.
pub async fn interrupt_of(
    store: &dyn Store,
    worker: WorkerId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let unfinished = store.unfinished().await?;
    for (id, turn_id) in unfinished.into_iter().filter(|(id, _)| *id == worker) {
        interrupt(store, id, turn_id, at).await?;
    }
    Ok(())
}

/// Ends the unfinished turns of several workers, which were just imported.
pub async fn interrupt_among(
    store: &dyn Store,
    workers: &[WorkerId],
    at: Timestamp,
) -> Result<(), StoreError> {
    let workers: HashSet<_> = workers.iter().collect();
    let unfinished = store.unfinished().await?;
    for (id, turn_id) in unfinished.into_iter().filter(|(id, _)| workers.contains(id)) {
        interrupt_if_it_can_be(store, id, turn_id, at).await?;
    }
    Ok(())
}

/// Ends a turn, or logs why it cannot be ended. Fails only if the store as a whole fails.
async fn interrupt_if_it_can_be(
    store: &dyn Store,
    id: WorkerId,
    turn_id: TurnId,
    at: Timestamp,
) -> Result<(), StoreError> {
    match interrupt(store, id, turn_id, at).await {
        Err(
            error @ (StoreError::Damaged(_)
            | StoreError::Panicked
            | StoreError::Append(_)
            | StoreError::Moved { .. }),
        ) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, worker = %id, turn = %turn_id, "an unfinished turn cannot be interrupted");
            Ok(())
        }
        done => done,
    }
}

async fn interrupt(
    store: &dyn Store,
    id: WorkerId,
    turn_id: TurnId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(stored) = store.worker(id).await? else { return Ok(()) };
    let events = match store.turn(id, turn_id).await {
        Ok(Some(events)) => events,
        Ok(None) => return Ok(()),
        // Even a turn with unreadable events is ended, so that its worker takes messages again.
        Err(StoreError::Damaged(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    let Stored { mut worker, last_seq, .. } = stored;
    let before = events.first().map_or(0, |event| event.first_seq() - 1);
    let mut view = View::new(worker.clone(), before);
    for event in &events {
        view.apply(event);
    }
    // The log decides whether a turn has ended, and not the `turns` table, which may be wrong.
    if view.turn(turn_id).is_some_and(|turn| turn.state.is_final()) {
        tracing::warn!(worker = %id, turn = %turn_id, "a turn was listed as unfinished although its log ends it");
        return Ok(());
    }
    let mut timings = view.turn(turn_id).map(|turn| turn.timings).unwrap_or_default();
    timings.total_ms = view.turn(turn_id).map(|turn| at.ms_since(turn.started_at));
    let body = EventBody::TurnEnded {
        turn_id,
        state: TurnState::Interrupted,
        error: None,
        finish: None,
        usage: None,
        timings,
    };
    let end = Event { seq: last_seq + 1, first_seq: None, at, body };
    worker.apply(&end);
    tracing::info!(worker = %id, turn = %turn_id, "a turn was interrupted; its text is kept");
    let durability = Durability::Power;
    let (worker_id, summary) = (id, Some(worker));
    store.append(Append { worker_id, summary, events: vec![end], durability, prompt: None }).await
}
