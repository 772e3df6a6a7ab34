//! The answer's text on its way out: whole characters, and no white space at its front,
//! which only tells how the model was trained.

use protocol::api::{InputMessage, InputRole};

use super::super::wire::{FromChild, JobId, WireError};
use super::session::Link;
use super::utf8::Utf8;

#[derive(Default)]
pub(super) struct Speech {
    utf8: Utf8,
    begun: bool,
}

impl Speech {
    /// Goes on from an answer that had begun, where white space is part of the text.
    pub(super) fn of(messages: &[InputMessage]) -> Self {
        let begun = messages.last().is_some_and(|message| message.role == InputRole::Assistant);
        Self { begun, ..Self::default() }
    }

    /// Says what the bytes of a token complete. Errors when nobody listens.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        job: JobId,
        link: &mut impl Link,
    ) -> Result<(), WireError> {
        let text = self.utf8.push(bytes);
        self.say(&text, job, link)
    }

    /// Says what is left. Errors when nobody listens.
    pub(super) fn finish(mut self, job: JobId, link: &mut impl Link) -> Result<(), WireError> {
        let rest = std::mem::take(&mut self.utf8).finish().map(String::from);
        self.say(&rest.unwrap_or_default(), job, link)
    }

    fn say(&mut self, text: &str, job: JobId, link: &mut impl Link) -> Result<(), WireError> {
        let text = if self.begun { text } else { text.trim_start() };
        if text.is_empty() {
            return Ok(());
        }
        self.begun = true;
        link.say(FromChild::Text { job, text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Vec<String>);

    impl Link for Heard {
        fn say(&mut self, message: FromChild) -> Result<(), WireError> {
            if let FromChild::Text { text, .. } = message {
                self.0.push(text);
            }
            Ok(())
        }
        fn stopped(&self) -> bool {
            false
        }
    }

    #[test]
    fn what_goes_on_keeps_its_space() {
        let mut heard = Heard::default();
        let begun = InputMessage { role: InputRole::Assistant, text: "It".into() };
        Speech::of(&[begun]).push(b" is", JobId(1), &mut heard).unwrap();
        assert_eq!(heard.0, [" is"]);
    }

    #[test]
    fn it_begins_with_no_space_and_says_whole_characters() {
        let mut heard = Heard::default();
        let mut speech = Speech::default();
        for bytes in [&b" \n"[..], b"  Hi", b" ", &[0xe6, 0x97], &[0xa5], b"\n", &[0xe6]] {
            speech.push(bytes, JobId(1), &mut heard).unwrap();
        }
        speech.finish(JobId(1), &mut heard).unwrap();
        assert_eq!(heard.0, ["Hi", " ", "日", "\n", "\u{fffd}"]);
    }
}
