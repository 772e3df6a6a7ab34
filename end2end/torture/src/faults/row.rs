//! A fault and its promise.

use std::time::Duration;

use protocol::{ErrorCode, Finish, ProviderKind, TimeoutPhase, TurnState};
use upstream::Step;

/// A fault of the endpoint, as the scripted upstream plays it.
pub(super) struct Fault {
    pub name: &'static str,
    /// One list of steps for each attempt; the last one is repeated.
    pub replies: Vec<Vec<Step>>,
    pub promise: Promise,
}

/// The outcome that a user is promised.
pub(super) struct Promise {
    pub end: End,
    /// The text that is kept.
    pub text: Text,
    /// The number of attempts.
    pub attempts: u32,
    /// The least time that the user waits, because the endpoint asked for it.
    pub waits: Duration,
}

/// The end of the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Completed(Finish),
    Failed(ErrorCode),
    TimedOut(TimeoutPhase),
    Cancelled,
}

/// The text of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Is(&'static str),
    /// Any text of this many bytes.
    Bytes(usize),
    /// Any text, or none: the part that had arrived.
    Any,
}

impl Fault {
    /// A fault that occurs in every attempt.
    pub(super) fn always(name: &'static str, steps: Vec<Step>, promise: Promise) -> Self {
        Self { name, replies: vec![steps], promise }
    }
}

impl Promise {
    fn new(end: End) -> Self {
        Self { end, text: Text::Is(""), attempts: 1, waits: Duration::ZERO }
    }

    pub(super) fn completed() -> Self {
        Self::new(End::Completed(Finish::Stop))
    }

    pub(super) fn length() -> Self {
        Self::new(End::Completed(Finish::Length))
    }

    pub(super) fn fails(kind: ProviderKind) -> Self {
        Self::new(End::Failed(ErrorCode::Provider(kind)))
    }

    pub(super) fn unavailable() -> Self {
        Self::new(End::Failed(ErrorCode::Unavailable))
    }

    pub(super) fn times_out(phase: TimeoutPhase) -> Self {
        Self::new(End::TimedOut(phase))
    }

    pub(super) fn cancelled() -> Self {
        Self { text: Text::Any, ..Self::new(End::Cancelled) }
    }

    pub(super) fn keeps(self, text: &'static str) -> Self {
        Self { text: Text::Is(text), ..self }
    }

    pub(super) fn keeps_bytes(self, bytes: usize) -> Self {
        Self { text: Text::Bytes(bytes), ..self }
    }

    pub(super) fn after(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    pub(super) fn waits_ms(self, ms: u64) -> Self {
        Self { waits: Duration::from_millis(ms), ..self }
    }
}

impl End {
    pub(super) fn state(self) -> TurnState {
        match self {
            Self::Completed(_) => TurnState::Completed,
            Self::Failed(_) => TurnState::Failed,
            Self::TimedOut(_) => TurnState::TimedOut,
            Self::Cancelled => TurnState::Cancelled,
        }
    }

    pub(super) fn code(self) -> Option<ErrorCode> {
        match self {
            Self::Failed(code) => Some(code),
            Self::TimedOut(phase) => Some(ErrorCode::Timeout(phase)),
            Self::Completed(_) | Self::Cancelled => None,
        }
    }
}
