//! Records what was promised, and checks whether a transcript keeps it.
//!
//! The ledger judges only by what was sent, acknowledged, refused and shown; it knows nothing about
//! how the companion works.

use std::collections::HashMap;

use protocol::{Message, MessageId, Role, Turn, TurnId, TurnState, View, WorkerId};

use crate::client::Whole;

mod check;
#[cfg(test)]
mod tests;

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// A message that was acknowledged is missing.
    #[error("the acknowledged message {0} is lost")]
    Message(MessageId),
    /// A message, or its text, is stored this many times.
    #[error("the message {0} is stored {1} times")]
    Repeated(MessageId, usize),
    /// A message is stored with another text than was sent.
    #[error("the message {0} does not have the text that was sent")]
    Altered(MessageId),
    /// A message that was refused is stored.
    #[error("the message {0} was refused but is stored")]
    RefusedStored(MessageId),
    /// A message is stored that nobody sent to this conversation.
    #[error("the message {0} is stored but was never sent")]
    Stranger(MessageId),
    /// A message has another turn than the acknowledged one, which is the second value.
    #[error("the message {0} was acknowledged with turn {1}, but it has another turn")]
    OtherTurn(MessageId, TurnId),
    /// Less of a text is stored than an observer was shown: the shown and the stored bytes.
    #[error("message {0} was shown with {1} bytes, but only {2} of them are stored")]
    Bytes(MessageId, usize, usize),
    /// A message that an observer was shown is missing.
    #[error("the message {0} was shown but is lost")]
    Shown(MessageId),
    /// A turn that was shown as ended has another state now; `None` if it is missing.
    #[error("turn {0} was shown as {1:?} but is {2:?}")]
    Turn(TurnId, TurnState, Option<TurnState>),
    /// A turn is not in a final state although nothing runs.
    #[error("turn {0} is still {1:?}")]
    Unfinished(TurnId, TurnState),
    /// A completed answer differs from what the upstream streamed, or a partial one is not its
    /// beginning.
    #[error("the answer {0} ({1:?}) is not what the upstream streamed")]
    Answer(MessageId, TurnState),
    /// An observer with a valid cursor was sent something other than the next event.
    #[error("an observer of {0} that resumed got {1}")]
    Resume(WorkerId, String),
    /// A conversation that was not deleted is missing.
    #[error("the conversation {0} is lost")]
    Worker(WorkerId),
    /// A deletion was acknowledged, and the conversation can still be read.
    #[error("the conversation {0} was deleted but is still listed")]
    Undeleted(WorkerId),
    /// The view of an observer that resumed differs from the view of a fresh reader.
    #[error("an observer of {0} has other messages than a new reader")]
    View(WorkerId),
}

/// The outcome of a send, as its sender knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The send is on its way, or its answer was lost: the message may or may not be stored.
    Unclear,
    /// The companion answered 202 and named this turn.
    Acknowledged(TurnId),
    /// The companion answered with an error, so nothing may be stored.
    Refused,
}

/// The state of a conversation, as its creator knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    There,
    /// Its deletion was requested and not acknowledged.
    Unclear,
    Deleted,
}

/// A message as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The conversation that it was sent to.
    pub worker: WorkerId,
    /// The text as it was sent; no two messages of a run have the same.
    pub text: String,
    /// Whether it should be stored, as far as its sender knows.
    pub fate: Fate,
}

/// The longest text that was shown of a message.
#[derive(Clone, Debug)]
struct Shown {
    worker: WorkerId,
    role: Role,
    text: String,
}

/// All promises of a run.
#[derive(Clone, Debug)]
pub struct Ledger {
    sent: HashMap<MessageId, Sent>,
    shown: HashMap<MessageId, Shown>,
    /// Turns that were shown as ended.
    over: HashMap<TurnId, (WorkerId, TurnState)>,
    workers: HashMap<WorkerId, Life>,
    /// Returns the text that the upstream streams for a message.
    answer: fn(&str) -> String,
}

impl Ledger {
    /// Creates an empty ledger; `answer` returns the complete text that the upstream streams for a
    /// message.
    pub fn new(answer: fn(&str) -> String) -> Self {
        let (sent, shown, over) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { sent, shown, over, workers: HashMap::new(), answer }
    }

    /// Records a send. Must be called before its first byte is sent.
    pub fn sends(&mut self, id: MessageId, worker: WorkerId, text: &str) {
        let sent = Sent { worker, text: text.to_owned(), fate: Fate::Unclear };
        self.sent.entry(id).or_insert(sent);
    }

    /// Records a 202. Errors if it names another turn than an earlier one.
    pub fn acknowledged(&mut self, id: MessageId, turn: TurnId) -> Result<(), Loss> {
        let Some(sent) = self.sent.get_mut(&id) else { return Err(Loss::Stranger(id)) };
        match sent.fate {
            Fate::Acknowledged(known) if known != turn => Err(Loss::OtherTurn(id, known)),
            _ => {
                sent.fate = Fate::Acknowledged(turn);
                Ok(())
            }
        }
    }

    /// Records that the only send of a message was refused, so it must not be stored.
    pub fn refused(&mut self, id: MessageId) {
        if let Some(sent) = self.sent.get_mut(&id).filter(|sent| sent.fate == Fate::Unclear) {
            sent.fate = Fate::Refused;
        }
    }

    /// Records what an observer has folded, because all of it was shown. Errors if it contradicts
    /// what was shown before.
    pub fn shows(&mut self, view: &View) -> Result<(), Loss> {
        let worker = view.worker.worker_id;
        view.messages.iter().try_for_each(|message| self.shows_message(worker, message))?;
        let mut over = view.turns.iter().filter(|turn| turn.state.is_final());
        over.try_for_each(|turn| self.ends(worker, turn))
    }

    /// Records the text of one message that was shown, see [`Self::shows`].
    pub fn shows_message(&mut self, worker: WorkerId, message: &Message) -> Result<(), Loss> {
        let Message { id, role, text, .. } = message;
        let new = Shown { worker, role: *role, text: text.clone() };
        let known = self.shown.entry(*id).or_insert_with(|| new.clone());
        if text.starts_with(&known.text) {
            *known = new;
        } else if !known.text.starts_with(text.as_str()) {
            return Err(Loss::Bytes(*id, known.text.len(), common(&known.text, text)));
        }
        Ok(())
    }

    /// Records that a turn was shown as ended. Errors if it was shown with another end before.
    pub fn ends(&mut self, worker: WorkerId, turn: &Turn) -> Result<(), Loss> {
        let (_, known) = *self.over.entry(turn.turn_id).or_insert((worker, turn.state));
        let same = known == turn.state;
        if same { Ok(()) } else { Err(Loss::Turn(turn.turn_id, known, Some(turn.state))) }
    }

    /// Records that the creation of a conversation was acknowledged.
    pub fn created(&mut self, worker: WorkerId) {
        self.workers.insert(worker, Life::There);
    }

    /// Records that the deletion of a conversation was requested.
    pub fn deletes(&mut self, worker: WorkerId) {
        self.workers.insert(worker, Life::Unclear);
    }

    /// Records that the deletion of a conversation was acknowledged.
    pub fn deleted(&mut self, worker: WorkerId) {
        self.workers.insert(worker, Life::Deleted);
    }

    /// Whether the creation of a conversation was acknowledged and its deletion not requested.
    pub fn has_worker(&self, worker: WorkerId) -> bool {
        self.workers.get(&worker) == Some(&Life::There)
    }

    /// Compares a list of all conversations with the acknowledged ones.
    pub fn check_workers(&self, there: &[WorkerId]) -> Vec<Loss> {
        let mut losses = Vec::new();
        for (id, life) in &self.workers {
            match (life, there.contains(id)) {
                (Life::There, false) => losses.push(Loss::Worker(*id)),
                (Life::Deleted, true) => losses.push(Loss::Undeleted(*id)),
                _ => {}
            }
        }
        losses
    }

    /// The messages with such a fate and their texts, in a fixed order.
    pub fn with_fate(&self, wanted: impl Fn(Fate) -> bool) -> Vec<(MessageId, Sent)> {
        let found = self.sent.iter().filter(|(_, sent)| wanted(sent.fate));
        let mut found: Vec<_> = found.map(|(id, sent)| (*id, sent.clone())).collect();
        found.sort_by_key(|(id, _)| *id);
        found
    }

    /// The numbers of sent and of acknowledged messages.
    pub fn counts(&self) -> (usize, usize) {
        let acknowledged = |sent: &&Sent| matches!(sent.fate, Fate::Acknowledged(_));
        (self.sent.len(), self.sent.values().filter(acknowledged).count())
    }

    /// The number of bytes of text that were shown.
    pub fn bytes_shown(&self) -> usize {
        self.shown.values().map(|shown| shown.text.len()).sum()
    }
}

/// Checks that an observer that has seen everything has the same newest messages and turns as a new
/// reader.
pub fn same_as_fresh(view: &View, whole: &Whole) -> Result<(), Loss> {
    // The view began with one page, so it must equal the end of the whole.
    let messages = whole.messages.ends_with(&view.messages);
    let turns = whole.turns.ends_with(&view.turns);
    let running = !view.messages.is_empty() || whole.messages.is_empty();
    if messages && turns && running { Ok(()) } else { Err(Loss::View(view.worker.worker_id)) }
}

/// The length in bytes of the common beginning of two texts.
fn common(one: &str, two: &str) -> usize {
    one.bytes().zip(two.bytes()).take_while(|(a, b)| a == b).count()
}
