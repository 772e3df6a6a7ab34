//! Chooses the moment of a kill, and tells what it hit.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use fastrand::Rng;

use super::traffic::{Activity, SharedObserver, lock};
use crate::times::exactly;

/// The longest wait for a moment.
const PATIENCE: Duration = Duration::from_secs(3);

/// The condition to wait for before the kill.
#[derive(Clone, Copy, Debug)]
enum Until {
    /// Nothing.
    Now,
    /// This many sends have begun.
    Sends(u64),
    /// Observers have seen this many frames.
    Frames(u64),
    /// This many turns have ended.
    Ends(u64),
}

/// A moment: a short time after a condition holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    until: Until,
    then: Duration,
}

impl Moment {
    /// Chooses a random moment; moments near commits are more frequent than by pure chance.
    pub(super) fn choose(rng: &mut Rng) -> Self {
        let (until, most_us) = match rng.u8(0..4) {
            0 => (Until::Now, 600_000),
            1 => (Until::Sends(rng.u64(1..12)), 4_000),
            2 => (Until::Frames(rng.u64(1..120)), 4_000),
            _ => (Until::Ends(rng.u64(1..4)), 30_000),
        };
        Self { until, then: Duration::from_micros(rng.u64(0..most_us)) }
    }

    /// Waits for the moment.
    pub(super) async fn comes(self, activity: &Activity) {
        let _ = tokio::time::timeout(PATIENCE, async {
            match self.until {
                Until::Now => {}
                Until::Sends(count) => reaches(&activity.sends, count, activity).await,
                Until::Frames(count) => reaches(&activity.frames, count, activity).await,
                Until::Ends(count) => reaches(&activity.ends, count, activity).await,
            }
        })
        .await;
        exactly(self.then).await;
    }
}

async fn reaches(counter: &AtomicU64, count: u64, activity: &Activity) {
    loop {
        let changed = activity.changed.notified();
        if counter.load(SeqCst) >= count {
            return;
        }
        changed.await;
    }
}

/// What a kill hit, as far as this can be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strike {
    /// A send that waits for its answer.
    Send,
    /// A running turn without any text yet.
    BeforeText,
    /// A running turn with text.
    Stream,
    /// No running turn.
    Between,
    /// A companion that was not ready yet.
    StartUp,
}

impl Strike {
    /// The current state of a companion that is about to be killed.
    pub(super) fn at(activity: &Activity, observers: &[SharedObserver]) -> Self {
        if activity.in_flight.load(SeqCst) > 0 {
            return Self::Send;
        }
        let mut strike = Self::Between;
        for observer in observers {
            let observer = lock(observer);
            let Some(view) = &observer.view else { continue };
            let Some(turn) = view.running() else { continue };
            match view.messages.iter().rev().find(|message| message.id == turn.answer) {
                Some(answer) if !answer.text.is_empty() => return Self::Stream,
                _ => strike = Self::BeforeText,
            }
        }
        strike
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send => "with a send in flight",
            Self::BeforeText => "before the first text",
            Self::Stream => "in mid-stream",
            Self::Between => "between turns",
            Self::StartUp => "during start-up",
        })
    }
}
