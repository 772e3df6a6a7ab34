//! Several answers to one message, which run one after the other, because at most one turn of a worker
//! runs (invariant 4).
//!
//! The next turn is accepted in the commit that ends the one before, so that nobody ever finds the
//! worker idle between them. The plan itself is in memory only: a stop drops it, and after a crash
//! nothing begins by itself.

use std::collections::VecDeque;

use protocol::api::{AnswerWith, Cancelled};
use protocol::{Error, ErrorCode, EventBody, Timestamp, Together, Turn, limits};

use super::begin::Asking;
use super::{Actor, Closing, Input, Next, Reply};
use crate::ids;
use crate::providers::ResolvedModel;
use crate::turn::Effect;
use crate::turn_places::TurnPlace;
use crate::worker::budget::Budget;

/// Errors with `invalid_input` if more answers are asked for at once than there may be.
pub(super) fn check_count(also: &[AnswerWith]) -> Result<(), Error> {
    if also.len() < limits::ANSWERS_AT_ONCE {
        return Ok(());
    }
    let message = format!("At most {} answers can be asked for at once.", limits::ANSWERS_AT_ONCE);
    Err(Error::new(ErrorCode::InvalidInput, message).with_hint("Ask for the others afterwards."))
}

/// The turns that are to follow `first`, which learns its place among them.
pub(super) fn plan(first: &mut Asking, further: Vec<(ResolvedModel, Budget)>) -> VecDeque<Asking> {
    if further.is_empty() {
        return VecDeque::new();
    }
    let count = u32::try_from(further.len() + 1).unwrap_or(u32::MAX);
    let place = |number| Some(Together { first: first.turn.turn_id, number, count });
    let planned = (2..).zip(further).map(|(number, (choice, Budget { effort, sampling }))| {
        let turn = Turn {
            continues: None,
            together: place(number),
            provider: choice.provider.name(),
            model: choice.model.clone(),
            effort,
            sampling,
            ..first.turn.clone()
        };
        let (system, send_reasoning) = (first.system.clone(), first.send_reasoning);
        Asking { turn, choice, system, send_reasoning, begun: String::new(), place: None }
    });
    let planned = planned.collect();
    first.turn.together = place(1);
    planned
}

impl Asking {
    /// The planned turn as it is accepted at a time.
    fn accepted(mut self, now: Timestamp, place: TurnPlace) -> Self {
        self.turn.turn_id = ids::turn_id(now);
        self.turn.answer = ids::message_id(now);
        self.turn.started_at = now;
        self.place = place;
        self
    }
}

impl Actor<'_> {
    /// Drops the turns that have not been accepted. The running one goes on.
    pub(super) fn drop_plan(&mut self) {
        self.planned.clear();
    }

    /// Accepts the next planned turn if `effects` end the running one, and gives it the place of that.
    /// Returns the event, to be committed after theirs.
    pub(super) fn accept_next(&mut self, now: Timestamp, effects: &[Effect]) -> Option<EventBody> {
        let ends = |effect: &Effect| matches!(effect, Effect::Commit(EventBody::TurnEnded { .. }));
        if !effects.iter().any(ends) {
            return None;
        }
        let place = self.running.as_mut().and_then(|running| running.asking.place.take());
        // Without a next turn the place is given back here, before anybody is told of the end.
        let next = self.planned.pop_front()?.accepted(now, place);
        let turn = Box::new(next.turn.clone());
        self.head = Some(turn.answer);
        self.next = Some(next);
        Some(EventBody::TurnAccepted { turn })
    }

    /// Begins a turn that was accepted with the end of the one before. Requests to stop, close or delete
    /// that arrived before that was committed end this turn, too, and are answered after it.
    pub(super) async fn begin_next(
        &mut self,
        next: Asking,
        cancels: Vec<Reply<Cancelled>>,
    ) -> Next {
        let went_on = self.begin(next).await;
        let leaves = self.closing.iter().any(|closing| matches!(closing, Closing::Leave));
        if cancels.is_empty() && self.closing.is_empty() {
            return went_on;
        }
        match &mut self.running {
            Some(running) => running.cancels.extend(cancels),
            None => return went_on,
        }
        self.step(if leaves { Input::Shutdown } else { Input::Cancel }).await
    }
}
