//! What happens to a turn, and what is to be done about it.

use protocol::{Adjustment, ContextWindow, Error, EventBody, Finish, Usage};

/// What happens to a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// It stands in the provider's queue behind `ahead` others.
    Waiting { ahead: u32 },
    /// The provider loads the model.
    Loading,
    /// The provider is about to send this much.
    Asking { sight: ContextWindow, model: Option<String> },
    /// The provider has begun.
    Began,
    /// The provider gave text; not empty.
    Text(String),
    /// The provider gave some of the model's thinking; not empty.
    Reasoning(String),
    /// What the provider gave as text so far turned out to be thinking.
    TextWasReasoning,
    /// The provider is heard of, with nothing to show.
    Alive,
    /// The provider is done.
    Finished { finish: Finish, usage: Option<Usage> },
    /// The provider failed.
    Failed(Error),
    /// The provider refused the request as it was, and would get another one.
    Refused { error: Error, adjustment: Adjustment },
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
    /// What came meanwhile is committed when it runs out.
    Frame,
    /// The provider must be heard of before it, until there is something to show.
    FirstToken,
    /// The provider must be heard of again before it.
    Stall,
    /// The whole turn must end before it.
    Turn,
    /// The provider is asked again when it runs out.
    Retry,
    /// The provider must have halted before it.
    Halt,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Commit this event.
    Commit(EventBody),
    /// Start a timer anew, in milliseconds from now.
    Arm(Timer, u64),
    Disarm(Timer),
    /// Once what is to be committed is, let the provider send its request.
    Send,
    /// Ask the provider once more, for the same as far as it takes it.
    Ask,
    /// Ask the provider to halt; it answers with an end.
    Halt,
}
