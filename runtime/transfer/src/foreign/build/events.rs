//! Writes the messages and turns of a conversation as events.

use protocol::api::RefusalCode;
use protocol::{Event, EventBody, Message, MessageId, Role, Timestamp, Timings, TurnState};
use store::initial_worker;

use super::ids::Ids;
use super::{Node, Unfit};
use crate::{CONVERSATION_BYTES, MESSAGE_BYTES};

/// The name of a turn's model if the export does not tell it.
const UNKNOWN: &str = "unknown";

/// The most characters of a model's name.
const MODEL_CHARS: usize = 200;

/// Builds the list of events.
pub(super) struct Writer<'a> {
    ids: &'a Ids,
    source: &'static str,
    events: Vec<Event>,
    /// The bytes of all texts. Answers that share their beginning each count it.
    bytes: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(ids: &'a Ids, source: &'static str) -> Self {
        Self { ids, source, events: Vec::new(), bytes: 0 }
    }

    pub(super) fn into_events(self) -> Vec<Event> {
        self.events
    }

    pub(super) fn push(&mut self, at: Timestamp, body: EventBody) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, first_seq: None, at, body });
    }

    fn count(&mut self, bytes: usize) -> Result<(), Unfit> {
        self.bytes += bytes as u64;
        if self.bytes > CONVERSATION_BYTES {
            let reason = format!("its texts have more than {CONVERSATION_BYTES} bytes");
            return Err((RefusalCode::TooLarge, reason));
        }
        if bytes as u64 > MESSAGE_BYTES {
            let reason = format!("an answer of it has more than {MESSAGE_BYTES} bytes in all");
            return Err((RefusalCode::TooLarge, reason));
        }
        Ok(())
    }

    pub(super) fn question(
        &mut self,
        node: &Node,
        parent: Option<MessageId>,
        at: Timestamp,
    ) -> Result<(), Unfit> {
        self.count(node.text.len())?;
        let message = Message {
            id: self.ids.message(node),
            parent,
            role: Role::User,
            text: node.text.clone(),
            reasoning: String::new(),
            html: None,
            created_at: at,
            turn_id: None,
        };
        self.push(at, EventBody::MessageCommitted { message });
        Ok(())
    }

    pub(super) fn answer(
        &mut self,
        node: &Node,
        question: MessageId,
        parts: &[&Node],
        at: Timestamp,
    ) -> Result<(), Unfit> {
        let text = joined(parts.iter().map(|part| &*part.text));
        let reasoning = joined(parts.iter().map(|part| &*part.reasoning));
        self.count(text.len() + reasoning.len())?;
        let (turn_id, answer) = (self.ids.turn(node), self.ids.message(node));
        let model = node.model.as_deref().filter(|model| !model.is_empty()).unwrap_or(UNKNOWN);
        let profile = self.source.parse().expect("the sources' names are names of profiles");
        let model = model.chars().take(MODEL_CHARS).collect();
        let turn = initial_worker::imported_turn((turn_id, question, answer), profile, model, at);
        self.push(at, EventBody::TurnAccepted { turn: Box::new(turn) });
        let (message_id, offset) = (answer, 0);
        if !reasoning.is_empty() {
            let text = reasoning;
            self.push(at, EventBody::ReasoningDelta { turn_id, message_id, offset, text });
        }
        if !text.is_empty() {
            self.push(at, EventBody::TextDelta { turn_id, message_id, offset, text });
        }
        self.push(
            at,
            EventBody::TurnEnded {
                turn_id,
                state: TurnState::Completed,
                error: None,
                finish: None,
                usage: None,
                timings: Timings::default(),
            },
        );
        Ok(())
    }
}

/// Joins the pieces with blank lines in between.
fn joined<'t>(pieces: impl Iterator<Item = &'t str>) -> String {
    pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("\n\n")
}
