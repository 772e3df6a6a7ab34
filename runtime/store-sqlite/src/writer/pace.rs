//! When the next group of commits begins; pure.
//!
//! A commit has a cost of its own beside that of its jobs, so under load it is better to wait for
//! more jobs. While it is quiet, each job is committed at once.

use std::time::{Duration, Instant};

/// Over how long jobs are counted.
const WINDOW: Duration = Duration::from_millis(50);

/// How much longer a group waits for each job in a window. With 100 answers of 50 pieces a second
/// (250 jobs in a window) groups are 5 ms apart, so that one holds about 25 jobs.
const PER_JOB: Duration = Duration::from_micros(20);

/// The longest time between two groups, and so the most that a delta waits.
pub(super) const WIDEST: Duration = Duration::from_millis(10);

/// The load, as the number of jobs in the last windows.
pub(super) struct Pace {
    window_began: Instant,
    jobs: u32,
    /// The jobs of earlier windows; older ones count less.
    before: u32,
    last_group: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { window_began: now, jobs: 0, before: 0, last_group: now }
    }

    /// How long the next group waits for more jobs.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        // What was counted two windows ago says nothing about now.
        let is_old = now.duration_since(self.window_began) > 2 * WINDOW;
        let jobs = if is_old { 0 } else { self.before.max(self.jobs) };
        let width = (PER_JOB * jobs).min(WIDEST);
        (self.last_group + width).saturating_duration_since(now)
    }

    /// Counts a group that begins.
    pub(super) fn begin(&mut self, now: Instant, jobs: usize) {
        let elapsed = now.duration_since(self.window_began);
        if elapsed > WINDOW {
            let is_old = elapsed > 2 * WINDOW;
            self.before = if is_old { 0 } else { u32::midpoint(self.before, self.jobs) };
            (self.window_began, self.jobs) = (now, 0);
        }
        self.jobs += u32::try_from(jobs).unwrap_or(u32::MAX);
        self.last_group = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time between groups after half a second of `jobs` jobs in each millisecond.
    fn width(jobs: usize) -> Duration {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        let (mut waiting, mut width) = (0, Duration::ZERO);
        for ms in 0..500 {
            let now = begin + Duration::from_millis(ms);
            waiting += jobs;
            if waiting > 0 && pace.wait(now).is_zero() {
                width = now.duration_since(pace.last_group);
                pace.begin(now, waiting);
                waiting = 0;
            }
        }
        width
    }

    #[test]
    fn groups_are_as_far_apart_as_there_are_jobs() {
        assert_eq!(width(1), Duration::from_millis(1));
        assert!((4..=8).contains(&width(5).as_millis()), "{:?}", width(5));
        assert_eq!(width(100), WIDEST);
    }

    #[test]
    fn a_job_after_a_pause_waits_for_nothing() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        assert!(pace.wait(begin).is_zero());
        pace.begin(begin, 10_000);
        assert_eq!(pace.wait(begin), WIDEST);
        let later = begin + 3 * WINDOW;
        assert!(pace.wait(later).is_zero());
        pace.begin(later, 1);
        assert!(pace.wait(later + PER_JOB).is_zero());
    }
}
