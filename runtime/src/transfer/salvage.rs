//! What can be read of a broken log, as a log that is sound: it can be imported where the broken
//! one was deleted. Nothing is invented: where something is missing, the text says so.

use std::collections::{HashMap, HashSet};

use protocol::{
    Event, EventBody, LogId, Message, MessageId, Role, Timestamp, Timings, TurnId, TurnState,
    WorkerId,
};
use sha2::{Digest, Sha256};

use super::check::Checker;
use crate::bundle::text_digest;
use crate::newborn;
use crate::store::{Salvage, WholeLog};

/// What stands for a question that cannot be read, where its answer can be.
const LOST_MESSAGE: &str = "(This message cannot be read.)";

/// What stands for a piece of an answer that cannot be read.
const LOST_TEXT: &str = " […] ";

/// What is left of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Salvaged {
    pub worker_id: WorkerId,
    /// None where nothing can be read.
    pub whole: Option<WholeLog>,
    /// How many entries of the log are missing from it.
    pub lost: u64,
}

/// A log as it can be written into an export: none where the whole file could not be imported
/// with it. A prompt that is not what its digest says is left out for the same reason.
pub fn exportable(mut whole: WholeLog) -> Option<WholeLog> {
    whole.prompts.retain(|prompt| text_digest(&prompt.text) == prompt.digest);
    is_sound(&whole).then_some(whole)
}

fn is_sound(whole: &WholeLog) -> bool {
    let mut checker = Checker::default();
    whole.events.iter().all(|event| checker.take(event).is_ok())
}

/// Makes a sound log of what was found.
pub fn salvage(found: Salvage) -> Salvaged {
    let Salvage { worker, events, lost, prompts } = found;
    let worker_id = worker.worker_id;
    let missing = missing(&events).max(lost);
    let mut builder = Builder::default();
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
    let whole = WholeLog {
        worker: newborn::folded(worker_id, worker.created_at, &events),
        log: log_of(worker_id),
        events,
        prompts,
    };
    let whole = exportable(whole).filter(|_| !nothing);
    Salvaged { worker_id, whole, lost: missing.saturating_add(dropped) }
}

/// The positions that no event stands for.
fn missing(events: &[Event]) -> u64 {
    let (mut last, mut missing) = (0, 0_u64);
    for event in events {
        missing = missing.saturating_add(event.first_seq().saturating_sub(last + 1));
        last = last.max(event.seq);
    }
    missing
}

/// Another log than the broken one, to which nobody's cursor fits; the same in every export.
fn log_of(worker: WorkerId) -> LogId {
    let digest = Sha256::new().chain_update("salvaged").chain_update(worker.as_bytes()).finalize();
    let bytes: [u8; 8] = std::array::from_fn(|at| digest[at]);
    // As a signed number it is positive.
    LogId(u64::from_be_bytes(bytes) >> 1)
}

#[derive(Default)]
struct Builder {
    events: Vec<Event>,
    messages: HashMap<MessageId, Role>,
    turns: HashSet<TurnId>,
    newest: Option<MessageId>,
    open: Option<Open>,
    dropped: u64,
}

/// The turn that has not ended.
struct Open {
    turn: TurnId,
    answer: MessageId,
    bytes: u64,
    /// Where the text ends in the log that it comes from.
    offset: u64,
}

impl Builder {
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
                        self.turns.insert(turn.turn_id);
                        self.messages.insert(turn.answer, Role::Assistant);
                        self.newest = Some(turn.answer);
                        let (turn_id, answer) = (turn.turn_id, turn.answer);
                        self.open = Some(Open { turn: turn_id, answer, bytes: 0, offset: 0 });
                        self.push(at, EventBody::TurnAccepted { turn });
                        true
                    } else {
                        false
                    }
                }
            }
            EventBody::TextDelta { turn_id, message_id, offset, text } => {
                self.text(at, (turn_id, message_id), offset, text)
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
            | EventBody::TurnGenerating { turn_id, .. }
            | EventBody::TurnRetrying { turn_id, .. } => {
                let open = self.is_open(turn_id);
                if open {
                    self.push(at, body);
                }
                open
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

    /// Sees to it that an answer has a question.
    fn question(&mut self, at: Timestamp, id: MessageId) -> bool {
        match self.messages.get(&id) {
            Some(role) => *role == Role::User,
            None => self.message(
                at,
                Message {
                    id,
                    parent: self.newest,
                    role: Role::User,
                    text: LOST_MESSAGE.to_owned(),
                    created_at: at,
                    turn_id: None,
                    html: None,
                },
            ),
        }
    }

    fn text(
        &mut self,
        at: Timestamp,
        (turn_id, message_id): (TurnId, MessageId),
        offset: u64,
        mut text: String,
    ) -> bool {
        let open = self.open.as_mut().filter(|o| (o.turn, o.answer) == (turn_id, message_id));
        let Some(open) = open else { return false };
        let end = offset.saturating_add(text.len() as u64);
        if offset > open.offset {
            text.insert_str(0, LOST_TEXT);
        }
        let offset = open.bytes;
        (open.bytes, open.offset) = (offset + text.len() as u64, end);
        self.push(at, EventBody::TextDelta { turn_id, message_id, offset, text });
        true
    }

    fn is_open(&self, turn: TurnId) -> bool {
        self.open.as_ref().is_some_and(|open| open.turn == turn)
    }

    /// Ends the turn whose end is missing.
    fn end(&mut self) {
        let Some(open) = self.open.take() else { return };
        let at = self.events.last().map_or_else(|| Timestamp::from_unix_ms(0), |event| event.at);
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
