//! The pure turn with all possible inputs, whose events are folded as a reader would do it.

use proptest::prelude::*;
use protocol::{
    ContextWindow, Error, ErrorCode, EventBody, Finish, MessageId, ProviderKind, Timestamp, TurnId,
    TurnState,
};
use runtime::turn::{Effect, Input, RetryLimits, Timer, TurnLimits, TurnMachine};

use crate::config;

const LIMITS: TurnLimits = TurnLimits {
    frame_ms: 20,
    first_token_ms: 1_000,
    stall_ms: 500,
    turn_ms: 100_000,
    retry: RetryLimits { times: 2, first_ms: 100, longest_ms: 1_000 },
};

fn any_input() -> impl Strategy<Value = Input> {
    let network = || Error::new(ErrorCode::Provider(ProviderKind::Network), "x");
    let timers =
        [Timer::Frame, Timer::FirstToken, Timer::Stall, Timer::Turn, Timer::Retry, Timer::Halt];
    prop_oneof![
        2 => (0u32..3).prop_map(|ahead| Input::Waiting { ahead }),
        1 => Just(Input::Loading),
        4 => Just(Input::Asking { sight: ContextWindow::default(), model: None }),
        4 => Just(Input::Began),
        8 => "[a-zé日]{1,4}".prop_map(Input::Text),
        6 => "[a-zé日]{1,4}".prop_map(Input::Reasoning),
        1 => Just(Input::TextWasReasoning),
        2 => Just(Input::Alive),
        6 => prop::sample::select(timers.to_vec()).prop_map(Input::Elapsed),
        1 => Just(Input::Finished { finish: Finish::Stop, usage: None }),
        1 => Just(Input::Failed(Error::new(ErrorCode::Provider(ProviderKind::Auth), "x"))),
        2 => Just(Input::Failed(network())),
        1 => Just(Input::Halted),
        1 => Just(Input::Cancel),
        1 => Just(Input::Shutdown),
    ]
}

/// A turn with the state that its actor would hold: the armed timers and the log.
struct Driven {
    machine: TurnMachine,
    armed: Vec<Timer>,
    /// Whether a provider is at work.
    asked: bool,
    committed: String,
    /// The committed bytes of reasoning.
    thought: u64,
    end: Option<TurnState>,
    seq: u64,
}

impl Driven {
    fn new() -> Self {
        let (turn, answer) = (TurnId::from_parts(1, [1; 10]), MessageId::from_parts(1, [2; 10]));
        let (machine, effects) = TurnMachine::new(turn, answer, at(0), LIMITS);
        let mut driven = Self {
            machine,
            armed: Vec::new(),
            asked: true,
            committed: String::new(),
            thought: 0,
            end: None,
            seq: 0,
        };
        driven.perform(effects);
        driven
    }

    /// Gives the turn an input, unless it is impossible: only armed timers run out, and only a
    /// provider at work speaks. Returns whether it was possible.
    fn step(&mut self, input: Input) -> bool {
        let possible = match &input {
            Input::Elapsed(timer) => self.armed.contains(timer),
            Input::Cancel | Input::Shutdown => true,
            _ => self.asked,
        };
        if !possible {
            return false;
        }
        if let Input::Elapsed(timer) = &input {
            self.armed.retain(|armed| armed != timer);
        }
        if matches!(input, Input::Finished { .. } | Input::Failed(_) | Input::Halted) {
            self.asked = false;
        }
        self.seq += 1;
        let effects = self.machine.step(at(self.seq as i64), input);
        self.perform(effects);
        true
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            assert_eq!(self.end, None, "an effect after the end: {effect:?}");
            match effect {
                Effect::Arm(timer, _) => {
                    self.armed.retain(|armed| *armed != timer);
                    self.armed.push(timer);
                }
                Effect::Disarm(timer) => self.armed.retain(|armed| *armed != timer),
                Effect::Ask => {
                    assert!(!self.asked, "two attempts at once");
                    self.asked = true;
                }
                Effect::Halt | Effect::Send => {}
                Effect::Commit(body) => self.commit(body),
            }
        }
    }

    fn commit(&mut self, body: EventBody) {
        match body {
            EventBody::TextDelta { offset, text, .. } => {
                assert_eq!(offset, self.committed.len() as u64);
                self.committed.push_str(&text);
            }
            EventBody::ReasoningDelta { offset, text, .. } => {
                assert_eq!(offset, self.thought);
                self.thought += text.len() as u64;
            }
            EventBody::TextWasReasoning { offset, .. } => {
                let moved = self.committed.split_off(usize::try_from(offset).unwrap());
                self.thought += moved.len() as u64;
            }
            EventBody::TurnEnded { state, .. } => self.end = Some(state),
            _ => {}
        }
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_000_000 + ms)
}

proptest! {
    #![proptest_config(config(400))]

    /// Something that ends the turn is always pending: a provider at work, or a timer. In any
    /// state, a cancel ends it within the time that a provider has to halt.
    #[test]
    fn a_turn_never_hangs_and_can_always_be_stopped(
        inputs in prop::collection::vec(any_input(), 0..60),
    ) {
        let mut driven = Driven::new();
        let mut given = String::new();
        for input in inputs {
            let text = match &input {
                Input::Text(text) => text.clone(),
                _ => String::new(),
            };
            if driven.step(input) {
                given.push_str(&text);
            }
            let (said, kept) = (given.as_str(), driven.committed.as_str());
            prop_assert!(said.contains(kept), "what nobody said is committed");
            if driven.end.is_none() {
                let watched = driven.armed.iter().any(|timer| *timer != Timer::Frame);
                prop_assert!(watched, "nothing would end it: {:?}", driven.armed);
            }
        }
        let committed = driven.committed.clone();
        driven.step(Input::Cancel);
        if driven.end.is_none() {
            prop_assert!(driven.armed.contains(&Timer::Halt), "nothing bounds the halt");
            prop_assert!(driven.committed.starts_with(&committed));
            let stopped = driven.committed.clone();
            driven.step(Input::Text("too late".to_owned()));
            prop_assert_eq!(&driven.committed, &stopped, "text after a stop");
            driven.step(Input::Elapsed(Timer::Halt));
        }
        prop_assert!(driven.end.is_some_and(TurnState::is_final));
    }
}
