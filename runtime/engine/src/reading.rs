//! Tracks how much of a prompt is read, and when to report it. Pure.

use std::time::Duration;

use protocol::Progress;

/// The time between two reports, and before the first: a prompt that is read sooner needs none.
const EVERY: Duration = Duration::from_millis(250);

/// A prompt that is being read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The number of tokens that were in the cache already.
    kept: usize,
    prompt: usize,
    told: Duration,
}

impl Reading {
    pub(crate) fn new(kept: usize, prompt: usize) -> Self {
        Self { kept, prompt, told: Duration::ZERO }
    }

    /// The report after `read` tokens and `elapsed` time, or `None` if none is due.
    pub(crate) fn at(&mut self, read: usize, elapsed: Duration) -> Option<Progress> {
        if read >= self.prompt || elapsed < self.told + EVERY {
            return None;
        }
        self.told = elapsed;
        // The cast saturates, and drops the fraction.
        let chunk_sizer = (read.saturating_sub(self.kept) as f64 / elapsed.as_secs_f64()) as u32;
        let count = |tokens| u32::try_from(tokens).unwrap_or(u32::MAX);
        Some(Progress {
            read_tokens: count(read),
            prompt_tokens: count(self.prompt),
            tokens_per_second: chunk_sizer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn progress_is_reported_periodically_with_the_speed_of_new_tokens() {
        let mut reading = Reading::new(100, 1_000);
        assert_eq!(reading.at(150, 249 * MS), None);
        let progress = reading.at(200, 250 * MS).unwrap();
        assert_eq!((progress.percent(), progress.tokens_per_second), (20, 400));
        assert_eq!(reading.at(250, 499 * MS), None);
        let progress = reading.at(500, 500 * MS).unwrap();
        assert_eq!((progress.percent(), progress.tokens_per_second), (50, 800));
        // The next output implies that the prompt is read, so the last report is left out.
        assert_eq!(reading.at(1_000, 900 * MS), None);
    }
}
