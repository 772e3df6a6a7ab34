//! The inputs and effects of a turn.

use protocol::{Adjustment, ContextWindow, Error, EventBody, Finish, Usage};

/// An event that a turn reacts to.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The request waits in the provider's queue behind `ahead` others.
    Waiting {
        /// With 0, nothing is before the request any more.
        ahead: u32,
    },
    /// The provider loads the model.
    Loading,
    /// The provider is about to send a request with this context.
    Asking {
        /// The part of the conversation that the request contains.
        sight: ContextWindow,
        /// The model that answers, if it is not the one that was asked for by name.
        model: Option<String>,
    },
    /// The model has begun to answer.
    Began,
    /// The provider produced text, which is not empty.
    Text(String),
    /// The provider produced reasoning, which is not empty.
    Reasoning(String),
    /// The text that the provider produced so far turned out to be reasoning.
    TextWasReasoning,
    /// The provider sent a sign of life and nothing to show.
    Alive,
    /// The answer is complete.
    Finished {
        /// Whether the model ended by itself or was cut off.
        finish: Finish,
        /// The tokens as the provider counted them, if it did.
        usage: Option<Usage>,
    },
    /// The provider failed.
    Failed(Error),
    /// The endpoint refused the request, and `adjustment` would change it.
    Refused {
        /// The turn ends with it if the adjustment was made before or there were too many.
        error: Error,
        /// The change for the next attempt.
        adjustment: Adjustment,
    },
    /// The provider has halted, or its task is gone.
    Halted,
    /// A timer that was armed has run out.
    Elapsed(Timer),
    /// A user cancelled the turn.
    Cancel,
    /// The process is going down.
    Shutdown,
}

/// The timers of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Pieces that arrive before it runs out are committed together.
    Frame,
    /// The provider must send something before it runs out; it runs until there is text or
    /// reasoning.
    FirstToken,
    /// The provider must send something before it runs out; it runs once there is text or
    /// reasoning.
    Stall,
    /// The whole turn must end before it runs out.
    Turn,
    /// The provider is asked again when it runs out.
    Retry,
    /// The provider must have halted before it runs out.
    Halt,
}

/// An action for the actor; actions are performed in the order of the list.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Commit this event.
    Commit(EventBody),
    /// Start a timer, or restart it; it runs out after this many milliseconds.
    Arm(Timer, u64),
    /// Stop a timer; nothing happens if it is not running.
    Disarm(Timer),
    /// Let the provider send its request, once the pending events are committed.
    Send,
    /// Ask the provider once more, with the adjustments so far.
    Ask,
    /// Ask the provider to halt; it answers with one of the inputs that end an attempt.
    Halt,
}
