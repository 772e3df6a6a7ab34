//! Measures times, and waits for exact times.

use std::fmt;
use std::time::{Duration, Instant};

/// The measured times of one kind of work.
#[derive(Clone, Debug, Default)]
pub struct Times {
    taken: Vec<Duration>,
}

impl Times {
    /// Adds a time.
    pub fn add(&mut self, time: Duration) {
        self.taken.push(time);
        self.taken.sort();
    }

    /// Adds all times of `other`.
    pub fn extend(&mut self, other: &Self) {
        self.taken.extend(&other.taken);
        self.taken.sort();
    }

    /// The number of times.
    pub fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether there are no times.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// The time that `percent` of them did not exceed; zero if there are none.
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.taken.len() * percent).div_ceil(100);
        self.taken.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// Count, median, 99th percentile and maximum, in milliseconds.
impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.percentile(percent).as_secs_f64() * 1000.0;
        write!(f, "{:>6} {:>9.1} {:>9.1} {:>9.1}", self.len(), ms(50), ms(99), ms(100))
    }
}

/// The head of a table of [`Times`]; their columns follow a name of `width` characters.
pub fn head(what: &str, width: usize) -> String {
    format!("{what:<width$} {:>6} {:>9} {:>9} {:>9}", "count", "p50 ms", "p99 ms", "max ms")
}

/// Sleeps with microsecond precision; a timer's tick would be as long as a commit.
pub async fn exactly(time: Duration) {
    const TICK: Duration = Duration::from_millis(2);
    let end = Instant::now() + time;
    if time > TICK {
        tokio::time::sleep(time - TICK).await;
    }
    while Instant::now() < end {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_times() {
        let mut times = Times::default();
        assert_eq!(times.percentile(50), Duration::ZERO);
        for ms in (1..=100).rev() {
            times.add(Duration::from_millis(ms));
        }
        for (percent, ms) in [(1, 1), (50, 50), (99, 99), (100, 100)] {
            assert_eq!(times.percentile(percent), Duration::from_millis(ms));
        }
    }
}
