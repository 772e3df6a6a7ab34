//! The bounds of a turn, and what is said when one is reached.

use protocol::{Error, ErrorCode, TimeoutPhase};

use super::RetryLimits;

/// How long a provider may take to halt, in milliseconds. They answer within a fraction of a
/// second; one that does not is given up, so that nobody waits for it for ever.
pub(super) const HALT_MS: u64 = 30_000;

/// The time limits of a turn, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnLimits {
    /// What comes within this is committed together.
    pub frame_ms: u64,
    /// Of silence, before there is anything to show.
    pub first_token_ms: u64,
    /// Of silence afterwards.
    pub stall_ms: u64,
    /// Of the whole turn, whatever happens in it: the one limit of a model that thinks on.
    pub turn_ms: u64,
    pub retry: RetryLimits,
}

impl Default for TurnLimits {
    fn default() -> Self {
        Self {
            frame_ms: 20,
            first_token_ms: 120_000,
            stall_ms: 60_000,
            turn_ms: 3_600_000,
            retry: RetryLimits::default(),
        }
    }
}

/// Of a provider that was told to halt and did not.
pub(super) fn unresponsive() -> Error {
    Error::new(ErrorCode::Internal, "The provider did not stop when it was told to.")
        .with_hint("What came is kept, and nothing more is taken. The server's log may say more.")
}

/// Of a time limit that has passed.
pub(super) fn timeout(phase: TimeoutPhase, limits: &TurnLimits) -> Error {
    let (message, hint) = match phase {
        TimeoutPhase::FirstToken => (
            format!("No answer began within {} seconds.", limits.first_token_ms / 1000),
            "Ask again, or raise `first_token_ms`.",
        ),
        TimeoutPhase::Stall => (
            format!("The answer stopped coming for {} seconds.", limits.stall_ms / 1000),
            "What came is kept. Ask again, or raise `stall_ms`.",
        ),
        TimeoutPhase::Turn => (
            format!("The answer took longer than {} minutes.", limits.turn_ms / 60_000),
            "What came is kept. Ask for less at once, or raise `turn_ms`.",
        ),
    };
    Error::new(ErrorCode::Timeout(phase), message).with_hint(hint)
}
