//! Builds a valid log from the readable events of a damaged one. It can be exported, and imported
//! again after the damaged conversation was deleted. No content is invented: a placeholder marks
//! each missing part.

use std::collections::{HashMap, HashSet};

use protocol::{
    Event, EventBody, LogId, Message, MessageId, ProfileName, Role, Timestamp, Timings, TurnId,
    TurnState, WorkerId,
};
use sha2::{Digest, Sha256};
use store::{ConversationExport, Salvage, initial_worker, text_digest};

use super::check::Checker;

mod lost;

/// The readable part of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Salvaged {
    /// The worker as the store names it, also if there is no log to export.
    pub worker_id: WorkerId,
    /// A valid log of the readable events. `None` if there are none.
    pub whole: Option<ConversationExport>,
    /// The number of entries of the damaged log that `whole` lacks.
    pub lost: u64,
}

/// Prepares a log for an export. `None` if the log is invalid, because an import would refuse it.
/// For the same reason, prompts that do not match their digests are left out.
pub fn exportable(mut whole: ConversationExport) -> Option<ConversationExport> {
    whole.prompts.retain(|prompt| text_digest(&prompt.text) == prompt.digest);
    is_sound(&whole).then_some(whole)
}

fn is_sound(whole: &ConversationExport) -> bool {
    let mut checker = Checker::default();
    whole.events.iter().all(|event| checker.take(event).is_ok())
}

/// Builds a valid log from the events that were found.
pub fn salvage(found: Salvage) -> Salvaged {
    let Salvage { worker, events, lost, prompts } = found;
    let worker_id = worker.worker_id;
    let missing = gaps(&events).max(lost);
    let mut builder = Builder::of(worker.profile.clone());
    if !matches!(events.first(), Some(Event { body: EventBody::WorkerCreated { .. }, .. })) {
        let (title, profile) = (worker.title.clone(), worker.profile.clone());
        builder.push(worker.created_at, EventBody::WorkerCreated { title, profile });
    }
    let nothing = events.is_empty();
    for event in events {
        builder.take(event);
    }
    builder.end();
    let Builder { events, dropped, .. } = builder;
    let whole = ConversationExport {
        worker: initial_worker::folded(worker_id, worker.created_at, &events),
        log: log_of(worker_id, &events),
        events,
        prompts,
    };
    let whole = exportable(whole).filter(|_| !nothing);
    Salvaged { worker_id, whole, lost: missing.saturating_add(dropped) }
}

/// The number of gaps up to the last event. A gap hides at least one entry, and possibly only one,
/// because a single entry of folded text covers many positions.
fn gaps(events: &[Event]) -> u64 {
    let (mut last, mut gaps) = (0, 0);
    for event in events {
        gaps += u64::from(event.first_seq() > last + 1);
        last = last.max(event.seq);
    }
    gaps
}

/// The id of the salvaged log. It differs from the damaged log's id and from those of other
/// salvages, so that their cursors do not fit this log, and it is the same in every export of the
/// same events.
fn log_of(worker: WorkerId, events: &[Event]) -> LogId {
    let mut digest = Sha256::new().chain_update("salvaged").chain_update(worker.as_bytes());
    for event in events {
        // JSON can represent every event, since events consist of texts, numbers and lists.
        digest.update(serde_json::to_vec(event).unwrap_or_default());
    }
    let digest = digest.finalize();
    let bytes: [u8; 8] = std::array::from_fn(|at| digest[at]);
    // The top bit is cleared, because the store keeps ids as signed integers, which must not be
    // negative.
    LogId(u64::from_be_bytes(bytes) >> 1)
}

struct Builder {
    /// The current profile of the conversation.
    profile: ProfileName,
    events: Vec<Event>,
    messages: HashMap<MessageId, Role>,
    turns: HashSet<TurnId>,
    newest: Option<MessageId>,
    open: Option<Open>,
    dropped: u64,
}

/// The turn that has not ended yet.
struct Open {
    turn: TurnId,
    answer: MessageId,
    text: Part,
    reasoning: Part,
}

/// The text or the reasoning of an answer.
#[derive(Default)]
struct Part {
    /// The length of the part in the new log, in bytes.
    bytes: u64,
    /// The end of the part in the damaged log, in bytes.
    offset: u64,
}

impl Part {
    /// Adds the next piece, with a placeholder before it if something is missing in between.
    /// Returns the piece's offset in the new log.
    fn take(&mut self, offset: u64, piece: &mut String) -> u64 {
        let end = offset.saturating_add(piece.len() as u64);
        if offset > self.offset {
            piece.insert_str(0, lost::TEXT);
        }
        let begin = self.bytes;
        (self.bytes, self.offset) = (begin + piece.len() as u64, end);
        begin
    }
}

impl Open {
    fn is(&self, turn: TurnId, answer: MessageId) -> bool {
        (self.turn, self.answer) == (turn, answer)
    }
}

impl Builder {
    fn of(profile: ProfileName) -> Self {
        let (messages, turns) = (HashMap::new(), HashSet::new());
        let (newest, open) = (None, None);
        Self { profile, events: Vec::new(), messages, turns, newest, open, dropped: 0 }
    }

    fn push(&mut self, at: Timestamp, body: EventBody) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, first_seq: None, at, body });
    }

    fn take(&mut self, event: Event) {
        let Event { at, body, .. } = event;
        let taken = match body {
            EventBody::WorkerCreated { .. } if !self.events.is_empty() => false,
            EventBody::MessageCommitted { message } => self.message(at, message),
            EventBody::TurnAccepted { mut turn } => {
                if self.turns.contains(&turn.turn_id) || self.messages.contains_key(&turn.answer) {
                    false
                } else {
                    self.end();
                    if self.question(at, turn.question) {
                        turn.state = TurnState::Accepted;
                        turn.continues = turn
                            .continues
                            .filter(|id| self.messages.get(id) == Some(&Role::Assistant));
                        turn.edits =
                            turn.edits.filter(|id| self.messages.get(id) == Some(&Role::Assistant));
                        self.turns.insert(turn.turn_id);
                        self.messages.insert(turn.answer, Role::Assistant);
                        self.newest = Some(turn.answer);
                        let (turn_id, answer) = (turn.turn_id, turn.answer);
                        let (text, reasoning) = (Part::default(), Part::default());
                        self.open = Some(Open { turn: turn_id, answer, text, reasoning });
                        self.push(at, EventBody::TurnAccepted { turn });
                        true
                    } else {
                        false
                    }
                }
            }
            EventBody::TextDelta { turn_id, message_id, .. }
            | EventBody::ReasoningDelta { turn_id, message_id, .. }
            | EventBody::TextWasReasoning { turn_id, message_id, .. } => {
                self.begin_lost(at, (turn_id, message_id));
                self.written(at, body)
            }
            EventBody::TurnEnded { turn_id, state, .. } => {
                let ends = state.is_final() && self.is_open(turn_id);
                if ends {
                    self.open = None;
                    self.push(at, body);
                }
                ends
            }
            EventBody::TurnWaiting { turn_id, .. }
            | EventBody::TurnLoading { turn_id }
            | EventBody::TurnAsked { turn_id, .. }
            | EventBody::TurnGenerating { turn_id, .. }
            | EventBody::TurnRetrying { turn_id, .. } => {
                let open = self.is_open(turn_id);
                if open {
                    self.push(at, body);
                }
                open
            }
            EventBody::MessageOmitted { message_id, .. } => {
                let known = self.messages.contains_key(&message_id);
                if known {
                    self.push(at, body);
                }
                known
            }
            body => {
                self.push(at, body);
                true
            }
        };
        self.dropped += u64::from(!taken);
    }

    fn message(&mut self, at: Timestamp, mut message: Message) -> bool {
        if message.role != Role::User || self.messages.contains_key(&message.id) {
            return false;
        }
        self.end();
        if message.parent.is_some_and(|parent| !self.messages.contains_key(&parent)) {
            message.parent = self.newest;
        }
        message.html = None;
        self.messages.insert(message.id, Role::User);
        self.newest = Some(message.id);
        self.push(at, EventBody::MessageCommitted { message });
        true
    }

    /// Makes sure that an answer's question exists; a placeholder replaces a missing one. False if
    /// the message with that id is not a question.
    fn question(&mut self, at: Timestamp, id: MessageId) -> bool {
        match self.messages.get(&id) {
            Some(role) => *role == Role::User,
            None => self.message(at, lost::message(id, self.newest, at)),
        }
    }

    /// Begins a turn whose beginning cannot be read, for a text of it. It answers the newest
    /// message, or a placeholder if that is not a question.
    fn begin_lost(&mut self, at: Timestamp, (turn, answer): (TurnId, MessageId)) {
        if self.turns.contains(&turn) || self.messages.contains_key(&answer) {
            return;
        }
        let is_question = |id: &MessageId| self.messages.get(id) == Some(&Role::User);
        let question = self.newest.filter(is_question);
        let question = question.unwrap_or_else(|| lost::question_of(answer));
        let turn = lost::turn((turn, question, answer), self.profile.clone(), at);
        let body = EventBody::TurnAccepted { turn: Box::new(turn) };
        self.take(Event { seq: 0, first_seq: None, at, body });
    }

    /// Appends a piece to the answer that is being read.
    fn written(&mut self, at: Timestamp, mut body: EventBody) -> bool {
        let Some(open) = &mut self.open else { return false };
        match &mut body {
            EventBody::TextDelta { turn_id, message_id, offset, text }
                if open.is(*turn_id, *message_id) =>
            {
                *offset = open.text.take(*offset, text);
            }
            EventBody::ReasoningDelta { turn_id, message_id, offset, text }
                if open.is(*turn_id, *message_id) =>
            {
                *offset = open.reasoning.take(*offset, text);
            }
            EventBody::TextWasReasoning { turn_id, message_id, offset }
                if open.is(*turn_id, *message_id) =>
            {
                let left = (*offset).min(open.text.bytes);
                open.reasoning.bytes += open.text.bytes - left;
                open.reasoning.offset += open.text.offset.saturating_sub(*offset);
                open.text = Part { bytes: left, offset: *offset };
                *offset = left;
            }
            _ => return false,
        }
        self.push(at, body);
        true
    }

    fn is_open(&self, turn: TurnId) -> bool {
        self.open.as_ref().is_some_and(|open| open.turn == turn)
    }

    /// Ends the open turn, if there is one, as `interrupted`, because its real end is missing.
    fn end(&mut self) {
        let Some(open) = self.open.take() else { return };
        let at = self.events.last().map_or_else(|| Timestamp::UNKNOWN, |event| event.at);
        self.push(
            at,
            EventBody::TurnEnded {
                turn_id: open.turn,
                state: TurnState::Interrupted,
                error: None,
                finish: None,
                usage: None,
                timings: Timings::default(),
            },
        );
    }
}

#[cfg(test)]
mod tests;
