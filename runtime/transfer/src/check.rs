//! Checks that the events of a conversation form a log that this product could have written.
//!
//! Checksums reveal damage but not intent: the author of a file can compute them, too. Later code
//! walks and folds imported logs and relies on their being valid.

use std::collections::{HashMap, HashSet};

use protocol::{Event, EventBody, MessageId, Role, Together, TurnId, TurnState, limits};

/// The length of a digest: `sha256:` and 64 hexadecimal digits.
const DIGEST_BYTES: usize = 71;

/// Checks the events of one log in order.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    last_seq: u64,
    messages: HashMap<MessageId, Role>,
    turns: HashSet<TurnId>,
    omitted: HashSet<MessageId>,
    open: Option<Open>,
}

/// The turn that has not ended yet.
#[derive(Debug)]
struct Open {
    turn: TurnId,
    answer: MessageId,
    bytes: u64,
    reasoning_bytes: u64,
}

impl Checker {
    /// Checks the next event. The error says what is wrong with it.
    pub(crate) fn take(&mut self, event: &Event) -> Result<(), &'static str> {
        let folded = event.first_seq.is_some();
        if event.first_seq() != self.last_seq + 1 || event.seq < event.first_seq() {
            return Err("it does not follow the event before it");
        }
        if i64::try_from(event.seq).is_err() || event.seq == i64::MAX as u64 {
            return Err("its position is beyond any log");
        }
        if folded && !event.body.is_delta() {
            return Err("only text stands for a run of positions");
        }
        if (event.seq == 1) != matches!(event.body, EventBody::WorkerCreated { .. }) {
            return Err("a log begins with its worker's creation, and has no other");
        }
        self.last_seq = event.seq;
        self.body(&event.body)
    }

    fn body(&mut self, body: &EventBody) -> Result<(), &'static str> {
        match body {
            EventBody::WorkerCreated { title, .. } | EventBody::WorkerRenamed { title } => {
                let chars = title.as_ref().map_or(0, |title| title.chars().count());
                if chars > limits::TITLE_CHARS { Err("its title is too long") } else { Ok(()) }
            }
            EventBody::MessageCommitted { message } => {
                if message.role != Role::User {
                    return Err("a message of the model comes from a turn alone");
                }
                if !message.reasoning.is_empty() {
                    return Err("a message of a user holds no reasoning");
                }
                // HTML in a message is shown unchanged, so only this server may make it.
                if message.html.is_some() {
                    return Err("a log holds no HTML");
                }
                self.message(message.id, message.parent, Role::User)
            }
            EventBody::TurnAccepted { turn } => {
                if turn.state != TurnState::Accepted {
                    return Err("a turn begins as accepted");
                }
                if self.messages.get(&turn.question) != Some(&Role::User) {
                    return Err("the turn answers no message of a user before it");
                }
                let continues = turn.continues.map(|answer| self.messages.get(&answer));
                if continues.is_some_and(|found| found != Some(&Role::Assistant)) {
                    return Err("the turn continues no answer before it");
                }
                let edits = turn.edits.map(|answer| self.messages.get(&answer));
                if edits.is_some_and(|found| found != Some(&Role::Assistant)) {
                    return Err("the turn edits no answer before it");
                }
                let most = limits::ANSWERS_AT_ONCE as u32;
                let asked_for = |together: Together| together.count <= most;
                if !turn.together.is_none_or(asked_for) {
                    return Err("too many answers were asked for at once");
                }
                if turn.omitted.len() > limits::OMITTED_MESSAGES {
                    return Err("the turn leaves out too many messages");
                }
                if !self.turns.insert(turn.turn_id) {
                    return Err("its turn was there before");
                }
                self.message(turn.answer, Some(turn.question), Role::Assistant)?;
                let (turn, answer) = (turn.turn_id, turn.answer);
                self.open = Some(Open { turn, answer, bytes: 0, reasoning_bytes: 0 });
                Ok(())
            }
            EventBody::TurnWaiting { turn_id, .. }
            | EventBody::TurnLoading { turn_id }
            | EventBody::TurnAsked { turn_id, .. }
            | EventBody::TurnGenerating { turn_id, .. }
            | EventBody::TurnRetrying { turn_id, .. } => self.opened(*turn_id).map(drop),
            EventBody::TextDelta { turn_id, message_id, offset, text } => {
                let open = self.opened(*turn_id)?;
                if open.answer != *message_id || open.bytes != *offset {
                    return Err("its text does not follow the text before it");
                }
                open.bytes += text.len() as u64;
                Ok(())
            }
            EventBody::ReasoningDelta { turn_id, message_id, offset, text } => {
                let open = self.opened(*turn_id)?;
                if open.answer != *message_id || open.reasoning_bytes != *offset {
                    return Err("its reasoning does not follow the reasoning before it");
                }
                open.reasoning_bytes += text.len() as u64;
                Ok(())
            }
            EventBody::TextWasReasoning { turn_id, message_id, offset } => {
                let open = self.opened(*turn_id)?;
                let moved = open.bytes.checked_sub(*offset);
                let moved = moved.filter(|_| open.answer == *message_id);
                let moved = moved.ok_or("it makes reasoning of a text that is not there")?;
                open.reasoning_bytes += moved;
                open.bytes = *offset;
                Ok(())
            }
            EventBody::TurnEnded { turn_id, state, .. } => {
                self.opened(*turn_id)?;
                self.open = None;
                if state.is_final() { Ok(()) } else { Err("a turn ends in a final state") }
            }
            EventBody::ProfileChanged { model, instructions, .. } => {
                let chars = model.as_ref().map_or(0, |model| model.chars().count());
                let digest_bytes = instructions.as_ref().map_or(0, String::len);
                if chars > limits::MODEL_CHARS {
                    Err("its model's name is too long")
                } else if digest_bytes > DIGEST_BYTES {
                    Err("the digest of its instructions is too long")
                } else {
                    Ok(())
                }
            }
            EventBody::MessageOmitted { message_id, omitted } => {
                if !self.messages.contains_key(message_id) {
                    return Err("it leaves out a message that is not there");
                }
                self.omitted.remove(message_id);
                if *omitted {
                    self.omitted.insert(*message_id);
                }
                if self.omitted.len() > limits::OMITTED_MESSAGES {
                    return Err("it leaves out too many messages");
                }
                Ok(())
            }
            // These are valid in any state.
            EventBody::WorkerPlaced { .. }
            | EventBody::WorkerStopped
            | EventBody::AvailabilityChanged { .. } => Ok(()),
        }
    }

    /// Checks the beginning of a message. Its parent must come before it, so that no branch is a
    /// cycle.
    fn message(
        &mut self,
        id: MessageId,
        parent: Option<MessageId>,
        role: Role,
    ) -> Result<(), &'static str> {
        if self.open.is_some() {
            return Err("it begins while a turn runs");
        }
        if parent.is_some_and(|parent| !self.messages.contains_key(&parent)) {
            return Err("the message before it in its branch is not there");
        }
        if self.messages.insert(id, role).is_some() {
            return Err("its message was there before");
        }
        Ok(())
    }

    fn opened(&mut self, turn: TurnId) -> Result<&mut Open, &'static str> {
        let open = self.open.as_mut().filter(|open| open.turn == turn);
        open.ok_or("its turn does not run")
    }
}
