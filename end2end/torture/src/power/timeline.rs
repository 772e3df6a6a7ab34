//! What the companion promised, and at which position of the journal the client had it in hand.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use protocol::api::SendMessage;
use protocol::{Message, MessageId, Turn, TurnId, WorkerId};
use serde::{Deserialize, Serialize};

use crate::kill::text;
use crate::ledger::Ledger;

/// One thing that a client did or was told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Fact {
    /// A message is about to be sent.
    Sends {
        id: MessageId,
        worker: WorkerId,
        text: String,
    },
    Acknowledged {
        id: MessageId,
        turn: TurnId,
    },
    Refused {
        id: MessageId,
    },
    Created {
        worker: WorkerId,
    },
    /// A deletion is about to be requested.
    Deletes {
        worker: WorkerId,
    },
    Deleted {
        worker: WorkerId,
    },
    /// The end of a turn was shown, with these messages.
    Ended {
        worker: WorkerId,
        turn: Box<Turn>,
        shown: Vec<Message>,
    },
    /// An import was acknowledged, and this is one of its conversations.
    Imported {
        worker: WorkerId,
        messages: Vec<Message>,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The length of the journal when the client had the fact in hand. For what is about to be
    /// done, the length before it began.
    pub(super) at: usize,
    pub(super) fact: Fact,
}

/// Writes entries while the companion runs.
pub(super) struct Timeline {
    journal: PathBuf,
    entries: Mutex<Vec<Entry>>,
}

/// All that must be kept by a power cut at some position.
pub(super) struct Promises {
    pub(super) ledger: Ledger,
    pub(super) imported: HashMap<WorkerId, Vec<Message>>,
}

impl Timeline {
    pub(super) fn new(journal: PathBuf) -> Self {
        Self { journal, entries: Mutex::default() }
    }

    /// The length of the journal. It is 0 before the first start.
    pub(super) fn now(&self) -> usize {
        let length = fs::metadata(&self.journal).map_or(0, |journal| journal.len());
        usize::try_from(length).unwrap_or(usize::MAX)
    }

    pub(super) fn note(&self, fact: Fact) {
        self.note_at(self.now(), fact);
    }

    pub(super) fn note_at(&self, at: usize, fact: Fact) {
        self.lock().push(Entry { at, fact });
    }

    /// Notes that a message is about to be sent.
    pub(super) fn sends(&self, worker: WorkerId, message: &SendMessage) {
        self.note(Fact::Sends { id: message.id, worker, text: message.text.clone() });
    }

    /// All entries, by their positions.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut entries = self.lock().clone();
        entries.sort_by_key(|entry| entry.at);
        entries
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Promises {
    /// What was promised up to the position `cut`. Errors if the promises contradict each other.
    pub(super) fn until(cut: usize, entries: &[Entry]) -> Result<Self> {
        let (mut ledger, mut imported) = (Ledger::new(text::answer), HashMap::new());
        for entry in entries.iter().filter(|entry| entry.at <= cut) {
            match &entry.fact {
                Fact::Sends { id, worker, text } => ledger.sends(*id, *worker, text),
                Fact::Acknowledged { id, turn } => ledger.acknowledged(*id, *turn)?,
                Fact::Refused { id } => ledger.refused(*id),
                Fact::Created { worker } => ledger.created(*worker),
                Fact::Deletes { worker } => ledger.deletes(*worker),
                Fact::Deleted { worker } => ledger.deleted(*worker),
                Fact::Ended { worker, turn, shown } => {
                    ledger.ends(*worker, turn)?;
                    for message in shown {
                        ledger.shows_message(*worker, message)?;
                    }
                }
                Fact::Imported { worker, messages } => {
                    ledger.created(*worker);
                    imported.insert(*worker, messages.clone());
                }
            }
        }
        Ok(Self { ledger, imported })
    }
}
