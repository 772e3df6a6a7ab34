//! What was promised so far, and whether a transcript keeps it.
//!
//! The ledger is told what was sent, acknowledged, refused and shown, and by nothing else
//! than that it judges: it never looks at how the companion works.

use std::collections::HashMap;

use protocol::{Message, MessageId, Role, Turn, TurnId, TurnState, View, WorkerId};

use crate::client::Whole;

mod check;
#[cfg(test)]
mod tests;

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    #[error("the acknowledged message {0} is gone")]
    Message(MessageId),
    #[error("the message {0} is there {1} times")]
    Repeated(MessageId, usize),
    #[error("the message {0} does not have the text that was sent")]
    Altered(MessageId),
    #[error("the message {0} was refused and is there all the same")]
    RefusedStored(MessageId),
    #[error("the message {0} was never sent by anyone")]
    Stranger(MessageId),
    #[error("the message {0} was acknowledged with turn {1}, which is not the one it has")]
    OtherTurn(MessageId, TurnId),
    #[error("message {0} was shown with {1} bytes, of which {2} are there")]
    Bytes(MessageId, usize, usize),
    #[error("the message {0} was shown and is gone")]
    Shown(MessageId),
    #[error("turn {0} was shown as {1:?} and is {2:?}")]
    Turn(TurnId, TurnState, Option<TurnState>),
    #[error("turn {0} is left {1:?}")]
    Unfinished(TurnId, TurnState),
    #[error("the answer {0} ({1:?}) is not what the upstream streamed")]
    Answer(MessageId, TurnState),
    #[error("an observer of {0} that resumed was told {1}")]
    Resume(WorkerId, String),
    #[error("the conversation {0} is gone")]
    Worker(WorkerId),
    #[error("the conversation {0} was deleted and is there all the same")]
    Undeleted(WorkerId),
    #[error("an observer of {0} ends with other messages than a fresh reader")]
    View(WorkerId),
}

/// What became of a send, as its sender knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// On its way, or the answer never came: it may be there or not.
    Unclear,
    Acknowledged(TurnId),
    Refused,
}

/// What became of a conversation, as whoever made it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    There,
    /// Its deletion was asked for and not acknowledged.
    Unclear,
    Deleted,
}

/// A message as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub worker: WorkerId,
    pub text: String,
    pub fate: Fate,
}

/// Text as it was shown at its longest.
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
    /// Turns that were shown as over.
    over: HashMap<TurnId, (WorkerId, TurnState)>,
    workers: HashMap<WorkerId, Life>,
    /// What the upstream streams for a message of this text.
    answer: fn(&str) -> String,
}

impl Ledger {
    /// An empty one; `answer` is what the upstream streams for a message, in full.
    pub fn new(answer: fn(&str) -> String) -> Self {
        let (sent, shown, over) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { sent, shown, over, workers: HashMap::new(), answer }
    }

    /// A message goes on its way. To be called before its first byte does.
    pub fn sends(&mut self, id: MessageId, worker: WorkerId, text: &str) {
        let sent = Sent { worker, text: text.to_owned(), fate: Fate::Unclear };
        self.sent.entry(id).or_insert(sent);
    }

    /// The answer 202. Error: it names another turn than an earlier one did.
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

    /// The only send of a message was refused, so nothing of it may be stored.
    pub fn refused(&mut self, id: MessageId) {
        if let Some(sent) = self.sent.get_mut(&id).filter(|sent| sent.fate == Fate::Unclear) {
            sent.fate = Fate::Refused;
        }
    }

    /// What an observer has folded: every byte of it was shown. Errors where it contradicts
    /// what was shown before.
    pub fn shows(&mut self, view: &View) -> Result<(), Loss> {
        let worker = view.worker.worker_id;
        for Message { id, role, text, .. } in &view.messages {
            let new = Shown { worker, role: *role, text: text.clone() };
            let known = self.shown.entry(*id).or_insert_with(|| new.clone());
            if text.starts_with(&known.text) {
                *known = new;
            } else if !known.text.starts_with(text.as_str()) {
                return Err(Loss::Bytes(*id, known.text.len(), common(&known.text, text)));
            }
        }
        let mut over = view.turns.iter().filter(|turn| turn.state.is_final());
        over.try_for_each(|turn| self.ends(worker, turn))
    }

    /// A turn was shown as over. Error: it was shown with another end before.
    pub fn ends(&mut self, worker: WorkerId, turn: &Turn) -> Result<(), Loss> {
        let (_, known) = *self.over.entry(turn.turn_id).or_insert((worker, turn.state));
        let same = known == turn.state;
        if same { Ok(()) } else { Err(Loss::Turn(turn.turn_id, known, Some(turn.state))) }
    }

    /// A conversation's creation was acknowledged.
    pub fn created(&mut self, worker: WorkerId) {
        self.workers.insert(worker, Life::There);
    }

    /// A conversation's deletion goes on its way.
    pub fn deletes(&mut self, worker: WorkerId) {
        self.workers.insert(worker, Life::Unclear);
    }

    /// A conversation's deletion was acknowledged.
    pub fn deleted(&mut self, worker: WorkerId) {
        self.workers.insert(worker, Life::Deleted);
    }

    /// Compares a list of all conversations with what was acknowledged of them.
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

    /// Messages whose fate is this, with their texts, in a fixed order.
    pub fn with_fate(&self, wanted: impl Fn(Fate) -> bool) -> Vec<(MessageId, Sent)> {
        let found = self.sent.iter().filter(|(_, sent)| wanted(sent.fate));
        let mut found: Vec<_> = found.map(|(id, sent)| (*id, sent.clone())).collect();
        found.sort_by_key(|(id, _)| *id);
        found
    }

    /// Messages sent, messages acknowledged.
    pub fn counts(&self) -> (usize, usize) {
        let acknowledged = |sent: &&Sent| matches!(sent.fate, Fate::Acknowledged(_));
        (self.sent.len(), self.sent.values().filter(acknowledged).count())
    }

    /// Bytes of text that were shown.
    pub fn bytes_shown(&self) -> usize {
        self.shown.values().map(|shown| shown.text.len()).sum()
    }
}

/// Whether an observer that has seen everything holds what a fresh reader is shown: the same
/// newest messages and turns.
pub fn same_as_fresh(view: &View, whole: &Whole) -> Result<(), Loss> {
    // The view began with one page; what it holds must be the end of the whole.
    let messages = whole.messages.ends_with(&view.messages);
    let turns = whole.turns.ends_with(&view.turns);
    let running = !view.messages.is_empty() || whole.messages.is_empty();
    if messages && turns && running { Ok(()) } else { Err(Loss::View(view.worker.worker_id)) }
}

/// How many bytes two texts begin with alike.
fn common(one: &str, two: &str) -> usize {
    one.bytes().zip(two.bytes()).take_while(|(a, b)| a == b).count()
}
