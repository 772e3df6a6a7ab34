//! The turn: a pure state machine from inputs to effects.
//!
//! It decides what is committed, which timers run and when the provider is halted. It knows no
//! task, clock, store or provider; the worker's actor performs the effects.

use protocol::{
    Adjustment, ContextWindow, Error, ErrorCode, EventBody, Finish, MessageId, TimeoutPhase,
    Timestamp, Timings, TurnId, TurnState, Usage,
};

mod frame;
mod input;
mod limits;
mod retry;

pub use input::{Effect, Input, Timer};
pub use limits::TurnLimits;
pub use retry::RetryLimits;

use frame::{Frame, Part, Written};
use limits::{HALT_MS, timeout, unresponsive};

/// One turn from its acceptance to its end.
#[derive(Clone, Debug)]
pub struct TurnMachine {
    turn_id: TurnId,
    answer: MessageId,
    accepted_at: Timestamp,
    limits: TurnLimits,
    phase: Phase,
    timings: Timings,
    /// The number of failed attempts.
    failed: u32,
    /// The adjustments after refused attempts, which do not count as failures.
    adjusted: Vec<Adjustment>,
    /// Bytes of the answer's text that were there before the model was asked.
    begun: u64,
    written: Written,
    /// Pieces that wait for the frame timer.
    frame: Frame,
    framing: bool,
    /// Whether this attempt has produced text or reasoning.
    spoke: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Accepted,
    Generating,
    /// Between two attempts: no provider is at work.
    Pausing,
    /// The provider was asked to halt; when it has, the turn ends in this state.
    Halting(TurnState, Option<Error>),
    Over,
}

impl TurnMachine {
    /// Begins a turn that was just accepted. The effects arm its timers.
    pub fn new(
        turn_id: TurnId,
        answer: MessageId,
        accepted_at: Timestamp,
        limits: TurnLimits,
    ) -> (Self, Vec<Effect>) {
        let machine = Self {
            turn_id,
            answer,
            accepted_at,
            limits,
            phase: Phase::Accepted,
            timings: Timings::default(),
            failed: 0,
            adjusted: Vec::new(),
            begun: 0,
            written: Written::default(),
            frame: Frame::default(),
            framing: false,
            spoke: false,
        };
        let effects = vec![
            Effect::Arm(Timer::Turn, limits.turn_ms),
            Effect::Arm(Timer::FirstToken, limits.first_token_ms),
        ];
        (machine, effects)
    }

    /// Makes the answer continue after `bytes` bytes of text that are already committed.
    pub fn behind(self, bytes: u64) -> Self {
        let written = Written { text: bytes, ..self.written };
        Self { begun: bytes, written, ..self }
    }

    /// The adjustments that were made to the request, because the model's endpoint refused earlier
    /// ones.
    pub fn adjusted(&self) -> &[Adjustment] {
        &self.adjusted
    }

    /// Whether the turn has ended.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Handles one input. After the end, and for late text after a halt, there are no effects.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        match (&self.phase, input) {
            (Phase::Over, _) => Vec::new(),
            (Phase::Accepted, Input::Waiting { ahead }) => self.waiting(ahead),
            (Phase::Accepted, Input::Loading) => self.loading(),
            (Phase::Accepted, Input::Asking { sight, model }) => self.asking(sight, model),
            (Phase::Accepted, Input::Began) => self.began(now),
            (Phase::Generating, Input::Text(text)) => self.came(now, Part::Text, &text),
            (Phase::Generating, Input::Reasoning(text)) => self.came(now, Part::Reasoning, &text),
            (Phase::Generating, Input::TextWasReasoning) => self.text_was_reasoning(now),
            (Phase::Accepted | Phase::Generating, Input::Alive) => vec![self.alive()],
            (Phase::Generating, Input::Elapsed(Timer::Frame)) => self.frame_due(now),
            (Phase::Generating, Input::Finished { finish, usage }) => {
                self.end(now, TurnState::Completed, None, Some(finish), usage)
            }
            (Phase::Halting(state, error), Input::Finished { usage, .. }) => {
                let (state, error) = (*state, error.clone());
                self.end(now, state, error, None, usage)
            }
            (
                Phase::Halting(state, error),
                Input::Failed(_) | Input::Refused { .. } | Input::Halted,
            ) => {
                let (state, error) = (*state, error.clone());
                self.end(now, state, error, None, None)
            }
            (Phase::Halting(..), Input::Elapsed(Timer::Halt)) => {
                self.end(now, TurnState::Failed, Some(unresponsive()), None, None)
            }
            // Once a turn is halting, another cause does not change how it ends.
            (Phase::Halting(..), _) => Vec::new(),
            (Phase::Pausing, Input::Elapsed(Timer::Retry)) => self.ask_again(),
            (Phase::Pausing, Input::Cancel) => {
                self.end(now, TurnState::Cancelled, None, None, None)
            }
            (Phase::Pausing, Input::Shutdown) => {
                self.end(now, TurnState::Interrupted, None, None, None)
            }
            (Phase::Pausing, Input::Elapsed(Timer::Turn)) => {
                let error = timeout(TimeoutPhase::Turn, &self.limits);
                self.end(now, TurnState::TimedOut, Some(error), None, None)
            }
            // The earlier attempt is over, so its late outputs are ignored.
            (Phase::Pausing, _) => Vec::new(),
            (_, Input::Failed(error)) => self.failed(now, error),
            (_, Input::Refused { error, adjustment }) => self.refused(now, error, adjustment),
            (_, Input::Cancel) => self.halt(now, TurnState::Cancelled, None),
            (_, Input::Shutdown) => self.halt(now, TurnState::Interrupted, None),
            (_, Input::Elapsed(Timer::FirstToken)) => self.late(now, TimeoutPhase::FirstToken),
            (_, Input::Elapsed(Timer::Stall)) => self.late(now, TimeoutPhase::Stall),
            (_, Input::Elapsed(Timer::Turn)) => self.late(now, TimeoutPhase::Turn),
            (_, Input::Elapsed(Timer::Frame | Timer::Retry | Timer::Halt)) => Vec::new(),
            // All other inputs break the provider's contract: text before the beginning, a halt
            // that was not asked for, or a second beginning.
            (
                _,
                Input::Halted
                | Input::Finished { .. }
                | Input::Text(_)
                | Input::Reasoning(_)
                | Input::TextWasReasoning,
            ) => self.broken(now),
            (
                Phase::Generating,
                Input::Asking { .. } | Input::Began | Input::Loading | Input::Waiting { .. },
            ) => self.broken(now),
        }
    }

    fn waiting(&mut self, ahead: u32) -> Vec<Effect> {
        // Time spent in a queue does not count as the model's silence.
        let timer = match ahead {
            0 => Effect::Arm(Timer::FirstToken, self.limits.first_token_ms),
            _ => Effect::Disarm(Timer::FirstToken),
        };
        vec![Effect::Commit(EventBody::TurnWaiting { turn_id: self.turn_id, ahead }), timer]
    }

    fn loading(&self) -> Vec<Effect> {
        // Loading a model is not silence, so the timer for the first token starts again.
        vec![
            Effect::Commit(EventBody::TurnLoading { turn_id: self.turn_id }),
            Effect::Arm(Timer::FirstToken, self.limits.first_token_ms),
        ]
    }

    fn asking(&self, sight: ContextWindow, model: Option<String>) -> Vec<Effect> {
        let turn_id = self.turn_id;
        vec![Effect::Commit(EventBody::TurnAsked { turn_id, sight, model }), Effect::Send]
    }

    fn began(&mut self, now: Timestamp) -> Vec<Effect> {
        self.phase = Phase::Generating;
        self.timings.started_ms = Some(now.ms_since(self.accepted_at));
        let turn_id = self.turn_id;
        vec![
            Effect::Commit(EventBody::TurnGenerating { turn_id, sight: None, model: None }),
            Effect::Arm(Timer::FirstToken, self.limits.first_token_ms),
        ]
    }

    /// Schedules another attempt if the error may pass. Shown text or thinking is never taken back,
    /// so this happens only before the first piece of either.
    fn failed(&mut self, now: Timestamp, error: Error) -> Vec<Effect> {
        let left_ms = self.limits.turn_ms.saturating_sub(now.ms_since(self.accepted_at));
        let limits = self.limits.retry;
        let pause = limits.pause_ms(self.turn_id, self.failed, &error, left_ms);
        let Some(wait_ms) = pause.filter(|_| !self.spoke) else {
            return self.end(now, TurnState::Failed, Some(error), None, None);
        };
        self.failed += 1;
        self.phase = Phase::Pausing;
        self.timings.started_ms = None;
        let turn_id = self.turn_id;
        vec![
            Effect::Commit(EventBody::TurnRetrying { turn_id, error, wait_ms, adjustment: None }),
            Effect::Disarm(Timer::FirstToken),
            Effect::Arm(Timer::Retry, wait_ms),
        ]
    }

    /// Asks again at once with an adjusted request. This happens only before any text and a bounded
    /// number of times, so that a provider that refuses every request ends the turn.
    fn refused(&mut self, now: Timestamp, error: Error, adjustment: Adjustment) -> Vec<Effect> {
        if self.spoke || !retry::may_adjust(&self.adjusted, adjustment) {
            return self.end(now, TurnState::Failed, Some(error), None, None);
        }
        self.adjusted.push(adjustment);
        self.timings.started_ms = None;
        let (turn_id, adjustment) = (self.turn_id, Some(adjustment));
        let retrying = EventBody::TurnRetrying { turn_id, error, wait_ms: 0, adjustment };
        let mut effects = vec![Effect::Commit(retrying)];
        effects.extend(self.ask_again());
        effects
    }

    fn ask_again(&mut self) -> Vec<Effect> {
        self.phase = Phase::Accepted;
        vec![Effect::Ask, Effect::Arm(Timer::FirstToken, self.limits.first_token_ms)]
    }

    fn late(&mut self, now: Timestamp, phase: TimeoutPhase) -> Vec<Effect> {
        self.halt(now, TurnState::TimedOut, Some(timeout(phase, &self.limits)))
    }

    fn broken(&mut self, now: Timestamp) -> Vec<Effect> {
        let error = Error::new(ErrorCode::Internal, "The answer ended without a reason.")
            .with_hint("Try again. The server's log may say more.");
        let mut effects = self.halt(now, TurnState::Failed, Some(error));
        // The turn ends now, because a provider that broke the contract may never answer the halt.
        let Phase::Halting(state, error) = self.phase.clone() else { return effects };
        effects.extend(self.end(now, state, error, None, None));
        effects
    }

    fn halt(&mut self, now: Timestamp, state: TurnState, error: Option<Error>) -> Vec<Effect> {
        let mut effects = self.flush(now);
        self.phase = Phase::Halting(state, error);
        effects.extend(
            [Timer::Frame, Timer::FirstToken, Timer::Stall, Timer::Turn].map(Effect::Disarm),
        );
        effects.push(Effect::Arm(Timer::Halt, HALT_MS));
        effects.push(Effect::Halt);
        effects
    }

    fn end(
        &mut self,
        now: Timestamp,
        state: TurnState,
        error: Option<Error>,
        finish: Option<Finish>,
        usage: Option<Usage>,
    ) -> Vec<Effect> {
        let mut effects = self.flush(now);
        self.phase = Phase::Over;
        self.timings.total_ms = Some(now.ms_since(self.accepted_at));
        effects.push(Effect::Commit(EventBody::TurnEnded {
            turn_id: self.turn_id,
            state,
            error,
            finish,
            usage,
            timings: self.timings,
        }));
        effects
    }
}

#[cfg(test)]
mod tests;
