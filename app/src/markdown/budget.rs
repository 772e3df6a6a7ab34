//! Leave to go on rendering: it ends when nobody waits for the result any more, and when its
//! time is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Asked at each step of a rendering. Clones end together.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    cancelled: Arc<AtomicBool>,
    /// When the time is over; none for a rendering that takes as long as it takes.
    until: Option<Instant>,
}

impl Budget {
    /// One that ends after so long.
    pub fn of(time: Duration) -> Self {
        Self { until: Instant::now().checked_add(time), ..Self::default() }
    }

    /// The same without an end of its time: it still ends when it is cancelled.
    pub fn untimed(&self) -> Self {
        Self { until: None, ..self.clone() }
    }

    /// Nobody waits any more.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the rendering has to end as it is.
    pub fn is_spent(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.left() == Some(Duration::ZERO)
    }

    /// How much time is left; none where time is no matter.
    pub fn left(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }
}
