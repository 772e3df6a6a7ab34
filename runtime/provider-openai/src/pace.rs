//! How often answers are read while there are many of them.
//!
//! An answer's piece costs much the same however small it is: a read of the socket, a wake-up, a
//! commit, a frame for each observer. With a thousand answers of fifty pieces a second, reading each
//! piece as it arrives takes more processor time than two cores have, and every answer falls behind.
//! So the more answers are being read, the longer each of them waits before it is read again, and
//! several pieces are read as one. What arrives meanwhile stays in the socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How much longer each answer waits for each answer that is being read.
const PER_ANSWER: Duration = Duration::from_micros(100);

/// The longest pause between two reads of an answer, and so the most that reading delays a piece.
const LONGEST: Duration = Duration::from_millis(60);

/// Shorter pauses are left out: few endpoints send two pieces within such a time, so that little would
/// be gained by them.
const SHORTEST: Duration = Duration::from_millis(15);

/// Counts the answers that are being read; its clones count together.
#[derive(Clone, Debug, Default)]
pub struct ReadingPace(Arc<AtomicUsize>);

impl ReadingPace {
    /// Begins to read an answer.
    pub(crate) fn begin(&self) -> PacedAnswer {
        self.0.fetch_add(1, Ordering::Relaxed);
        PacedAnswer { pace: self.clone(), read_at: None }
    }

    fn pause(&self) -> Option<Duration> {
        pause(self.0.load(Ordering::Relaxed))
    }
}

/// The pause between two reads of one of `answers` answers, if there is one.
fn pause(answers: usize) -> Option<Duration> {
    let answers = u32::try_from(answers).unwrap_or(u32::MAX);
    let pause = PER_ANSWER.saturating_mul(answers).min(LONGEST);
    (pause >= SHORTEST).then_some(pause)
}

/// One answer that is being read. It counts until it is dropped.
pub(crate) struct PacedAnswer {
    pace: ReadingPace,
    /// When the answer was read last; `None` before the first piece, which is never delayed.
    read_at: Option<Instant>,
}

impl PacedAnswer {
    /// Waits until the answer is due to be read again. Called when everything that had arrived was
    /// read.
    pub(crate) async fn due(&mut self) {
        if let (Some(pause), Some(read_at)) = (self.pace.pause(), self.read_at) {
            sleep_until(read_at + pause).await;
        }
    }

    /// Records that a piece was read after a wait.
    pub(crate) fn was_read(&mut self) {
        self.read_at = Some(Instant::now());
    }
}

impl Drop for PacedAnswer {
    fn drop(&mut self) {
        self.pace.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_the_number_of_answers_and_is_bounded() {
        assert_eq!(pause(0), None);
        assert_eq!(pause(100), None);
        assert_eq!(pause(400), Some(Duration::from_millis(40)));
        assert_eq!(pause(1_000), Some(LONGEST));
        assert_eq!(pause(usize::MAX), Some(LONGEST));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_among_many_is_read_again_only_after_the_pause() {
        let pace = ReadingPace::default();
        let mut answer = pace.begin();
        let others: Vec<_> = (0..399).map(|_| pace.begin()).collect();
        let began = Instant::now();
        answer.due().await;
        assert_eq!(began.elapsed(), Duration::ZERO, "the first piece waits for nothing");
        answer.was_read();
        answer.due().await;
        assert_eq!(began.elapsed(), Duration::from_millis(40));
        // A slow endpoint's pieces are not delayed.
        tokio::time::advance(Duration::from_millis(100)).await;
        answer.due().await;
        assert_eq!(began.elapsed(), Duration::from_millis(140));
        drop(others);
        answer.was_read();
        answer.due().await;
        assert_eq!(began.elapsed(), Duration::from_millis(140), "the others have ended");
    }
}
