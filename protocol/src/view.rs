//! The one fold from events to what a console shows (invariant 2).

use serde::{Deserialize, Serialize};

use crate::{
    Cursor, Event, EventBody, LogId, Message, MessageId, Retry, Role, Turn, TurnId, TurnState,
    Worker, take_reasoning,
};

/// The part of a worker that a console holds: a run of its newest messages, with their turns.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The summary after the last event that was folded in.
    pub worker: Worker,
    /// The last event that was folded in.
    pub seq: u64,
    /// In the order of the log.
    pub messages: Vec<Message>,
    /// In the order of the log.
    pub turns: Vec<Turn>,
    /// The seq before which there are earlier messages, if there are any.
    pub next_before: Option<u64>,
}

/// A page of messages with their turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Transcript {
    /// In the order of the log.
    pub messages: Vec<Message>,
    /// The turns that wrote the page's assistant messages, in the order of the log.
    pub turns: Vec<Turn>,
    /// The value of `before` for the page of earlier messages; null if this is the first page.
    pub next_before: Option<u64>,
    /// The position up to which the page was folded.
    pub cursor: Cursor,
    /// What the newest turn's model was not shown because it did not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<Truncated>,
}

/// Older messages that did not fit the model's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Truncated {
    /// How many messages of the branch were left out.
    pub left_out: u32,
    /// The oldest message that the model was shown.
    pub first: MessageId,
}

/// A bounded projection of a worker: status, newest page, cursor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// The summary after the last event that was folded in.
    pub worker: Worker,
    /// The last event that was folded in.
    pub seq: u64,
    /// The newest page, with the cursor from which the stream continues.
    pub transcript: Transcript,
}

/// The effect of folding an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The view changed.
    Changed(Change),
    /// The event had been folded before; nothing changed.
    Repeated,
    /// Events before this one are missing; nothing changed.
    Gap,
}

/// Which part of the view changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The worker's summary alone.
    Worker,
    /// A message was added, and perhaps its turn.
    Message(MessageId),
    /// A turn's state.
    Turn(TurnId),
    /// A message's text grew.
    Text(MessageId),
    /// A message's reasoning grew.
    Reasoning(MessageId),
    /// Text of a message became reasoning.
    Moved(MessageId),
}

impl View {
    /// A view without messages, at event `seq`.
    pub fn new(worker: Worker, seq: u64) -> Self {
        Self { worker, seq, messages: Vec::new(), turns: Vec::new(), next_before: None }
    }

    /// Makes the view of a snapshot, to be continued with events.
    pub fn from_snapshot(snapshot: Snapshot) -> Self {
        let Snapshot { worker, seq, transcript } = snapshot;
        let Transcript { messages, turns, next_before, .. } = transcript;
        Self { worker, seq, messages, turns, next_before }
    }

    /// The view as a snapshot for the wire.
    pub fn snapshot(&self, log: LogId) -> Snapshot {
        Snapshot { worker: self.worker.clone(), seq: self.seq, transcript: self.transcript(log) }
    }

    /// The view's messages as a page of the transcript.
    pub fn transcript(&self, log: LogId) -> Transcript {
        Transcript {
            messages: self.messages.clone(),
            turns: self.turns.clone(),
            next_before: self.next_before,
            cursor: Cursor::new(log, self.seq),
            truncated: self.truncated(),
        }
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) -> Applied {
        if event.seq <= self.seq {
            return Applied::Repeated;
        }
        if event.first_seq() > self.seq + 1 {
            return Applied::Gap;
        }
        self.seq = event.seq;
        self.worker.apply(event);
        Applied::Changed(self.change(event))
    }

    /// Prepends a page of earlier messages. Ignores a page that does not end where this view
    /// begins.
    pub fn prepend(&mut self, page: Transcript, before: u64) {
        if self.next_before != Some(before) {
            return;
        }
        self.messages.splice(0..0, page.messages);
        self.turns.splice(0..0, page.turns);
        self.next_before = page.next_before;
    }

    /// The turn that is running, if there is one.
    pub fn running(&self) -> Option<&Turn> {
        self.turns.iter().rev().find(|turn| !turn.state.is_final())
    }

    /// The turn with this id, if it is in the view.
    pub fn turn(&self, id: TurnId) -> Option<&Turn> {
        self.turns.iter().rev().find(|turn| turn.turn_id == id)
    }

    /// The message with this id, if it is in the view.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.id == id)
    }

    /// The messages that the newest started turn did not show to the model.
    pub fn truncated(&self) -> Option<Truncated> {
        let sight = self.turns.iter().rev().find_map(|turn| turn.sight.as_ref())?;
        let first = sight.first.filter(|_| sight.left_out > 0)?;
        Some(Truncated { left_out: sight.left_out, first })
    }

    fn change(&mut self, event: &Event) -> Change {
        match &event.body {
            EventBody::WorkerCreated { .. }
            | EventBody::WorkerRenamed { .. }
            | EventBody::WorkerPlaced { .. }
            | EventBody::ProfileChanged { .. }
            | EventBody::MessageOmitted { .. }
            | EventBody::WorkerStopped
            | EventBody::AvailabilityChanged { .. } => Change::Worker,
            EventBody::MessageCommitted { message } => {
                self.messages.push(message.clone());
                Change::Message(message.id)
            }
            EventBody::TurnAccepted { turn } => {
                self.messages.push(Message {
                    id: turn.answer,
                    parent: Some(turn.question),
                    role: Role::Assistant,
                    text: String::new(),
                    reasoning: String::new(),
                    created_at: event.at,
                    turn_id: Some(turn.turn_id),
                    html: None,
                });
                self.turns.push(Turn::clone(turn));
                Change::Message(turn.answer)
            }
            EventBody::TurnWaiting { turn_id, ahead } => {
                self.on_turn(*turn_id, |turn| turn.waiting = Some(*ahead))
            }
            EventBody::TurnLoading { turn_id } => self.on_turn(*turn_id, |turn| {
                turn.waiting = None;
                turn.loading = true;
            }),
            EventBody::TurnAsked { turn_id, sight, model } => self.on_turn(*turn_id, |turn| {
                if let Some(model) = model {
                    turn.model.clone_from(model);
                }
                turn.see(sight);
            }),
            EventBody::TurnGenerating { turn_id, sight, model } => self.on_turn(*turn_id, |turn| {
                if let Some(model) = model {
                    turn.model.clone_from(model);
                }
                if let Some(sight) = sight {
                    turn.see(sight);
                }
                turn.state = TurnState::Generating;
                turn.waiting = None;
                turn.loading = false;
                turn.timings.started_ms = Some(event.at.ms_since(turn.started_at));
            }),
            EventBody::TurnRetrying { turn_id, error, wait_ms, adjustment } => {
                self.on_turn(*turn_id, |turn| {
                    turn.state = TurnState::Accepted;
                    turn.waiting = None;
                    turn.loading = false;
                    turn.timings.started_ms = None;
                    let (error, wait_ms, adjustment) = (error.clone(), *wait_ms, *adjustment);
                    turn.retries.push(Retry { at: event.at, error, wait_ms, adjustment });
                })
            }
            EventBody::TextDelta { turn_id, message_id, offset, text } => {
                self.on_message(*message_id, |message| grow(&mut message.text, *offset, text));
                self.on_turn(*turn_id, |turn| {
                    // Text before the start of the model belongs to the answer that is being
                    // continued.
                    if turn.continues.is_none() || turn.state != TurnState::Accepted {
                        let ms = event.at.ms_since(turn.started_at);
                        turn.timings.first_token_ms.get_or_insert(ms);
                    }
                });
                Change::Text(*message_id)
            }
            EventBody::ReasoningDelta { turn_id, message_id, offset, text } => {
                self.on_message(*message_id, |message| grow(&mut message.reasoning, *offset, text));
                self.on_turn(*turn_id, |turn| {
                    let ms = event.at.ms_since(turn.started_at);
                    turn.timings.first_reasoning_ms.get_or_insert(ms);
                });
                Change::Reasoning(*message_id)
            }
            EventBody::TextWasReasoning { turn_id, message_id, offset } => {
                self.on_message(*message_id, |message| {
                    let moved = take_reasoning(&mut message.text, *offset);
                    message.reasoning.push_str(&moved);
                });
                self.on_turn(*turn_id, |turn| turn.timings.text_was_reasoning());
                Change::Moved(*message_id)
            }
            EventBody::TurnEnded { turn_id, state, error, finish, usage, timings } => {
                self.on_turn(*turn_id, |turn| {
                    turn.state = *state;
                    turn.waiting = None;
                    turn.loading = false;
                    turn.error.clone_from(error);
                    turn.finish = *finish;
                    turn.usage = *usage;
                    turn.timings = *timings;
                    turn.ended_at = Some(event.at);
                })
            }
        }
    }

    fn on_turn(&mut self, id: TurnId, change: impl FnOnce(&mut Turn)) -> Change {
        if let Some(turn) = self.turns.iter_mut().rev().find(|turn| turn.turn_id == id) {
            change(turn);
        }
        Change::Turn(id)
    }

    fn on_message(&mut self, id: MessageId, change: impl FnOnce(&mut Message)) {
        if let Some(message) = self.messages.iter_mut().rev().find(|message| message.id == id) {
            change(message);
        }
    }
}

/// Appends the new part of a piece that begins at byte `offset`.
fn grow(whole: &mut String, offset: u64, piece: &str) {
    let known = (whole.len() as u64).checked_sub(offset);
    let new = known.and_then(|known| usize::try_from(known).ok()).and_then(|n| piece.get(n..));
    whole.push_str(new.unwrap_or_default());
}
