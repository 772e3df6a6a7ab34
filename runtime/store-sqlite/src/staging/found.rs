//! Computes the grams of a conversation's long messages before the writing thread gets it.

use std::collections::HashMap;

use protocol::{Event, EventBody, MessageId, TurnId, View};
use store::ConversationExport;

use super::{PIECE_BYTES, text_bytes};
use crate::search_index::{self, Known};

pub(super) struct Found {
    known: Known,
    /// The answers of the turns that were accepted and have not ended.
    answers: HashMap<TurnId, MessageId>,
}

impl Found {
    /// Takes time in proportion to the length of the texts.
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

    /// The grams of the message that becomes searchable with this event, if they were computed.
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
