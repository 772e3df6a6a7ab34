//! Whether a connection is idle, and so may be closed to make room for another one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// The state of one connection. The connection's task updates it, and the task that accepts
/// connections reads it.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// Notified whenever the connection becomes idle.
    idle: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No request is being handled. A request counts only once its whole head has arrived.
    Idle { since: Instant },
    /// A request is being handled: from the arrival of its head to the end of its answer. An
    /// observer's event stream stays in this state.
    Working,
    /// The answer is complete, but a part of it may not have been handed to the system yet.
    Answered,
    /// It is being closed to make room. A request that arrives now is not handled.
    Closing,
}

impl Activity {
    /// A new connection is idle until its first request.
    pub(super) fn new(idle: Arc<Notify>) -> Self {
        Self { state: Mutex::new(State::Idle { since: Instant::now() }), idle }
    }

    /// Reports that a request's head has arrived. False if the connection is closing: the request
    /// must not be handled then.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        let open = *state != State::Closing;
        if open {
            *state = State::Working;
        }
        open
    }

    /// Reports that the last piece of the answer was given to the connection.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        if *state == State::Working {
            *state = State::Answered;
        }
    }

    /// Reports that all written bytes were handed to the system, which sends them even if the
    /// connection is closed.
    pub(super) fn flushed(&self) {
        let mut state = self.state();
        if *state == State::Answered {
            *state = State::Idle { since: Instant::now() };
            self.idle.notify_one();
        }
    }

    /// Since when the connection has been idle. `None` if it is not idle.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        if let State::Idle { since } = *self.state() { Some(since) } else { None }
    }

    /// Begins to close an idle connection. False if it is not idle any more.
    pub(super) fn close(&self) -> bool {
        let mut state = self.state();
        let idle = matches!(*state, State::Idle { .. });
        if idle {
            *state = State::Closing;
        }
        idle
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity() -> Activity {
        Activity::new(Arc::new(Notify::new()))
    }

    #[test]
    fn a_connection_is_not_closed_before_its_response_is_sent() {
        let activity = activity();
        assert!(activity.begin());
        assert!(activity.idle_since().is_none() && !activity.close());
        // A flush in the middle of an answer does not make it idle.
        activity.flushed();
        assert!(!activity.close());
        activity.answered();
        assert!(!activity.close(), "the answer may not have been sent yet");
        activity.flushed();
        assert!(activity.idle_since().is_some() && activity.close());
    }

    #[test]
    fn a_request_on_a_closing_connection_is_not_handled() {
        let activity = activity();
        assert!(activity.close());
        assert!(!activity.begin() && !activity.close());
        assert!(activity.idle_since().is_none());
    }
}
