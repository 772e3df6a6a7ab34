//! What a worker's append-only log holds.

use serde::{Deserialize, Serialize};

use crate::{
    Adjustment, ContextWindow, Effort, Error, Finish, Message, MessageId, ProfileName,
    ProviderName, Timestamp, Timings, Turn, TurnId, TurnState, Usage, Visibility,
};

/// One committed entry of a worker's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Position in the worker's log: 1, 2, 3 ... without a gap.
    pub seq: u64,
    /// Present where one event stands for the run `first_seq..=seq`: the deltas of a run are
    /// folded into one when their turn ends, and for a reader that lags behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seq: Option<u64>,
    /// When it was committed; of a run, when its first event was, so that the time of the
    /// first text is the same for every reader.
    pub at: Timestamp,
    #[serde(flatten)]
    pub body: EventBody,
}

impl Event {
    /// The first position that this event stands for.
    pub fn first_seq(&self) -> u64 {
        self.first_seq.unwrap_or(self.seq)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventBody {
    /// The first event of every log.
    WorkerCreated {
        title: Option<String>,
        profile: ProfileName,
    },
    WorkerRenamed {
        title: Option<String>,
    },
    /// Pinned, archived, or neither any more.
    WorkerPlaced {
        place: Visibility,
    },
    /// What answers from the next turn on: a profile, and what takes the place of its own
    /// provider, model and effort.
    ProfileChanged {
        profile: ProfileName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<ProviderName>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effort: Option<Effort>,
    },
    /// Closed to new messages for good.
    WorkerStopped,
    /// Whether something can answer; `reason` says why not.
    AvailabilityChanged {
        reason: Option<Error>,
    },
    /// A user's message.
    MessageCommitted {
        message: Message,
    },
    /// A turn begins, and with it an empty assistant message.
    TurnAccepted {
        turn: Box<Turn>,
    },
    /// The turn stands in a queue behind `ahead` others.
    TurnWaiting {
        turn_id: TurnId,
        ahead: u32,
    },
    /// The provider loads the turn's model, which takes a while.
    TurnLoading {
        turn_id: TurnId,
    },
    /// The provider is about to be sent this much. The event is in the log before the request is
    /// on its way.
    TurnAsked {
        turn_id: TurnId,
        sight: ContextWindow,
        /// What answers, where the turn was accepted without knowing its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// The provider has begun.
    TurnGenerating {
        turn_id: TurnId,
        /// What was sent, in logs of versions without `turn_asked`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sight: Option<ContextWindow>,
        /// The same of what answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// An attempt failed before anything was shown of it; the provider is asked again after a
    /// pause.
    TurnRetrying {
        turn_id: TurnId,
        /// What ended the attempt.
        error: Error,
        /// How long the pause is, in milliseconds from the event's time.
        wait_ms: u64,
        /// What is done otherwise from the next attempt on; none where the same is asked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        adjustment: Option<Adjustment>,
    },
    /// A piece of assistant text at its byte offset in the message.
    TextDelta {
        turn_id: TurnId,
        message_id: MessageId,
        offset: u64,
        text: String,
    },
    /// A piece of the model's thinking at its byte offset in the message's reasoning, which is
    /// counted by itself.
    ReasoningDelta {
        turn_id: TurnId,
        message_id: MessageId,
        offset: u64,
        text: String,
    },
    /// The answer's text from byte `offset` on turned out to be thinking: it leaves the text
    /// and stands at the end of the reasoning. Text that follows begins at `offset` again.
    TextWasReasoning {
        turn_id: TurnId,
        message_id: MessageId,
        offset: u64,
    },
    /// The turn is over.
    TurnEnded {
        turn_id: TurnId,
        /// Invariant: final.
        state: TurnState,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Error>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finish: Option<Finish>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
        timings: Timings,
    },
}

impl EventBody {
    /// The name on the wire and in the store.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::WorkerCreated { .. } => "worker_created",
            Self::WorkerRenamed { .. } => "worker_renamed",
            Self::WorkerPlaced { .. } => "worker_placed",
            Self::ProfileChanged { .. } => "profile_changed",
            Self::WorkerStopped => "worker_stopped",
            Self::AvailabilityChanged { .. } => "availability_changed",
            Self::MessageCommitted { .. } => "message_committed",
            Self::TurnAccepted { .. } => "turn_accepted",
            Self::TurnWaiting { .. } => "turn_waiting",
            Self::TurnLoading { .. } => "turn_loading",
            Self::TurnAsked { .. } => "turn_asked",
            Self::TurnGenerating { .. } => "turn_generating",
            Self::TurnRetrying { .. } => "turn_retrying",
            Self::TextDelta { .. } => "text_delta",
            Self::ReasoningDelta { .. } => "reasoning_delta",
            Self::TextWasReasoning { .. } => "text_was_reasoning",
            Self::TurnEnded { .. } => "turn_ended",
        }
    }

    /// Whether the event adds a message to the transcript; pages begin at such events.
    pub fn begins_message(&self) -> bool {
        matches!(self, Self::MessageCommitted { .. } | Self::TurnAccepted { .. })
    }

    /// The digest of a text that is kept beside the log: of a system prompt, of what a chat template
    /// made of a request, or of the request itself.
    pub fn refers_to(&self) -> Option<&str> {
        match self {
            Self::TurnAccepted { turn } => Some(&turn.prompt_digest),
            Self::TurnAsked { sight, .. } => sight.rendered.as_deref().or(sight.request.as_deref()),
            _ => None,
        }
    }

    /// Whether it is a piece of an answer or of its thinking; runs of such are folded.
    pub fn is_delta(&self) -> bool {
        matches!(self, Self::TextDelta { .. } | Self::ReasoningDelta { .. })
    }

    /// What a piece says.
    pub fn piece_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::TextDelta { text, .. } | Self::ReasoningDelta { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Which message a piece belongs to, where it begins, and what it says.
    pub fn piece(&self) -> Option<(MessageId, u64, &str)> {
        match self {
            Self::TextDelta { message_id, offset, text, .. }
            | Self::ReasoningDelta { message_id, offset, text, .. } => {
                Some((*message_id, *offset, text))
            }
            _ => None,
        }
    }
}

/// Folds each run of neighbouring deltas of one message and one kind into a single delta.
///
/// Invariant: folding the result gives what folding the input gives, from every cursor at
/// or before the first event.
pub fn fold_deltas(events: Vec<Event>) -> Vec<Event> {
    let mut folded: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        let last = folded.last_mut();
        match last.filter(|last| joins(last, &event)) {
            Some(last) => join(last, event),
            None => folded.push(event),
        }
    }
    folded
}

fn joins(last: &Event, next: &Event) -> bool {
    let same_kind = std::mem::discriminant(&last.body) == std::mem::discriminant(&next.body);
    let (Some((a, offset, text)), Some((b, next_offset, _))) =
        (last.body.piece(), next.body.piece())
    else {
        return false;
    };
    let follows = next.first_seq() == last.seq + 1 && next_offset == offset + text.len() as u64;
    same_kind && a == b && follows
}

fn join(last: &mut Event, mut next: Event) {
    last.first_seq = Some(last.first_seq());
    last.seq = next.seq;
    if let (Some(text), Some(more)) = (last.body.piece_mut(), next.body.piece_mut()) {
        text.push_str(more);
    }
}

/// Takes off a text what turned out to be thinking: all from byte `offset` on.
pub fn take_reasoning(text: &mut String, offset: u64) -> String {
    let at = usize::try_from(offset).unwrap_or(usize::MAX);
    text.split_off(text.floor_char_boundary(at))
}
