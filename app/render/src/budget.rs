//! A limit for a rendering, which has to stop when its time is up, or when it is cancelled because
//! its result is no longer awaited.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Checked at each step of a rendering. Cancelling one clone cancels all of them.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    cancelled: Arc<AtomicBool>,
    /// The deadline; `None` without a time limit.
    until: Option<Instant>,
}

impl Budget {
    /// A budget with this time limit, starting now.
    pub fn of(time: Duration) -> Self {
        Self { until: Instant::now().checked_add(time), ..Self::default() }
    }

    /// The same budget without its time limit. It is still cancelled together with this one.
    pub fn untimed(&self) -> Self {
        Self { until: None, ..self.clone() }
    }

    /// Cancels the budget, because the result is no longer awaited.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the rendering has to stop now.
    pub fn is_spent(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.left() == Some(Duration::ZERO)
    }

    /// The remaining time; `None` without a time limit.
    pub fn left(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }
}
