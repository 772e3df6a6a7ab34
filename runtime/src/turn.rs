//! The turn: a pure state machine from inputs to effects.
//!
//! It decides what is committed, which timers run, and when the provider is halted; it
//! knows no task, clock, store or provider. The worker's actor performs the effects.

use protocol::{
    Error, ErrorCode, EventBody, Finish, MessageId, Sight, TimeoutPhase, Timestamp, Timings,
    TurnId, TurnState, Usage,
};

/// What happens to a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// It stands in the provider's queue behind `ahead` others.
    Waiting { ahead: u32 },
    /// The provider has begun.
    Began { sight: Sight, model: Option<String> },
    /// The provider gave text; not empty.
    Text(String),
    /// The provider is done.
    Finished { finish: Finish, usage: Option<Usage> },
    /// The provider failed.
    Failed(Error),
    /// The provider has halted, or is gone.
    Halted,
    /// A timer that was armed has run out.
    Elapsed(Timer),
    /// Someone asked for the end.
    Cancel,
    /// The process is going down.
    Shutdown,
}

/// The timers of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Text that came meanwhile is committed when it runs out.
    Frame,
    /// The first text must come before it.
    FirstToken,
    /// The next text must come before it.
    Stall,
    /// The whole turn must end before it.
    Turn,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Commit this event.
    Commit(EventBody),
    /// Start a timer anew, in milliseconds from now.
    Arm(Timer, u64),
    Disarm(Timer),
    /// Ask the provider to halt; it answers with an end.
    Halt,
}

/// The time limits of a turn, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnLimits {
    /// Text of this long is committed together.
    pub frame_ms: u64,
    pub first_token_ms: u64,
    pub stall_ms: u64,
    pub turn_ms: u64,
}

impl Default for TurnLimits {
    fn default() -> Self {
        Self { frame_ms: 20, first_token_ms: 120_000, stall_ms: 60_000, turn_ms: 1_800_000 }
    }
}

/// One turn from its acceptance to its end.
#[derive(Clone, Debug)]
pub struct TurnMachine {
    turn_id: TurnId,
    answer: MessageId,
    accepted_at: Timestamp,
    limits: TurnLimits,
    phase: Phase,
    timings: Timings,
    /// Bytes of the answer in committed frames.
    offset: u64,
    /// Text that waits for the frame timer.
    frame: String,
    framing: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Accepted,
    Generating,
    /// The provider was asked to halt; the turn ends so when it has.
    Halting(TurnState, Option<Error>),
    Over,
}

impl TurnMachine {
    /// A turn that was just accepted, with the timers to arm.
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
            offset: 0,
            frame: String::new(),
            framing: false,
        };
        let effects = vec![
            Effect::Arm(Timer::Turn, limits.turn_ms),
            Effect::Arm(Timer::FirstToken, limits.first_token_ms),
        ];
        (machine, effects)
    }

    /// Whether nothing more can happen.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Takes one input. After the end, and for late text after a halt, there are no effects.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        match (&self.phase, input) {
            (Phase::Over, _) => Vec::new(),
            (Phase::Accepted, Input::Waiting { ahead }) => self.waiting(ahead),
            (Phase::Accepted, Input::Began { sight, model }) => self.began(now, sight, model),
            (Phase::Generating, Input::Text(text)) => self.text(now, &text),
            (Phase::Generating, Input::Elapsed(Timer::Frame)) => self.frame_due(now),
            (Phase::Generating, Input::Finished { finish, usage }) => {
                self.end(now, TurnState::Completed, None, Some(finish), usage)
            }
            (Phase::Halting(state, error), Input::Finished { usage, .. }) => {
                let (state, error) = (*state, error.clone());
                self.end(now, state, error, None, usage)
            }
            (Phase::Halting(state, error), Input::Failed(_) | Input::Halted) => {
                let (state, error) = (*state, error.clone());
                self.end(now, state, error, None, None)
            }
            // A second cause does not change how a halting turn ends.
            (Phase::Halting(..), _) => Vec::new(),
            (_, Input::Failed(error)) => self.end(now, TurnState::Failed, Some(error), None, None),
            (_, Input::Cancel) => self.halt(now, TurnState::Cancelled, None),
            (_, Input::Shutdown) => self.halt(now, TurnState::Interrupted, None),
            (_, Input::Elapsed(Timer::FirstToken)) => self.late(now, TimeoutPhase::FirstToken),
            (_, Input::Elapsed(Timer::Stall)) => self.late(now, TimeoutPhase::Stall),
            (_, Input::Elapsed(Timer::Turn)) => self.late(now, TimeoutPhase::Turn),
            (_, Input::Elapsed(Timer::Frame)) => Vec::new(),
            // What is left breaks the provider's contract: text before it began, an end that
            // nobody asked for, a second beginning.
            (_, Input::Halted | Input::Finished { .. } | Input::Text(_)) => self.broken(now),
            (Phase::Generating, Input::Began { .. } | Input::Waiting { .. }) => self.broken(now),
        }
    }

    fn waiting(&mut self, ahead: u32) -> Vec<Effect> {
        // The time in a queue does not count as the model's silence.
        let timer = match ahead {
            0 => Effect::Arm(Timer::FirstToken, self.limits.first_token_ms),
            _ => Effect::Disarm(Timer::FirstToken),
        };
        vec![Effect::Commit(EventBody::TurnWaiting { turn_id: self.turn_id, ahead }), timer]
    }

    fn began(&mut self, now: Timestamp, sight: Sight, model: Option<String>) -> Vec<Effect> {
        self.phase = Phase::Generating;
        self.timings.started_ms = Some(now.ms_since(self.accepted_at));
        vec![
            Effect::Commit(EventBody::TurnGenerating { turn_id: self.turn_id, sight, model }),
            Effect::Arm(Timer::FirstToken, self.limits.first_token_ms),
        ]
    }

    fn text(&mut self, now: Timestamp, text: &str) -> Vec<Effect> {
        self.frame.push_str(text);
        let mut effects = Vec::new();
        if self.timings.first_token_ms.is_none() {
            effects.push(Effect::Disarm(Timer::FirstToken));
        }
        // The first text of a quiet moment goes out at once; what follows within the frame
        // waits for its end.
        if !self.framing {
            effects.extend(self.flush(now));
            self.framing = true;
            effects.push(Effect::Arm(Timer::Frame, self.limits.frame_ms));
        }
        effects.push(Effect::Arm(Timer::Stall, self.limits.stall_ms));
        effects
    }

    fn frame_due(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects: Vec<_> = self.flush(now).into_iter().collect();
        self.framing = !effects.is_empty();
        if self.framing {
            effects.push(Effect::Arm(Timer::Frame, self.limits.frame_ms));
        }
        effects
    }

    fn late(&mut self, now: Timestamp, phase: TimeoutPhase) -> Vec<Effect> {
        self.halt(now, TurnState::TimedOut, Some(timeout(phase, &self.limits)))
    }

    fn broken(&mut self, now: Timestamp) -> Vec<Effect> {
        let error = Error::new(ErrorCode::Internal, "The provider ended without saying why.")
            .with_hint("Ask again; the server's log may say more.");
        let mut effects = self.halt(now, TurnState::Failed, Some(error));
        // Whatever the provider still says, this turn does not wait for it.
        let Phase::Halting(state, error) = self.phase.clone() else { return effects };
        effects.extend(self.end(now, state, error, None, None));
        effects
    }

    fn halt(&mut self, now: Timestamp, state: TurnState, error: Option<Error>) -> Vec<Effect> {
        let mut effects: Vec<_> = self.flush(now).into_iter().collect();
        self.phase = Phase::Halting(state, error);
        effects.extend(
            [Timer::Frame, Timer::FirstToken, Timer::Stall, Timer::Turn].map(Effect::Disarm),
        );
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
        let mut effects: Vec<_> = self.flush(now).into_iter().collect();
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

    /// The waiting text as a delta at its offset.
    fn flush(&mut self, now: Timestamp) -> Option<Effect> {
        if self.frame.is_empty() {
            return None;
        }
        self.timings.first_token_ms.get_or_insert(now.ms_since(self.accepted_at));
        let text = std::mem::take(&mut self.frame);
        let offset = self.offset;
        self.offset += text.len() as u64;
        Some(Effect::Commit(EventBody::TextDelta {
            turn_id: self.turn_id,
            message_id: self.answer,
            offset,
            text,
        }))
    }
}

fn timeout(phase: TimeoutPhase, limits: &TurnLimits) -> Error {
    let (message, hint) = match phase {
        TimeoutPhase::FirstToken => (
            format!("No answer began within {} seconds.", limits.first_token_ms / 1000),
            "Ask again, or raise `limits.first_token_ms`.",
        ),
        TimeoutPhase::Stall => (
            format!("The answer stopped coming for {} seconds.", limits.stall_ms / 1000),
            "What came is kept. Ask again, or raise `limits.stall_ms`.",
        ),
        TimeoutPhase::Turn => (
            format!("The answer took longer than {} minutes.", limits.turn_ms / 60_000),
            "What came is kept. Ask for less at once, or raise `limits.turn_ms`.",
        ),
    };
    Error::new(ErrorCode::Timeout(phase), message).with_hint(hint)
}

#[cfg(test)]
mod tests;
