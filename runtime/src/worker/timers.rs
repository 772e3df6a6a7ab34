//! The timers of one turn. Each is a deadline, and the actor waits for the nearest one.

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

    /// Waits for the nearest deadline of that kind; pending forever if none is armed. The timer
    /// stays armed until it is disarmed.
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
    /// An elapsed time, whatever happens meanwhile.
    Span,
    /// The provider's silence. This is checked last, because outputs that are still in the channel
    /// (while the store was away) count as signs of life.
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
