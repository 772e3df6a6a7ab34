//! What one connection does at the moment, which decides whether it may be closed to make room.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// Shared by the task of a connection, which reports, and the one that accepts, which asks.
#[derive(Debug)]
pub struct Activity {
    state: Mutex<State>,
    /// Told whenever the connection becomes idle.
    idle: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No request is in work: its head has not come as a whole, however much of it has.
    Idle { since: Instant },
    /// From a request's head to the end of its answer. The stream of an observer stays here.
    Working,
    /// The answer is written as a whole, and some of it may not have been sent.
    Answered,
    /// It makes room for another one. A request that comes now is not begun.
    Closing,
}

impl Activity {
    /// A new connection is idle until its first request.
    pub fn new(idle: Arc<Notify>) -> Self {
        Self { state: Mutex::new(State::Idle { since: Instant::now() }), idle }
    }

    /// A request's head has come. False if the connection is closing: it must not be begun.
    pub fn begin(&self) -> bool {
        let mut state = self.state();
        let open = *state != State::Closing;
        if open {
            *state = State::Working;
        }
        open
    }

    /// The answer's last piece was handed on to be sent.
    pub fn answered(&self) {
        let mut state = self.state();
        if *state == State::Working {
            *state = State::Answered;
        }
    }

    /// All that was handed on is with the system, which sends it even after a close.
    pub fn flushed(&self) {
        let mut state = self.state();
        if *state == State::Answered {
            *state = State::Idle { since: Instant::now() };
            self.idle.notify_one();
        }
    }

    /// Since when no request is in work.
    pub fn idle_since(&self) -> Option<Instant> {
        if let State::Idle { since } = *self.state() { Some(since) } else { None }
    }

    /// Begins to close. False if a request has come meanwhile.
    pub fn close(&self) -> bool {
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
    fn a_connection_with_a_request_in_work_is_never_closed() {
        let activity = activity();
        assert!(activity.begin());
        assert!(activity.idle_since().is_none() && !activity.close());
        // A flush in the middle of an answer says nothing.
        activity.flushed();
        assert!(!activity.close());
        activity.answered();
        assert!(!activity.close(), "what it was answered may not have left");
        activity.flushed();
        assert!(activity.idle_since().is_some() && activity.close());
    }

    #[test]
    fn a_request_that_comes_too_late_is_not_begun() {
        let activity = activity();
        assert!(activity.close());
        assert!(!activity.begin() && !activity.close());
        assert!(activity.idle_since().is_none());
    }
}
