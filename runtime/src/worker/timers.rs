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

    /// Waits for the nearest deadline and takes it; forever when none is armed. Cancel-safe.
    pub(crate) async fn elapsed(&mut self) -> Timer {
        let nearest = self.deadlines.iter().min_by_key(|(_, deadline)| *deadline).copied();
        match nearest {
            None => std::future::pending().await,
            Some((timer, deadline)) => {
                sleep_until(deadline).await;
                self.disarm(timer);
                timer
            }
        }
    }
}
