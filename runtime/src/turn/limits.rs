//! The limits of a turn, and the errors when one is reached.

use protocol::{Error, ErrorCode, TimeoutPhase};

use super::RetryLimits;

/// How long a provider may take to halt, in milliseconds. Providers halt within a fraction of a
/// second; the turn does not wait longer for one that hangs.
pub(super) const HALT_MS: u64 = 30_000;

/// The time limits of a turn, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnLimits {
    /// The least time between two commits of an answer's pieces; 0 commits each piece as soon as the
    /// store has taken the one before.
    pub frame_ms: u64,
    /// The longest silence before the first text or reasoning.
    pub first_token_ms: u64,
    /// The longest silence after it.
    pub stall_ms: u64,
    /// The longest duration of the whole turn: the only limit for a model that keeps thinking.
    pub turn_ms: u64,
    /// When a failed attempt is followed by another one.
    pub retry: RetryLimits,
}

impl Default for TurnLimits {
    fn default() -> Self {
        Self {
            frame_ms: 0,
            first_token_ms: 120_000,
            stall_ms: 60_000,
            turn_ms: 3_600_000,
            retry: RetryLimits::default(),
        }
    }
}

/// The error of a provider that did not halt in time.
pub(super) fn unresponsive() -> Error {
    Error::new(ErrorCode::Internal, "The model didn't stop when it was told to.")
        .with_hint("The text so far was kept. The server's log may say more.")
}

/// The error of a time limit that has passed.
pub(super) fn timeout(phase: TimeoutPhase, limits: &TurnLimits) -> Error {
    let (message, hint) = match phase {
        TimeoutPhase::FirstToken => (
            format!("The answer didn't start within {} seconds.", limits.first_token_ms / 1000),
            "Try again, or raise `first_token_ms`.",
        ),
        TimeoutPhase::Stall => (
            format!("The answer stalled for {} seconds.", limits.stall_ms / 1000),
            "Continue or regenerate the answer, or raise `stall_ms`.",
        ),
        TimeoutPhase::Turn => (
            format!("The answer took longer than {} minutes.", limits.turn_ms / 60_000),
            "Ask for less at once, or raise `turn_ms`.",
        ),
    };
    Error::new(ErrorCode::Timeout(phase), message).with_hint(hint)
}
