//! The timers of one turn. Each is a deadline, and the actor waits for the nearest one of each kind.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::turn::Timer;

/// The timers of a turn, by what they measure.
#[derive(Default)]
pub(crate) struct Timers {
    pub(crate) span: Deadlines,
    pub(crate) silence: Deadlines,
}

impl Timers {
    pub(crate) fn arm(&mut self, timer: Timer, ms: u64) {
        self.of(timer).arm(timer, Instant::now() + Duration::from_millis(ms));
    }

    pub(crate) fn disarm(&mut self, timer: Timer) {
        self.of(timer).disarm(timer);
    }

    fn of(&mut self, timer: Timer) -> &mut Deadlines {
        match Kind::of(timer) {
            Kind::Span => &mut self.span,
            Kind::Silence => &mut self.silence,
        }
    }
}

/// At most one deadline per timer.
#[derive(Default)]
pub(crate) struct Deadlines {
    deadlines: Vec<(Timer, Instant)>,
    /// It ends no later than the nearest deadline. Every piece of an answer moves the deadline for
    /// silence, and it is cheaper to look again when the old one is reached than to tell the
    /// runtime's clock of each move.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadlines {
    fn arm(&mut self, timer: Timer, deadline: Instant) {
        self.disarm(timer);
        self.deadlines.push((timer, deadline));
    }

    fn disarm(&mut self, timer: Timer) {
        self.deadlines.retain(|(armed, _)| *armed != timer);
    }

    /// Waits for the nearest deadline; pending forever if none is armed. The timer stays armed until
    /// it is disarmed.
    pub(crate) async fn elapsed(&mut self) -> Timer {
        let nearest = self.deadlines.iter().min_by_key(|(_, deadline)| *deadline);
        let Some((timer, deadline)) = nearest.copied() else { return std::future::pending().await };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            if sleep.is_elapsed() || sleep.deadline() > deadline {
                if Instant::now() >= deadline {
                    return timer;
                }
                sleep.as_mut().reset(deadline);
            }
            sleep.as_mut().await;
        }
    }
}

/// What a timer measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn elapses(deadlines: &mut Deadlines, after_ms: u64, timer: Timer) {
        let began = Instant::now();
        assert_eq!(deadlines.elapsed().await, timer);
        assert_eq!(began.elapsed(), Duration::from_millis(after_ms));
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_that_moves_is_met_where_it_is_last() {
        let mut timers = Timers::default();
        timers.arm(Timer::Stall, 100);
        for _ in 0..10 {
            let wait = timers.silence.elapsed();
            assert!(tokio::time::timeout(Duration::from_millis(60), wait).await.is_err());
            timers.arm(Timer::Stall, 100);
        }
        elapses(&mut timers.silence, 100, Timer::Stall).await;
        elapses(&mut timers.silence, 0, Timer::Stall).await;
        timers.arm(Timer::Stall, 100);
        timers.arm(Timer::Halt, 30);
        elapses(&mut timers.silence, 30, Timer::Halt).await;
        timers.disarm(Timer::Halt);
        elapses(&mut timers.silence, 70, Timer::Stall).await;
        timers.disarm(Timer::Stall);
        let never = timers.silence.elapsed();
        assert!(tokio::time::timeout(Duration::from_secs(1000), never).await.is_err());
    }
}
