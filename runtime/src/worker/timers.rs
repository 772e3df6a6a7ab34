//! The timers of one turn, as deadlines of which the actor waits for the nearest.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::turn::Timer;

/// At most one deadline per timer.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    deadlines: Vec<(Timer, Instant)>,
}

impl Timers {
    pub(crate) fn arm(&mut self, timer: Timer, ms: u64) {
        self.disarm(timer);
        self.deadlines.push((timer, Instant::now() + Duration::from_millis(ms)));
    }

    pub(crate) fn disarm(&mut self, timer: Timer) {
        self.deadlines.retain(|(armed, _)| *armed != timer);
    }

    /// Waits for the nearest deadline of that kind; forever when none is armed. It stays
    /// armed until it is disarmed.
    pub(crate) async fn elapsed(&self, kind: Kind) -> Timer {
        let of_kind = self.deadlines.iter().filter(|(timer, _)| Kind::of(*timer) == kind);
        match of_kind.min_by_key(|(_, deadline)| *deadline).copied() {
            None => std::future::pending().await,
            Some((timer, deadline)) => {
                sleep_until(deadline).await;
                timer
            }
        }
    }
}

/// What a timer measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A span of time, whatever happens in it.
    Span,
    /// That the provider says nothing. What it has said and nobody has taken yet (the store
    /// was away) counts, so this is looked at last.
    Silence,
}

impl Kind {
    fn of(timer: Timer) -> Self {
        match timer {
            Timer::Frame | Timer::Turn | Timer::Retry => Self::Span,
            Timer::FirstToken | Timer::Stall | Timer::Halt => Self::Silence,
        }
    }
}
