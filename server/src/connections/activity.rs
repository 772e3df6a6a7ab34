//! What a connection is doing, and whether it may be closed to make room for another one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// The state of one connection. The connection's tasks update it, and the task that accepts
/// connections reads it.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// Notified whenever the connection becomes idle.
    idle: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The TLS handshake is going on.
    Handshake { since: Instant },
    /// No request is being handled. A request counts only once its whole head has arrived.
    Idle { since: Instant, past: Past },
    /// So many requests are being handled: each from the arrival of its head to the end of its
    /// answer. A connection with an observer's event stream stays in this state.
    Working { requests: usize },
    /// The answer is complete, but a part of it may not have been handed to the system yet.
    Answered,
    /// It is being closed to make room. A request that arrives now is not handled.
    Closing,
}

/// What an idle connection has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    /// It had no request yet.
    None,
    /// All that was written was handed to the system.
    Sent,
    /// An end of the last answer may still wait.
    PerhapsSent,
}

/// Whether all of an answer was handed to the system when its last piece was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    /// A later flush says so. HTTP/1.1: one task does everything, so a flush always follows.
    Follows,
    /// Nobody says so. HTTP/2: other tasks write, and perhaps have flushed already.
    Unknown,
}

/// A request that is being handled, until it is dropped.
#[derive(Debug)]
pub(super) struct Running {
    activity: Arc<Activity>,
    flush: Flush,
    /// Whether the connection stays as it is when this is dropped.
    kept: bool,
}

impl Activity {
    /// A new connection is idle until its first request.
    pub(super) fn idle(idle: Arc<Notify>) -> Self {
        let state = State::Idle { since: Instant::now(), past: Past::None };
        Self { state: Mutex::new(state), idle }
    }

    /// A new connection that begins with a TLS handshake.
    pub(super) fn handshake(idle: Arc<Notify>) -> Self {
        Self { state: Mutex::new(State::Handshake { since: Instant::now() }), idle }
    }

    /// Reports that the handshake is complete.
    pub(super) fn shaken(&self) {
        let mut state = self.state();
        if matches!(*state, State::Handshake { .. }) {
            *state = State::Idle { since: Instant::now(), past: Past::None };
        }
    }

    /// Reports that a request's head has arrived. `None` if the connection is closing: the request
    /// must not be handled then.
    pub(super) fn begin(self: &Arc<Self>, flush: Flush) -> Option<Running> {
        let mut state = self.state();
        let requests = match *state {
            State::Closing => return None,
            State::Working { requests } => requests + 1,
            State::Handshake { .. } | State::Idle { .. } | State::Answered => 1,
        };
        *state = State::Working { requests };
        Some(Running { activity: self.clone(), flush, kept: false })
    }

    /// Reports that all written bytes were handed to the system, which sends them even if the
    /// connection is closed.
    pub(super) fn flushed(&self) {
        let mut state = self.state();
        if *state == State::Answered {
            self.rest(&mut state, Past::Sent);
        }
    }

    /// Since when the connection has been idle. `None` if it is not idle. During its handshake it
    /// counts as idle.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        match *self.state() {
            State::Handshake { since } | State::Idle { since, .. } => Some(since),
            State::Working { .. } | State::Answered | State::Closing => None,
        }
    }

    /// Whether its first request has not arrived yet.
    pub(super) fn is_new(&self) -> bool {
        matches!(*self.state(), State::Handshake { .. } | State::Idle { past: Past::None, .. })
    }

    /// Whether an idle connection can be closed without losing a part of its last answer.
    pub(super) fn has_sent_all(&self) -> bool {
        !matches!(*self.state(), State::Idle { past: Past::PerhapsSent, .. })
    }

    /// Whether the TLS handshake is still going on.
    pub(super) fn is_in_handshake(&self) -> bool {
        matches!(*self.state(), State::Handshake { .. })
    }

    /// Whether no request is being handled, also while it is closing.
    pub(super) fn is_at_rest(&self) -> bool {
        !matches!(*self.state(), State::Working { .. } | State::Answered)
    }

    /// Begins to close an idle connection. False if it is not idle any more.
    pub(super) fn close(&self) -> bool {
        let mut state = self.state();
        let idle = matches!(*state, State::Handshake { .. } | State::Idle { .. });
        if idle {
            *state = State::Closing;
        }
        idle
    }

    fn rest(&self, state: &mut State, past: Past) {
        *state = State::Idle { since: Instant::now(), past };
        self.idle.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Keeps the connection working for good, because it becomes something else than a connection
    /// with requests.
    pub(super) fn forever(mut self) {
        self.kept = true;
    }
}

impl Drop for Running {
    /// The last piece of the answer was given to the connection, or the request was given up.
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let mut state = self.activity.state();
        match (*state, self.flush) {
            (State::Working { requests }, _) if requests > 1 => {
                *state = State::Working { requests: requests - 1 };
            }
            (State::Working { .. }, Flush::Follows) => *state = State::Answered,
            (State::Working { .. }, Flush::Unknown) => {
                self.activity.rest(&mut state, Past::PerhapsSent);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity() -> Arc<Activity> {
        Arc::new(Activity::idle(Arc::new(Notify::new())))
    }

    #[test]
    fn a_connection_is_not_closed_before_its_response_is_sent() {
        let activity = activity();
        let request = activity.begin(Flush::Follows);
        assert!(activity.idle_since().is_none() && !activity.close());
        // A flush in the middle of an answer does not make it idle.
        activity.flushed();
        assert!(!activity.close());
        drop(request);
        assert!(!activity.close(), "the answer may not have been sent yet");
        activity.flushed();
        assert!(activity.idle_since().is_some() && activity.close());
    }

    #[test]
    fn a_request_on_a_closing_connection_is_not_handled() {
        let activity = activity();
        assert!(activity.close());
        assert!(activity.begin(Flush::Follows).is_none() && !activity.close());
        assert!(activity.idle_since().is_none());
    }

    #[test]
    fn a_connection_is_idle_when_the_last_of_its_requests_has_ended() {
        let activity = activity();
        let first = activity.begin(Flush::Unknown);
        let second = activity.begin(Flush::Unknown);
        drop(first);
        activity.flushed();
        assert!(!activity.close(), "the second request is being handled");
        let third = activity.begin(Flush::Unknown);
        drop(second);
        assert!(!activity.close());
        drop(third);
        assert!(!activity.is_new() && !activity.has_sent_all() && activity.close());
    }

    #[test]
    fn a_handshake_counts_as_idle_and_ends_once() {
        let activity = Activity::handshake(Arc::new(Notify::new()));
        assert!(activity.is_in_handshake() && activity.idle_since().is_some());
        activity.shaken();
        assert!(!activity.is_in_handshake() && activity.is_new() && activity.close());
        activity.shaken();
        assert!(activity.idle_since().is_none(), "it is closing");
    }
}
