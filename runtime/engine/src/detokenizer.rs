//! Turns tokens into the answer: separates thinking from text, completes characters, and drops the
//! white space at the beginning, which is only an artifact of the model's training.

use engine_wire::{FromChild, JobId, WireError};
use model_io::thinking::{Piece, Thinking};
use protocol::api::{InputMessage, InputRole};

use super::session::Reporter;
use super::utf8::Utf8;

pub(crate) struct Detokenizer {
    utf8: Utf8,
    thinking: Thinking,
    begun: bool,
    tokens: u32,
    thought_tokens: u32,
}

impl Detokenizer {
    /// For an answer to `messages`. White space at its beginning is kept if it continues an answer.
    /// `opens_thought` says that the prompt opened a thought.
    pub(crate) fn of(messages: &[InputMessage], opens_thought: bool) -> Self {
        let begun = messages.last().is_some_and(|message| message.role == InputRole::Assistant);
        let thinking = if opens_thought { Thinking::opened() } else { Thinking::new() };
        Self { utf8: Utf8::default(), thinking, begun, tokens: 0, thought_tokens: 0 }
    }

    /// Reports the text that the bytes of a token complete. Fails only if the pipe is closed.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        job: JobId,
        reporter: &mut impl Reporter,
    ) -> Result<(), WireError> {
        let text = self.utf8.push(bytes);
        let pieces = self.thinking.push(&text);
        self.tokens += 1;
        if self.thinking.is_within() {
            self.thought_tokens = self.tokens;
        }
        self.say(pieces, job, reporter)
    }

    /// Reports the rest and returns the number of tokens that were thinking. Fails only if the pipe
    /// is closed.
    pub(crate) fn finish(
        mut self,
        job: JobId,
        reporter: &mut impl Reporter,
    ) -> Result<u32, WireError> {
        let rest = std::mem::take(&mut self.utf8).finish().map(String::from);
        let mut pieces = self.thinking.push(&rest.unwrap_or_default());
        pieces.extend(self.thinking.end());
        self.say(pieces, job, reporter)?;
        Ok(self.thought_tokens)
    }

    fn say(
        &mut self,
        pieces: Vec<Piece>,
        job: JobId,
        reporter: &mut impl Reporter,
    ) -> Result<(), WireError> {
        for piece in pieces {
            match piece {
                Piece::Reasoning(text) => reporter.say(FromChild::Reasoning { job, text })?,
                Piece::TextWasReasoning => {
                    self.thought_tokens = self.tokens;
                    reporter.say(FromChild::TextWasReasoning { job })?;
                }
                Piece::Text(text) => {
                    let text = if self.begun { &*text } else { text.trim_start() };
                    if !text.is_empty() {
                        self.begun = true;
                        reporter.say(FromChild::Text { job, text: text.to_owned() })?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Vec<String>);

    impl Reporter for Heard {
        fn say(&mut self, message: FromChild) -> Result<(), WireError> {
            match message {
                FromChild::Text { text, .. } => self.0.push(text),
                FromChild::Reasoning { text, .. } => self.0.push(format!("({text})")),
                _ => {}
            }
            Ok(())
        }
        fn stopped(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_continued_answer_keeps_its_leading_space() {
        let mut heard = Heard::default();
        let begun = InputMessage::new(InputRole::Assistant, "It");
        Detokenizer::of(&[begun], false).push(b" is", JobId(1), &mut heard).unwrap();
        assert_eq!(heard.0, [" is"]);
    }

    #[test]
    fn an_answer_has_no_leading_space_and_only_whole_characters() {
        let mut heard = Heard::default();
        let mut detokenizer = Detokenizer::of(&[], false);
        for bytes in [&b" \n"[..], b"  Hi", b" ", &[0xe6, 0x97], &[0xa5], b"\n", &[0xe6]] {
            detokenizer.push(bytes, JobId(1), &mut heard).unwrap();
        }
        detokenizer.finish(JobId(1), &mut heard).unwrap();
        assert_eq!(heard.0, ["Hi", " ", "日", "\n", "\u{fffd}"]);
    }

    /// Qwen3 writes the opening mark. The distillations of DeepSeek-R1 do not, since their template
    /// opens the thought.
    #[test]
    fn reasoning_is_sent_separately_and_counted() {
        for (opened, begins) in [(false, &b"<think>"[..]), (true, b"\n")] {
            let mut heard = Heard::default();
            let mut detokenizer = Detokenizer::of(&[], opened);
            for bytes in [begins, b"\n", b"hm", b"\n", b"</think>", b"\n\n", b"Hi"] {
                detokenizer.push(bytes, JobId(1), &mut heard).unwrap();
            }
            assert_eq!(detokenizer.finish(JobId(1), &mut heard).unwrap(), 4);
            assert_eq!(heard.0, ["(hm)", "Hi"]);
        }
    }
}
