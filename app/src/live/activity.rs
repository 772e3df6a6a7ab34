//! The current activity of a conversation.

use protocol::{Timestamp, Turn, TurnState, Worker, WorkerStatus};

/// The single status that the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    Idle,
    /// The message is being sent to the server.
    Sending,
    /// A turn waits in a queue behind this many others.
    Waiting {
        ahead: u32,
    },
    /// The model is being loaded into memory.
    Loading,
    /// An attempt failed; the provider is being asked again.
    Retrying,
    /// A turn runs, and no part of its answer has arrived yet.
    Reading,
    /// Reasoning is arriving, and no text yet.
    Thinking {
        since: Timestamp,
    },
    /// Text is arriving.
    Generating,
    /// The user asked to stop, and the turn has not ended yet.
    Stopping,
    Unavailable,
    Stopped,
}

/// The request that this page has in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PendingRequest {
    #[default]
    None,
    Sending,
    Stopping,
}

/// The stage of a running turn.
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
    /// Derives it from the worker, the stage of its running turn, and the page's own request.
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
                // The turn is not in the view: the page shows earlier messages, or the event is
                // outstanding.
                WorkerStatus::Generating => Self::Reading,
                WorkerStatus::Idle => Self::Idle,
            },
        }
    }

    /// Whether a turn runs, so that it can be stopped and nothing can be sent.
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
    use protocol::sample;

    #[test]
    fn the_activity_follows_the_stage_of_the_turn() {
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
    fn without_a_turn_the_activity_follows_the_worker() {
        let mut worker = sample::worker();
        assert_eq!(Activity::of(&worker, None, PendingRequest::None), Activity::Idle);
        assert_eq!(Activity::of(&worker, None, PendingRequest::Sending), Activity::Sending);
        assert_eq!(Activity::of(&worker, None, PendingRequest::Stopping), Activity::Idle);
        worker.status = WorkerStatus::Unavailable;
        assert_eq!(Activity::of(&worker, None, PendingRequest::None), Activity::Unavailable);
    }
}
