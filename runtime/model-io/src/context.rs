//! Selects the messages of a branch that the model is shown: the newest ones that fit its window
//! and leave room for the answer.

use protocol::api::InputRole;

/// The newest message does not fit the window, even alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{needed} tokens are needed and the window leaves {room}")]
pub struct Overflow {
    /// The tokens of the newest question, with the beginning of its answer if there is one.
    pub needed: u32,
    /// The tokens of the window without the system prompt and the reserve for the answer.
    pub room: u32,
}

/// The index of the newest question. It and the beginning of its answer, if there is one, are never
/// left out.
pub fn newest(roles: impl DoubleEndedIterator<Item = InputRole> + ExactSizeIterator) -> usize {
    let last = roles.len().saturating_sub(1);
    let answers = roles.rev().take_while(|role| *role == InputRole::Assistant).count();
    last.saturating_sub(answers)
}

/// How many of `messages` have to be left out from the front. Each message is given as its role and
/// its cost in tokens, oldest first; the last one is a user message or the beginning of its answer.
///
/// `fixed` is the cost of the system prompt and of the text that surrounds the messages; `reserve`
/// must stay free for the answer. The messages that remain never begin with an answer whose
/// question was left out.
pub fn left_out(
    messages: &[(InputRole, u32)],
    fixed: u32,
    window: u32,
    reserve: u32,
) -> Result<usize, Overflow> {
    let room = window.saturating_sub(reserve).saturating_sub(fixed);
    let end = newest(messages.iter().map(|(role, _)| *role));
    let newest = messages[end..].iter().fold(0u32, |sum, (_, cost)| sum.saturating_add(*cost));
    if newest > room {
        return Err(Overflow { needed: newest, room });
    }
    let mut used = 0u32;
    let fitting = messages.iter().rev().take_while(|(_, cost)| {
        used = used.saturating_add(*cost);
        used <= room
    });
    let first = messages.len() - fitting.count();
    let orphans = messages[first..].iter().take_while(|(role, _)| *role == InputRole::Assistant);
    Ok((first + orphans.count()).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use InputRole::{Assistant, User};

    #[test]
    fn all_messages_are_shown_if_they_fit() {
        assert_eq!(left_out(&[(User, 10), (Assistant, 10), (User, 10)], 10, 50, 10), Ok(0));
    }

    #[test]
    fn the_oldest_messages_are_left_out_together_with_their_answers() {
        let messages = [(User, 10), (Assistant, 10), (User, 10)];
        assert_eq!(left_out(&messages, 10, 49, 10), Ok(2));
        assert_eq!(left_out(&messages, 10, 39, 10), Ok(2));
    }

    /// Conversations of other programs may begin with a greeting by the model.
    #[test]
    fn the_shown_messages_never_begin_with_an_answer() {
        assert_eq!(left_out(&[(Assistant, 10), (User, 10)], 10, 50, 10), Ok(1));
        let messages = [(Assistant, 10), (Assistant, 10), (User, 10), (Assistant, 10)];
        assert_eq!(left_out(&messages, 10, 60, 10), Ok(2));
    }

    #[test]
    fn a_continued_answer_is_shown_with_its_question() {
        let messages = [(User, 10), (Assistant, 10), (User, 10), (Assistant, 20)];
        assert_eq!(left_out(&messages, 10, 70, 10), Ok(0));
        assert_eq!(left_out(&messages, 10, 50, 10), Ok(2));
        assert_eq!(left_out(&messages, 10, 49, 10), Err(Overflow { needed: 30, room: 29 }));
    }

    #[test]
    fn a_newest_message_that_cannot_fit_is_an_overflow() {
        let messages = [(User, 10), (Assistant, 10), (User, 30)];
        assert_eq!(left_out(&messages, 10, 45, 10), Err(Overflow { needed: 30, room: 25 }));
        assert_eq!(left_out(&messages, 60, 45, 10), Err(Overflow { needed: 30, room: 0 }));
    }
}
