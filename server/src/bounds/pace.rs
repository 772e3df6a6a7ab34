//! How fast a body has to come in; pure.
//!
//! A leaky bucket over a sliding window: waiting for the peer uses up patience, what it sends
//! gives some back, and there is never more of it than the window holds. So a fast beginning buys
//! no long pause later. Apache's `mod_reqtimeout` counts in the same way without the window
//! (`RequestReadTimeout body=20,MinRate=500` by default), and Kestrel asks for 240 bytes a second
//! after a grace of 5 s (`MinRequestBodyDataRate`). hyper leaves it to its users
//! (<https://github.com/hyperium/hyper/issues/2457>).

use std::time::Duration;

/// The rate that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub bytes_per_s: u64,
    /// The window, and the longest pause.
    pub grace: Duration,
}

/// Whether one body keeps the rate.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    rate: Rate,
    /// Invariant: at most the grace.
    patience: Duration,
}

impl Pace {
    pub fn new(rate: Rate) -> Self {
        Self { rate, patience: rate.grace }
    }

    /// How long the next piece may be waited for.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Counts a piece of `bytes` that was waited for. Time that the server itself needed between
    /// two pieces is no waiting.
    pub fn came(&mut self, bytes: usize, waited: Duration) {
        let earned = Duration::from_secs_f64(bytes as f64 / self.rate.bytes_per_s as f64);
        let left = self.patience.saturating_sub(waited);
        self.patience = left.saturating_add(earned).min(self.rate.grace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { bytes_per_s: 500, grace: Duration::from_secs(10) };

    /// Sends pieces of `bytes`, one each `pause`; how many are taken, of a thousand.
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
    fn a_slow_but_real_link_is_waited_for_and_a_trickle_is_not() {
        // A byte a second, as the attack sends them.
        assert_eq!(taken(1, Duration::from_secs(1)), 10);
        assert_eq!(taken(499, Duration::from_secs(1)), 1000, "a thousand seconds are not enough");
        // 9,600 bits a second, the slowest data call of a mobile phone; in packets of half a KiB.
        assert_eq!(taken(536, Duration::from_millis(450)), 1000);
        // The same with a break of eight seconds after each ten of data.
        assert_eq!(taken(12_000, Duration::from_secs(18)), 0);
        assert_eq!(taken(12_000, Duration::from_secs(8)), 1000);
    }

    #[test]
    fn a_fast_beginning_buys_no_long_pause() {
        let mut pace = Pace::new(RATE);
        pace.came(1_000_000, Duration::ZERO);
        assert_eq!(pace.patience(), RATE.grace);
    }
}
