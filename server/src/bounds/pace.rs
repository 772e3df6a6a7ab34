//! How fast a request body has to arrive; pure.
//!
//! A token bucket: waiting for the peer uses patience up, received bytes give some back, and there
//! is never more than the configured grace. So a fast beginning does not allow a long pause later.
//! Apache's `mod_reqtimeout` counts in the same way without the upper bound
//! (`RequestReadTimeout body=20,MinRate=500` by default), and Kestrel requires 240 bytes a second
//! after a grace of 5 s (`MinRequestBodyDataRate`). hyper leaves it to its users
//! (<https://github.com/hyperium/hyper/issues/2457>).

use std::time::Duration;

/// The rate that is required.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub bytes_per_s: u64,
    /// The longest pause, and the most patience that a body can have.
    pub grace: Duration,
}

/// Measures whether one body keeps the rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    rate: Rate,
    /// Invariant: at most the grace.
    patience: Duration,
}

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, patience: rate.grace }
    }

    /// How long the next piece may take.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Counts a piece of `bytes` for which the server waited for `waited`. Time that the server
    /// itself needed between two pieces must not be part of it.
    pub(super) fn came(&mut self, bytes: usize, waited: Duration) {
        let earned = Duration::from_secs_f64(bytes as f64 / self.rate.bytes_per_s as f64);
        let left = self.patience.saturating_sub(waited);
        self.patience = left.saturating_add(earned).min(self.rate.grace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { bytes_per_s: 500, grace: Duration::from_secs(10) };

    /// Sends a thousand pieces of `bytes`, one after each `pause`, and counts those that arrive
    /// before the patience is used up.
    fn taken(bytes: usize, pause: Duration) -> usize {
        let mut pace = Pace::new(RATE);
        let taken = (0..1000).take_while(|_| {
            let in_time = pause <= pace.patience();
            pace.came(bytes, pause);
            in_time
        });
        taken.count()
    }

    #[test]
    fn a_slow_link_meets_the_minimum_rate_and_a_trickle_does_not() {
        // A byte a second, as the attack sends them.
        assert_eq!(taken(1, Duration::from_secs(1)), 10);
        assert_eq!(taken(499, Duration::from_secs(1)), 1000, "a thousand seconds are not enough");
        // 9,600 bits a second, the slowest data call of a mobile phone; in packets of half a KiB.
        assert_eq!(taken(536, Duration::from_millis(450)), 1000);
        // Twelve thousand bytes at a time: a pause above the grace is too long, one below is not.
        assert_eq!(taken(12_000, Duration::from_secs(18)), 0);
        assert_eq!(taken(12_000, Duration::from_secs(8)), 1000);
    }

    #[test]
    fn a_fast_beginning_does_not_allow_a_long_pause() {
        let mut pace = Pace::new(RATE);
        pace.came(1_000_000, Duration::ZERO);
        assert_eq!(pace.patience(), RATE.grace);
    }
}
