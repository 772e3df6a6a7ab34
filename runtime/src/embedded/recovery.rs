//! What a crash left behind: turns without an end (invariant 1).

use protocol::{Event, EventBody, Timestamp, TurnState, View};

use crate::store::{Append, Durability, Store, StoreError, Stored};

/// Ends every unfinished turn as `interrupted`; its committed text stays.
pub(super) async fn interrupt_unfinished(
    store: &dyn Store,
    at: Timestamp,
) -> Result<(), StoreError> {
    for (id, turn_id) in store.unfinished().await? {
        let (Some(stored), Some(events)) =
            (store.worker(id).await?, store.turn(id, turn_id).await?)
        else {
            continue;
        };
        let Stored { mut worker, last_seq, .. } = stored;
        let before = events.first().map_or(0, |event| event.first_seq() - 1);
        let mut view = View::new(worker.clone(), before);
        for event in &events {
            view.apply(event);
        }
        let mut timings = view.turn(turn_id).map(|turn| turn.timings).unwrap_or_default();
        timings.total_ms = view.turn(turn_id).map(|turn| at.ms_since(turn.started_at));
        let end = Event {
            seq: last_seq + 1,
            first_seq: None,
            at,
            body: EventBody::TurnEnded {
                turn_id,
                state: TurnState::Interrupted,
                error: None,
                finish: None,
                usage: None,
                timings,
            },
        };
        worker.apply(&end);
        tracing::info!(worker = %id, turn = %turn_id, "a turn was interrupted; its text is kept");
        let append =
            Append { worker, events: vec![end], durability: Durability::Power, prompt: None };
        store.append(append).await?;
    }
    Ok(())
}
