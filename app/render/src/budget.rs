//! A limit for a rendering, which has to stop when its time is over, or when it is cancelled
//! because nobody waits for its result any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Is asked at each step of a rendering. Cancelling one clone cancels all of them.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    cancelled: Arc<AtomicBool>,
    /// When the time is over; none for a rendering without a time limit.
    until: Option<Instant>,
}

impl Budget {
    /// A budget of so much time, from now on.
    pub fn of(time: Duration) -> Self {
        Self { until: Instant::now().checked_add(time), ..Self::default() }
    }

    /// The same budget without its time limit. It is still cancelled together with this one.
    pub fn untimed(&self) -> Self {
        Self { until: None, ..self.clone() }
    }

    /// Ends the budget, because nobody waits for the result any more.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the rendering has to stop now.
    pub fn is_spent(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.left() == Some(Duration::ZERO)
    }

    /// How much time is left; none without a time limit.
    pub fn left(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }
}
