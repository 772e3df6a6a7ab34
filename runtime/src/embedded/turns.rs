//! Rebuilds exactly what was sent to the model in a turn (invariant 8).

use model_io::{outgoing, rendered};
use protocol::api::{InputMessage, InputRole, TurnInput};
use protocol::{Error, ErrorCode, TurnId, TurnState, WorkerId};

use crate::fault;
use crate::worker::{CONTEXT_BYTES, Context, Shared};

/// The input is rebuilt from the log and not stored a second time: the system prompt by its digest,
/// the committed messages that the turn's context window records, and the answer that a continuing
/// turn goes on from. None of these can have changed since.
pub(super) async fn input(shared: &Shared, id: WorkerId, turn: TurnId) -> Result<TurnInput, Error> {
    let turn = shared.turn(id, turn).await?;
    if turn.edits.is_some() {
        return Err(edited());
    }
    if turn.provider.is_imported() {
        return Err(not_known());
    }
    let sight = turn.sight.clone().unwrap_or_default();
    let first = sight.first.ok_or_else(|| without_record(turn.state))?;
    let system = shared.store.prompt(&turn.prompt_digest).await.map_err(fault::from_store)?;
    let leaf = turn.continues.unwrap_or(turn.question);
    let branch = shared.store.branch(id, leaf, CONTEXT_BYTES).await;
    let branch = shared.heard(id, branch).await?;
    let seen = Context::new(branch, &turn).since(first);
    let adjustments = sight.adjustments;
    let system = system.unwrap_or_default();
    let messages = outgoing::messages(&system, &seen, &adjustments, sight.reasoning);
    let kept = match sight.rendered.as_ref().or(sight.request.as_ref()) {
        None => None,
        Some(digest) => shared.store.prompt(digest).await.map_err(fault::from_store)?,
    };
    let (rendered, request) = if sight.rendered.is_some() { (kept, None) } else { (None, kept) };
    let request =
        request.and_then(|kept| shared.providers.sent_request(&kept, &messages, sight.reasoning));
    let shown = [InputMessage::new(InputRole::System, system)];
    let shown = shown.into_iter().filter(|system| !outgoing::is_blank(&system.text));
    let shown: Vec<_> = shown.chain(seen.iter().cloned()).collect();
    Ok(TurnInput {
        model: turn.model,
        messages,
        sampling: turn.sampling,
        effort: turn.effort,
        with_reasoning: sight.reasoning,
        rendered: rendered.and_then(|kept| rendered::expand(&kept, &shown)),
        adjustments,
        unsent: turn.unsent,
        request,
    })
}

/// The error for a turn whose request is not in the log.
fn without_record(state: TurnState) -> Error {
    // Versions before the record of requests wrote turns that a model answered all the same.
    if state == TurnState::Completed { not_recorded() } else { nothing_sent() }
}

fn not_recorded() -> Error {
    Error::new(ErrorCode::NotFound, "What the model of this turn was sent is not recorded.")
        .with_hint("An older version of Companion made this turn.")
}

fn nothing_sent() -> Error {
    Error::new(ErrorCode::NotFound, "Nothing was sent to a model in this turn.")
        .with_hint("It ended before a request was on its way.")
}

fn edited() -> Error {
    Error::new(ErrorCode::NotFound, "You wrote this answer yourself, so no model was asked for it.")
        .with_hint("The other versions of the answer show what their models were sent.")
}

fn not_known() -> Error {
    Error::new(ErrorCode::NotFound, "Nobody here knows what the model of this turn was sent.")
        .with_hint("The turn was imported from another program's export.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fixtures of the first two schemas have such turns.
    #[test]
    fn a_missing_record_is_distinguished_from_a_missing_request() {
        assert_eq!(without_record(TurnState::Completed), not_recorded());
        assert_eq!(without_record(TurnState::Failed), nothing_sent());
    }
}
