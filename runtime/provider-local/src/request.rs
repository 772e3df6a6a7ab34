//! Converts a request of the provider port into one for the child, within the bounds of a frame.
//! Pure.

use std::iter;

use engine_wire::{FRAME_BYTES, Generate, JobId};
use protocol::api::{InputMessage, InputRole};
use provider::Request;

/// The room in a frame for everything but texts.
const SPARE_BYTES: usize = 64 * 1024;

/// The newest message does not fit a frame, even alone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// The request for the child, and the number of the oldest messages that are left out of it,
/// because no model's window could hold them. The messages that remain begin with a question.
pub(crate) fn to_child(job: JobId, mut request: Request) -> Result<(Generate, u32), TooLarge> {
    let cost = |message: &InputMessage| {
        let thought = if request.send_reasoning { json_bytes(&message.reasoning) } else { 0 };
        json_bytes(&message.text) + thought
    };
    let costs = request.messages.iter().map(cost);
    let room = FRAME_BYTES.saturating_sub(SPARE_BYTES + json_bytes(&request.system));
    let fitting = newest_within(costs.rev(), room);
    if fitting == 0 {
        return Err(TooLarge);
    }
    let mut first = request.messages.len() - fitting;
    if first > 0 {
        let answers = |role| role == InputRole::Assistant;
        first += request.messages[first..].iter().take_while(|m| answers(m.role)).count();
    }
    // The answer that is to be continued does not fit together with its question.
    if first == request.messages.len() {
        return Err(TooLarge);
    }
    let mut messages = request.messages.split_off(first);
    if !request.send_reasoning {
        messages.iter_mut().for_each(|message| message.reasoning.clear());
    }
    let Request { system, sampling, effort, send_reasoning, .. } = request;
    let generate = Generate { job, system, messages, sampling, effort, send_reasoning };
    Ok((generate, u32::try_from(first).unwrap_or(u32::MAX)))
}

fn newest_within(newest_first: impl Iterator<Item = usize>, room: usize) -> usize {
    let mut used = 0usize;
    newest_first
        .take_while(|cost| {
            used = used.saturating_add(*cost);
            used <= room
        })
        .count()
}

/// The most bytes that a text can take as JSON, including the message around it.
fn json_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        0..=0x1f => 6,
        b'"' | b'\\' => 2,
        _ => 1,
    };
    text.bytes().map(escaped).chain(iter::once(64)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::TurnId;
    use protocol::api::Sampling;
    use provider::Recorded;

    fn request(texts: Vec<(InputRole, String)>) -> Request {
        Request {
            turn_id: TurnId::from_parts(0, [0; 10]),
            model: String::new(),
            system: "s".into(),
            messages: texts.into_iter().map(|(role, text)| InputMessage::new(role, text)).collect(),
            sampling: Sampling::default(),
            effort: None,
            send_reasoning: false,
            made: Vec::new(),
            recorded: Recorded::already(),
        }
    }

    #[test]
    fn an_ordinary_conversation_is_passed_on_completely() {
        let asked = request(vec![(InputRole::User, "hi".into())]);
        let (generate, cut) = to_child(JobId(3), asked.clone()).unwrap();
        assert_eq!((generate.messages, cut), (asked.messages, 0));
    }

    #[test]
    fn an_oversized_conversation_is_cut_to_begin_with_a_question() {
        use InputRole::{Assistant, User};
        let third = "\u{1}".repeat(FRAME_BYTES / 6 / 3);
        let roles = [User, Assistant, User, Assistant, User];
        let asked = request(roles.map(|role| (role, third.clone())).to_vec());
        let (generate, cut) = to_child(JobId(1), asked).unwrap();
        assert_eq!((generate.messages.len(), cut), (1, 4));
        assert!(serde_json::to_vec(&generate).unwrap().len() <= FRAME_BYTES);
    }

    #[test]
    fn a_continued_answer_without_room_for_its_question_is_refused() {
        let half = "x".repeat(FRAME_BYTES / 3 * 2);
        let asked = vec![(InputRole::User, half.clone()), (InputRole::Assistant, half)];
        assert_eq!(to_child(JobId(1), request(asked)), Err(TooLarge));
    }

    #[test]
    fn a_newest_message_larger_than_a_frame_is_refused() {
        let huge = "x".repeat(FRAME_BYTES);
        assert_eq!(to_child(JobId(1), request(vec![(InputRole::User, huge)])), Err(TooLarge));
    }
}
