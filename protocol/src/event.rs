//! The events of a worker's append-only log.

use serde::{Deserialize, Serialize};

use crate::{
    Adjustment, ContextWindow, Effort, Error, Finish, Message, MessageId, ProfileName,
    ProviderName, Temperature, Timestamp, Timings, Turn, TurnId, TurnState, Usage, Visibility,
};

/// One committed entry of a worker's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// The position in the worker's log: 1, 2, 3 ... without a gap.
    pub seq: u64,
    /// Present if this event stands for the run `first_seq..=seq`: the deltas of a run are folded
    /// into one when their turn ends, and for a reader that lags behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seq: Option<u64>,
    /// When it was committed. For a run this is the time of its first event, so that all readers
    /// get the same time of the first text.
    pub at: Timestamp,
    /// The kind of event with its data. In JSON `type` and the fields stand beside `seq` and `at`.
    #[serde(flatten)]
    pub body: EventBody,
}

impl Event {
    /// The first position that this event stands for.
    pub fn first_seq(&self) -> u64 {
        self.first_seq.unwrap_or(self.seq)
    }
}

/// The content of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventBody {
    /// The first event of every log.
    WorkerCreated {
        /// The title that the creator gave, if any.
        title: Option<String>,
        /// The profile that answers until another one is chosen.
        profile: ProfileName,
    },
    /// The title was set, changed or removed.
    WorkerRenamed {
        /// The new title; null if it was removed.
        title: Option<String>,
    },
    /// The worker was pinned, archived, or put back among the others.
    WorkerPlaced {
        /// Where lists show the worker from now on.
        place: Visibility,
    },
    /// The profile that answers from the next turn on, the choices that replace its provider, model,
    /// effort and temperature, and what it is told besides.
    ProfileChanged {
        /// The profile by its name in the bundle.
        profile: ProfileName,
        /// Replaces the profile's provider.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<ProviderName>,
        /// Replaces the model of the profile, or of the provider chosen here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// The reasoning effort; replaces the profile's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effort: Option<Effort>,
        /// The temperature; replaces the profile's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<f32>))]
        temperature: Option<Temperature>,
        /// The digest of the conversation's own instructions, which follow the profile's prompt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instructions: Option<String>,
    },
    /// From the next turn on, a message is no longer sent to models, or is sent again.
    MessageOmitted {
        /// The message, which stays in the conversation.
        message_id: MessageId,
        /// Whether it is left out of what is sent.
        omitted: bool,
    },
    /// The worker was closed permanently to new messages.
    WorkerStopped,
    /// Whether the worker can answer; `reason` says why not.
    AvailabilityChanged {
        /// Null if it can answer.
        reason: Option<Error>,
    },
    /// A user's message.
    MessageCommitted {
        /// The message with its text, in full.
        message: Message,
    },
    /// A turn was accepted, with an empty assistant message for its answer.
    TurnAccepted {
        /// The turn in the state `accepted`, with ids for its question and its answer.
        turn: Box<Turn>,
    },
    /// The turn waits in a queue behind `ahead` others.
    TurnWaiting {
        /// The turn that waits.
        turn_id: TurnId,
        /// The number of requests that the provider answers before this one.
        ahead: u32,
    },
    /// The provider is loading the turn's model, which takes a while.
    TurnLoading {
        /// The turn that the model is loaded for.
        turn_id: TurnId,
    },
    /// The provider is about to be sent the messages that `sight` describes. The event is committed
    /// before the request is sent.
    TurnAsked {
        /// The turn whose request is about to be sent.
        turn_id: TurnId,
        /// The part of the conversation that the request contains, and the request's adjustments.
        sight: ContextWindow,
        /// The model that answers, if its name was unknown when the turn was accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// The provider has started to work on the request.
    TurnGenerating {
        /// The turn that is being answered.
        turn_id: TurnId,
        /// What the model was given, in logs of versions without `turn_asked`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sight: Option<ContextWindow>,
        /// The model that answers, in such logs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// An attempt failed before any of its output was shown; the provider is asked again after a
    /// pause.
    TurnRetrying {
        /// The turn whose attempt failed.
        turn_id: TurnId,
        /// The error that ended the attempt.
        error: Error,
        /// The length of the pause in milliseconds, from the event's time.
        wait_ms: u64,
        /// What the next attempts change; absent if the same request is made again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        adjustment: Option<Adjustment>,
    },
    /// A piece of assistant text at its byte offset in the message.
    TextDelta {
        /// The turn that the text comes from.
        turn_id: TurnId,
        /// The assistant message that grows.
        message_id: MessageId,
        /// The number of bytes of UTF-8 in the message's text before this piece.
        offset: u64,
        /// Whole characters, at least one.
        text: String,
    },
    /// A piece of the model's thinking at its byte offset in the message's reasoning, which has
    /// offsets of its own.
    ReasoningDelta {
        /// The turn that the thinking comes from.
        turn_id: TurnId,
        /// The assistant message whose reasoning grows.
        message_id: MessageId,
        /// The number of bytes of UTF-8 in the message's reasoning before this piece.
        offset: u64,
        /// Whole characters, at least one.
        text: String,
    },
    /// The answer's text from byte `offset` on turned out to be thinking: it moves to the end of
    /// the reasoning. Text that follows begins at `offset` again.
    TextWasReasoning {
        /// The turn whose output turned out to be thinking.
        turn_id: TurnId,
        /// The assistant message whose text shrinks.
        message_id: MessageId,
        /// The number of bytes of UTF-8 that remain in the message's text.
        offset: u64,
    },
    /// The turn has ended.
    TurnEnded {
        /// The turn that ended; no later event names it.
        turn_id: TurnId,
        /// Invariant: a final state.
        state: TurnState,
        /// Why the turn failed or timed out; absent in the other states.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Error>,
        /// Why the model stopped; absent unless the turn completed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finish: Option<Finish>,
        /// The tokens as the provider counted them; absent if it did not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
        /// The times of all steps, which replace those folded so far.
        timings: Timings,
    },
}

impl EventBody {
    /// The event's name on the wire and in the store.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::WorkerCreated { .. } => "worker_created",
            Self::WorkerRenamed { .. } => "worker_renamed",
            Self::WorkerPlaced { .. } => "worker_placed",
            Self::ProfileChanged { .. } => "profile_changed",
            Self::MessageOmitted { .. } => "message_omitted",
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

    /// The digest of a text that is stored beside the log: a system prompt, the instructions of a
    /// conversation, a prompt that a chat template rendered, or a request.
    pub fn refers_to(&self) -> Option<&str> {
        match self {
            Self::TurnAccepted { turn } => Some(&turn.prompt_digest),
            Self::ProfileChanged { instructions, .. } => instructions.as_deref(),
            Self::TurnAsked { sight, .. } => sight.rendered.as_deref().or(sight.request.as_deref()),
            _ => None,
        }
    }

    /// Whether the event is a delta of an answer or of its thinking. Runs of deltas are folded.
    pub fn is_delta(&self) -> bool {
        matches!(self, Self::TextDelta { .. } | Self::ReasoningDelta { .. })
    }

    /// The text of a delta.
    pub fn piece_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::TextDelta { text, .. } | Self::ReasoningDelta { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The message, the byte offset and the text of a delta.
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
/// Invariant: the result has the same view as the input, from every cursor at or before the first
/// event.
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

/// Removes the text from byte `offset` on, which turned out to be thinking, and returns it.
pub fn take_reasoning(text: &mut String, offset: u64) -> String {
    let at = usize::try_from(offset).unwrap_or(usize::MAX);
    text.split_off(text.floor_char_boundary(at))
}
