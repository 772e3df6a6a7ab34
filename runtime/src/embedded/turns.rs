//! A turn looked up, and exactly what its model was sent (invariant 8).

use protocol::api::TurnInput;
use protocol::{Error, ErrorCode, Turn, TurnId, View, WorkerId};

use crate::worker::{CONTEXT_BYTES, Context, Shared};
use crate::{fault, outgoing};

pub(super) async fn turn(shared: &Shared, id: WorkerId, turn: TurnId) -> Result<Turn, Error> {
    let stored = shared.heard(id, shared.store.worker(id).await).await?;
    let stored = stored.ok_or_else(fault::no_worker)?;
    let events = shared.heard(id, shared.store.turn(id, turn).await).await?;
    let events = events.ok_or_else(no_turn)?;
    let before = events.first().map_or(0, |event| event.first_seq() - 1);
    let mut view = View::new(stored.worker, before);
    for event in &events {
        view.apply(event);
    }
    view.turn(turn).cloned().ok_or_else(no_turn)
}

/// The system prompt by its digest and the committed messages in the turn's sight, with the
/// answer that it goes on from where it continues one, in the form in which they were sent:
/// nothing is kept twice, and nothing that is in it can have changed since.
pub(super) async fn input(shared: &Shared, id: WorkerId, turn: TurnId) -> Result<TurnInput, Error> {
    let turn = self::turn(shared, id, turn).await?;
    if turn.provider.is_imported() {
        return Err(not_known());
    }
    let sight = turn.sight.unwrap_or_default();
    let first = sight.first.ok_or_else(nothing_sent)?;
    let system = shared.store.prompt(&turn.prompt_digest).await.map_err(fault::from_store)?;
    let leaf = turn.continues.unwrap_or(turn.question);
    let branch = shared.store.branch(id, leaf, CONTEXT_BYTES).await;
    let branch = shared.heard(id, branch).await?;
    let seen = Context::new(branch).since(first);
    let adjustments = sight.adjustments;
    Ok(TurnInput {
        model: turn.model,
        messages: outgoing::messages(&system.unwrap_or_default(), &seen, &adjustments),
        sampling: outgoing::sampling(turn.sampling, &adjustments),
        adjustments,
    })
}

fn no_turn() -> Error {
    Error::new(ErrorCode::NotFound, "There is no such turn in this conversation.")
}

fn nothing_sent() -> Error {
    Error::new(ErrorCode::NotFound, "Nothing was sent to a model in this turn.")
        .with_hint("It ended before the provider began.")
}

fn not_known() -> Error {
    Error::new(ErrorCode::NotFound, "Nobody here knows what the model of this turn was sent.")
        .with_hint("The turn was imported from another program's export.")
}
