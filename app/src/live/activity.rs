//! What a conversation is doing now, in one word.

use protocol::{Timestamp, Turn, TurnState, Worker, WorkerStatus};

/// The one status that the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    Idle,
    /// The message is on its way to the server.
    Sending,
    /// A turn stands in a queue behind so many others.
    Waiting {
        ahead: u32,
    },
    /// The model is brought into memory.
    Loading,
    /// An attempt failed; the provider is asked again.
    Retrying,
    /// A turn runs and nothing of its answer has come yet.
    Reading,
    /// Thinking is coming, and no text yet.
    Thinking {
        since: Timestamp,
    },
    /// Text is coming.
    Generating,
    /// The user asked for the end, and it is not reached yet.
    Stopping,
    Unavailable,
    Stopped,
}

/// What the page itself has under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PendingRequest {
    #[default]
    None,
    Sending,
    Stopping,
}

/// How far a running turn has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Waiting { ahead: u32 },
    Loading,
    Retrying,
    Reading,
    Thinking { since: Timestamp },
    Writing,
}

impl Stage {
    /// Derives it from a turn that has not ended.
    pub fn of(turn: &Turn) -> Self {
        match (turn.state, turn.waiting) {
            (TurnState::Accepted, Some(ahead)) => Self::Waiting { ahead },
            (TurnState::Accepted, None) if turn.loading => Self::Loading,
            (TurnState::Accepted, None) if !turn.retries.is_empty() => Self::Retrying,
            _ if turn.timings.first_token_ms.is_some() => Self::Writing,
            _ => turn.thinks_since().map_or(Self::Reading, |since| Self::Thinking { since }),
        }
    }
}

impl Activity {
    /// Derives it from the worker, its running turn, and the page's own pending.
    pub fn of(worker: &Worker, stage: Option<Stage>, pending: PendingRequest) -> Self {
        match (stage, pending) {
            (Some(_), PendingRequest::Stopping) => Self::Stopping,
            (Some(Stage::Waiting { ahead }), _) => Self::Waiting { ahead },
            (Some(Stage::Loading), _) => Self::Loading,
            (Some(Stage::Retrying), _) => Self::Retrying,
            (Some(Stage::Reading), _) => Self::Reading,
            (Some(Stage::Thinking { since }), _) => Self::Thinking { since },
            (Some(Stage::Writing), _) => Self::Generating,
            (None, PendingRequest::Sending) => Self::Sending,
            (None, _) => match worker.status {
                WorkerStatus::Stopped => Self::Stopped,
                WorkerStatus::Unavailable => Self::Unavailable,
                // The turn itself is not in the view: an earlier page, or not folded in yet.
                WorkerStatus::Generating => Self::Reading,
                WorkerStatus::Idle => Self::Idle,
            },
        }
    }

    /// Whether a turn runs, so that there is something to stop and nothing can be sent.
    pub fn is_running(self) -> bool {
        use Activity::{Generating, Loading, Reading, Retrying, Stopping, Thinking, Waiting};
        matches!(
            self,
            Waiting { .. } | Loading | Retrying | Reading | Thinking { .. } | Generating | Stopping
        )
    }

    /// The value of `data-activity`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Sending => "sending",
            Self::Waiting { .. } => "waiting",
            Self::Loading => "loading",
            Self::Retrying => "retrying",
            Self::Reading => "reading",
            Self::Thinking { .. } => "thinking",
            Self::Generating => "generating",
            Self::Stopping => "stopping",
            Self::Unavailable => "unavailable",
            Self::Stopped => "stopped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::sample;

    #[test]
    fn a_turn_goes_through_its_words() {
        let (worker, mut turn) = (sample::worker(), sample::turn());
        let of = |turn: &Turn| Activity::of(&worker, Some(Stage::of(turn)), PendingRequest::None);
        turn.waiting = Some(2);
        assert_eq!(of(&turn), Activity::Waiting { ahead: 2 });
        turn.waiting = None;
        assert_eq!(of(&turn), Activity::Reading);
        turn.loading = true;
        assert_eq!(of(&turn), Activity::Loading);
        assert!(of(&turn).is_running());
        turn.loading = false;
        turn.retries = vec![sample::retry()];
        assert_eq!(of(&turn), Activity::Retrying);
        turn.state = TurnState::Generating;
        assert_eq!(of(&turn), Activity::Reading);
        turn.timings.first_reasoning_ms = Some(7);
        let since = Timestamp::from_unix_ms(turn.started_at.unix_ms() + 7);
        assert_eq!(of(&turn), Activity::Thinking { since });
        assert!(of(&turn).is_running());
        turn.timings.first_token_ms = Some(9);
        assert_eq!(of(&turn), Activity::Generating);
        assert!(of(&turn).is_running());
    }

    #[test]
    fn without_a_turn_the_worker_speaks() {
        let mut worker = sample::worker();
        assert_eq!(Activity::of(&worker, None, PendingRequest::None), Activity::Idle);
        assert_eq!(Activity::of(&worker, None, PendingRequest::Sending), Activity::Sending);
        assert_eq!(Activity::of(&worker, None, PendingRequest::Stopping), Activity::Idle);
        worker.status = WorkerStatus::Unavailable;
        assert_eq!(Activity::of(&worker, None, PendingRequest::None), Activity::Unavailable);
    }
}
