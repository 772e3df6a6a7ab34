//! Placeholders for entries that cannot be read.

use protocol::{Message, MessageId, ProfileName, Role, Timestamp, Turn, TurnId};
use sha2::{Digest, Sha256};
use store::initial_worker;

/// The text of an unreadable question with a readable answer.
pub(super) const MESSAGE: &str = "(This message cannot be read.)";

/// The text for an unreadable piece of an answer.
pub(super) const TEXT: &str = " […] ";

/// The model of a turn of which only the text is readable.
const MODEL: &str = "unknown";

/// A placeholder for an unreadable question.
pub(super) fn message(id: MessageId, parent: Option<MessageId>, at: Timestamp) -> Message {
    Message {
        id,
        parent,
        role: Role::User,
        text: MESSAGE.to_owned(),
        created_at: at,
        turn_id: None,
        reasoning: String::new(),
        html: None,
    }
}

/// The id of the placeholder question of an answer whose question is not known. It is the same in
/// every salvage.
pub(super) fn question_of(answer: MessageId) -> MessageId {
    let digest = Sha256::new().chain_update("question").chain_update(answer.as_bytes()).finalize();
    MessageId::from_parts(answer.unix_ms(), std::array::from_fn(|at| digest[at]))
}

/// A turn of which only the text is readable.
pub(super) fn turn(
    (turn_id, question, answer): (TurnId, MessageId, MessageId),
    profile: ProfileName,
    at: Timestamp,
) -> Turn {
    // Nothing is known about the model and its input.
    initial_worker::imported_turn((turn_id, question, answer), profile, MODEL.to_owned(), at)
}
