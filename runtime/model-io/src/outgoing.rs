//! Puts the messages of a branch into a form that every model accepts; pure.
//!
//! A log has turns that were stopped before their first text, answers of nothing but line breaks,
//! and conversations of other programs. Models are trained on alternating roles, and strict servers
//! refuse everything else: "Conversation roles must alternate user/assistant" (the chat templates
//! of Mistral and Gemma, on vLLM and llama.cpp), "text content blocks must be non-empty" and "final
//! assistant content cannot end with trailing whitespace" (Anthropic). The log itself does not
//! change. The same functions later compute from the log what was sent.

use protocol::api::{InputMessage, InputRole};
use protocol::{Adjustment, unicode};

/// Whether a text has no visible character.
pub fn is_blank(text: &str) -> bool {
    !text.chars().any(unicode::is_visible)
}

/// The messages to send, including the system prompt. `shown` are the messages of the branch that
/// fit the window, oldest first; the last one is the newest question or the beginning of its
/// answer. With `reasoning`, the answers have their thinking beside them.
pub fn messages(
    system: &str,
    shown: &[InputMessage],
    adjustments: &[Adjustment],
    reasoning: bool,
) -> Vec<InputMessage> {
    let mut sent = turns(shown);
    if !reasoning {
        sent.iter_mut().for_each(|message| message.reasoning.clear());
    }
    let answers = |message: &InputMessage| message.role == InputRole::Assistant;
    if adjustments.contains(&Adjustment::WithoutBeginning) && sent.last().is_some_and(answers) {
        sent.pop();
    }
    if is_blank(system) {
        return sent;
    }
    match sent.first_mut() {
        Some(first) if adjustments.contains(&Adjustment::SystemInUser) => {
            first.text = format!("{system}\n\n{}", first.text);
        }
        _ => sent.insert(0, InputMessage::new(InputRole::System, system)),
    }
    sent
}

/// Makes the roles alternate, beginning with the user's: neighbours of one role are merged with a
/// blank line between them, and blank messages and answers before the first question are dropped.
/// An answer that is to be continued loses the white space at its end.
pub fn turns(shown: &[InputMessage]) -> Vec<InputMessage> {
    let mut sent: Vec<InputMessage> = Vec::with_capacity(shown.len());
    for message in shown.iter().filter(|message| !is_blank(&message.text)) {
        match sent.last_mut() {
            None if message.role == InputRole::Assistant => {}
            Some(last) if last.role == message.role => {
                last.text.push_str("\n\n");
                last.text.push_str(&message.text);
                if !last.reasoning.is_empty() && !message.reasoning.is_empty() {
                    last.reasoning.push_str("\n\n");
                }
                last.reasoning.push_str(&message.reasoning);
            }
            _ => sent.push(message.clone()),
        }
    }
    if let Some(last) = sent.last_mut().filter(|last| last.role == InputRole::Assistant) {
        last.text.truncate(last.text.trim_end().len());
    }
    sent
}

/// The fewest bytes of an old text that are recognised when the model repeats it. Fewer could be
/// repeated on purpose.
const REPEATED_BYTES: usize = 12;

/// Joins what a model writes to the text that its answer begins with.
///
/// The log keeps that text with the white space at its end, although that was not sent. Some
/// endpoints do not continue an answer but begin it anew; where they repeat the old text, the
/// repetition is dropped.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seam {
    /// The old text, while the model may be repeating it.
    old: String,
    /// What the model wrote so far, while it may be repeating the old text.
    held: String,
    /// The white space at the end of the old text, as far as the model has not repeated it.
    space: String,
    /// Whether the model did not see the old text, so that its answer begins a new paragraph.
    apart: bool,
}

impl Seam {
    /// For an answer that begins with `begun`, which is empty if no answer is continued.
    pub fn new(begun: &str, adjustments: &[Adjustment]) -> Self {
        let old = begun.trim();
        let space = begun[begun.trim_end().len()..].to_owned();
        Self {
            old: if old.len() < REPEATED_BYTES { String::new() } else { old.to_owned() },
            held: String::new(),
            apart: adjustments.contains(&Adjustment::WithoutBeginning)
                && !begun.is_empty()
                && space.is_empty(),
            space,
        }
    }

    /// Returns what to add to the log for a piece of the model's text. It may be empty.
    pub fn join(&mut self, text: String) -> String {
        if self.old.is_empty() {
            return self.spaced(text);
        }
        self.held.push_str(&text);
        let said = self.held.trim_start();
        if said.len() < self.old.len() && self.old.starts_with(said) {
            return String::new();
        }
        let old = std::mem::take(&mut self.old);
        let held = std::mem::take(&mut self.held);
        match held.trim_start().strip_prefix(&old) {
            Some(rest) => {
                self.apart = false;
                self.spaced(rest.to_owned())
            }
            None => self.spaced(held),
        }
    }

    fn spaced(&mut self, text: String) -> String {
        if text.is_empty() {
            return text;
        }
        if std::mem::take(&mut self.apart) && !text.starts_with(char::is_whitespace) {
            return format!("\n\n{text}");
        }
        let space = std::mem::take(&mut self.space);
        let repeated = space.chars().zip(text.chars()).take_while(|(a, b)| a == b);
        let repeated: usize = repeated.map(|(a, _)| a.len_utf8()).sum();
        if repeated == text.len() {
            self.space = space[repeated..].to_owned();
        }
        text[repeated..].to_owned()
    }
}

#[cfg(any(test, feature = "samples"))]
pub mod samples;

#[cfg(test)]
mod tests;
