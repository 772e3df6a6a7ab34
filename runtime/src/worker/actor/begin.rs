//! Begins a committed turn, and asks its provider, once or again.

use model_io::outgoing::{Seam, is_blank};
use protocol::Turn;
use provider::{Recorded, Request};
use store::Branch;
use tokio_util::sync::CancellationToken;

use super::{Actor, Context, Input, Next, Outputs, Running, Timers};
use crate::providers::ResolvedModel;
use crate::turn::TurnMachine;
use crate::turn_places::TurnPlace;
use crate::worker::CONTEXT_BYTES;

/// A committed turn with the parts of its request that are not on the branch.
pub(super) struct Asking {
    pub(super) turn: Turn,
    pub(super) choice: ResolvedModel,
    pub(super) system: String,
    /// Whether the reasoning of earlier answers is sent, as the profile says.
    pub(super) send_reasoning: bool,
    /// The committed beginning of the answer; empty if the turn continues no answer.
    pub(super) begun: String,
    /// Held until the turn is over, and given back before anybody is told of that.
    pub(super) place: TurnPlace,
}

impl Actor<'_> {
    /// Starts the provider on a committed turn.
    pub(super) async fn begin(&mut self, asking: Asking) -> Next {
        let Turn { turn_id, question, answer, continues, started_at, .. } = asking.turn;
        // A continuing turn sends the branch up to the answer that it continues.
        let leaf = continues.unwrap_or(question);
        let branch = self.shared.store.branch(self.id, leaf, CONTEXT_BYTES).await;
        let (branch, failure) = match self.shared.heard(self.id, branch).await {
            Ok(branch) => (branch, None),
            Err(error) => (Branch::default(), Some(error)),
        };
        let (machine, effects) = TurnMachine::new(turn_id, answer, started_at, self.shared.limits);
        let machine = machine.behind(asking.begun.len() as u64);
        let halt = CancellationToken::new();
        let context = Context::new(branch, &asking.turn);
        let mut running = Running {
            asking,
            machine,
            outputs: None,
            _halts: halt.clone().drop_guard(),
            halt,
            timers: Timers::default(),
            context,
            seam: Seam::default(),
            adjusted: Vec::new(),
            progress: None,
            recorded: Recorded::default(),
            may_send: false,
            keeps: None,
            cancels: Vec::new(),
        };
        if failure.is_none() {
            running.ask();
        }
        self.running = Some(running);
        self.perform(effects);
        match failure {
            Some(error) => self.step(Input::Failed(error)).await,
            None => Next::GoOn,
        }
    }
}

impl Running {
    /// Asks the provider. Outputs of an earlier attempt are no longer read.
    pub(super) fn ask(&mut self) {
        let halt = CancellationToken::new();
        let Asking { turn, choice, system, send_reasoning, .. } = &self.asking;
        self.recorded = Recorded::default();
        let system = if is_blank(system) { String::new() } else { system.clone() };
        let request = Request {
            turn_id: turn.turn_id,
            model: turn.model.clone(),
            system,
            messages: self.context.messages(),
            sampling: turn.sampling,
            effort: turn.effort.clone(),
            send_reasoning: *send_reasoning,
            made: self.machine.adjusted().to_vec(),
            recorded: self.recorded.clone(),
        };
        self.outputs = Some(Outputs::new(choice.provider.generate(request, halt.clone())));
        self._halts = halt.clone().drop_guard();
        self.halt = halt;
    }
}
