//! What can be found of the long messages of a conversation before the writing thread has it.

use std::collections::HashMap;

use protocol::{Event, EventBody, MessageId, TurnId, View};
use store::ConversationExport;

use super::{PIECE_BYTES, text_bytes};
use crate::search_index::{self, Known};

pub(super) struct Found {
    known: Known,
    /// The answers of the turns that were begun.
    answers: HashMap<TurnId, MessageId>,
}

impl Found {
    /// Takes as long as the texts are.
    pub(super) fn of(whole: &ConversationExport) -> Self {
        let (mut known, answers) = (Known::new(), HashMap::new());
        if whole.events.iter().any(|event| text_bytes(event) > PIECE_BYTES) {
            let mut view = View::new(whole.worker.clone(), 0);
            for event in &whole.events {
                view.apply(event);
            }
            let long = view.messages.iter().filter(|message| message.text.len() > PIECE_BYTES);
            known = long.map(|message| (message.id, search_index::grams(&message.text))).collect();
        }
        Self { known, answers }
    }

    /// What was found of the message that becomes searchable with an event.
    pub(super) fn with(&mut self, event: &Event) -> Option<(MessageId, String)> {
        let message = match &event.body {
            EventBody::MessageCommitted { message } => message.id,
            EventBody::TurnAccepted { turn } => {
                self.answers.insert(turn.turn_id, turn.answer);
                return None;
            }
            EventBody::TurnEnded { turn_id, .. } => self.answers.remove(turn_id)?,
            _ => return None,
        };
        self.known.remove_entry(&message)
    }
}
