//! A message in flight to the server, and its text until the server has accepted it.

use protocol::MessageId;

/// A message that this page has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub id: MessageId,
    pub text: String,
    /// The message that this edits. An edit has no place at the end of the conversation.
    pub edits: Option<MessageId>,
}

/// Puts the text of an unaccepted message before the text that was typed since.
pub fn joined(unsent: &str, typed: &str) -> String {
    match (unsent.is_empty(), typed.is_empty()) {
        (_, true) => unsent.to_owned(),
        (true, _) => typed.to_owned(),
        (false, false) => format!("{unsent}\n\n{typed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsent_text_is_put_before_newly_typed_text() {
        assert_eq!(joined("one", "two"), "one\n\ntwo");
        assert_eq!(joined("one", ""), "one");
        assert_eq!(joined("", "two"), "two");
        assert_eq!(joined("", ""), "");
    }
}
