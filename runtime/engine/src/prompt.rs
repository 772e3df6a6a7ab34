//! Makes the tokens that the model reads from a conversation: the messages that fit its window, in
//! the form of its chat template, and without special tokens from the text of messages.
//!
//! Between two special tokens, the template's text and the messages' text are tokenized together,
//! as the model saw them in training. Special tokens are looked for only in the template's text.

use chat_template::{ChatTemplate, Piece, TemplateError, Wishes};
use llama_cpp_2::token::LlamaToken;
use model_io::context::{Overflow, left_out, newest};
use model_io::rendered::Part;
use model_io::thinking;
use protocol::Effort;
use protocol::api::{InputMessage, InputRole};

use super::vocabulary::Vocabulary;
use writer::Writer;

mod writer;

/// The model's context window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// The tokens of prompt and answer together.
    pub(crate) tokens: u32,
    /// The tokens that the prompt must leave free. Invariant: from 1 to half of `tokens`.
    pub(crate) reserve: u32,
}

/// The prompt that the model reads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// Invariant: not empty, and at most the window without its reserve.
    pub(crate) tokens: Vec<LlamaToken>,
    /// The number of messages that are left out at the front.
    pub(crate) left_out: u32,
    /// Whether the answer begins within a thought that the template opened.
    pub(crate) opens_thought: bool,
    /// The whole prompt as text, with references in place of the messages.
    pub(crate) parts: Vec<Part>,
}

/// A conversation to be rendered.
#[derive(Clone, Copy)]
pub(crate) struct Conversation<'a> {
    /// The system prompt; empty if there is none.
    pub(crate) system: &'a str,
    pub(crate) messages: &'a [InputMessage],
    pub(crate) effort: Option<&'a Effort>,
    /// Whether the template may include the thinking of earlier answers.
    pub(crate) reasoning: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PromptError {
    #[error("the newest message does not fit")]
    TooLong(#[source] Overflow),
    #[error("the conversation cannot be rendered by the model's template")]
    Template(#[source] TemplateError),
}

/// Fits the system prompt and the newest messages into the window.
///
/// The costs of messages are exact for templates that put special tokens between messages, and
/// nearly so for others. In any case the whole prompt is counted, and more messages are left out
/// until it fits. Messages that are too old to fit are not counted at all.
pub(crate) fn fit(
    template: &ChatTemplate,
    vocabulary: &impl Vocabulary,
    conversation: Conversation<'_>,
    window: Window,
) -> Result<Prompt, PromptError> {
    let Conversation { system, messages, effort, reasoning } = conversation;
    let scene = Scene { template, vocabulary, system, messages, effort, reasoning };
    let room = window.tokens.saturating_sub(window.reserve);
    let (costs, mut fixed) = scene.costs(room)?;
    let mut first = None;
    loop {
        let out = left_out(&costs, fixed, window.tokens, window.reserve)
            .map_err(|now| PromptError::TooLong(*first.get_or_insert(now)))?;
        let Written { tokens, opens_thought, parts } = scene.tokens(out)?;
        let excess = count(&tokens).saturating_sub(room);
        if tokens.is_empty() {
            return Err(PromptError::Template(TemplateError::Empty));
        }
        if excess == 0 {
            let left_out = u32::try_from(out).unwrap_or(u32::MAX);
            return Ok(Prompt { tokens, left_out, opens_thought, parts });
        }
        // This grows in each round, so the loop ends at the latest when the newest message does not
        // fit.
        fixed = fixed.saturating_add(excess);
    }
}

/// A conversation with everything that is needed to render it.
struct Scene<'a, V> {
    template: &'a ChatTemplate,
    vocabulary: &'a V,
    system: &'a str,
    messages: &'a [InputMessage],
    effort: Option<&'a Effort>,
    reasoning: bool,
}

/// A rendered conversation.
struct Written {
    tokens: Vec<LlamaToken>,
    opens_thought: bool,
    parts: Vec<Part>,
}

impl<V: Vocabulary> Scene<'_, V> {
    /// Returns what each message costs with the template's text after it, and what the rest costs.
    fn costs(&self, room: u32) -> Result<(Vec<(InputRole, u32)>, u32), PromptError> {
        let mut costs: Vec<_> = self.messages.iter().map(|m| (m.role, u32::MAX)).collect();
        let mut total = 0u32;
        let mut first = self.messages.len();
        let newest = newest(self.messages.iter().map(|message| message.role));
        while first > 0 && (total <= room || first > newest) {
            first -= 1;
            costs[first].1 = self.plain_count(&self.messages[first].text);
            total = total.saturating_add(costs[first].1);
        }
        // The shown messages never begin with an answer, so the measured ones do not either.
        let begins = |m: &InputMessage| m.role != InputRole::Assistant;
        first += self.messages[first..].iter().position(begins).unwrap_or(0);
        let mut fixed = u32::from(self.vocabulary.first().is_some());
        let mut owner = None;
        for piece in self.pieces(first)? {
            match piece {
                Piece::Content(0) if !self.system.is_empty() => {
                    fixed = fixed.saturating_add(self.plain_count(self.system));
                }
                Piece::Content(index) => owner = Some(self.message(first, index)),
                Piece::Reasoning(index) => {
                    let index = self.message(first, index);
                    let cost = self.plain_count(&self.messages[index].reasoning);
                    costs[index].1 = costs[index].1.saturating_add(cost);
                }
                Piece::Literal(text) => {
                    let cost = self.literal_count(&text);
                    let bearer = owner.map_or(&mut fixed, |index: usize| &mut costs[index].1);
                    *bearer = bearer.saturating_add(cost);
                }
            }
        }
        Ok((costs, fixed))
    }

    /// Renders the whole prompt without the first `out` messages.
    fn tokens(&self, out: usize) -> Result<Written, PromptError> {
        let pieces = self.pieces(out)?;
        let literals = pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Content(_) | Piece::Reasoning(_) => None,
        });
        let mut writer = Writer::new(self.vocabulary, literals);
        for piece in &pieces {
            match piece {
                Piece::Literal(text) => writer.literal(text),
                Piece::Content(0) if !self.system.is_empty() => writer.content(self.system),
                Piece::Content(index) => {
                    writer.content(&self.messages[self.message(out, *index)].text);
                }
                Piece::Reasoning(index) => {
                    writer.content(&self.messages[self.message(out, *index)].reasoning);
                }
            }
        }
        let mut parts: Vec<Part> = pieces.iter().map(part).collect();
        let closer = match pieces.last() {
            Some(Piece::Literal(text)) => thinking::closer_of(text),
            _ => None,
        };
        if let Some(begun) = self.messages.last().filter(|_| self.continues()) {
            // The text to be continued is an answer, so a thought that the template opened is
            // closed first.
            if let Some(closer) = closer {
                let closing = format!("{closer}\n\n");
                writer.literal(&closing);
                parts.push(Part::Template(closing));
            }
            // Tokenize the beginning apart from the template's text, as when the model wrote it.
            writer.flush();
            writer.content(begun.text.trim_end());
            let before = self.messages.len() - 1 - out.min(self.messages.len() - 1);
            parts.push(Part::Beginning(before + usize::from(!self.system.is_empty())));
        }
        let (tokens, first) = writer.finish();
        parts.splice(0..0, first.map(Part::Template));
        let opens_thought = closer.is_some() && !self.continues();
        Ok(Written { tokens, opens_thought, parts })
    }

    /// Whether the model is to continue an answer. Then the template renders the messages up to the
    /// question, and the beginning of the answer follows after all of the template's text.
    fn continues(&self) -> bool {
        self.messages.last().is_some_and(|message| message.role == InputRole::Assistant)
    }

    fn pieces(&self, out: usize) -> Result<Vec<Piece>, PromptError> {
        let system = (!self.system.is_empty()).then_some(InputRole::System);
        let asked = self.messages.len() - usize::from(self.continues());
        let shown = self.messages[out.min(asked)..asked].iter().map(|message| message.role);
        let roles: Vec<InputRole> = system.into_iter().chain(shown).collect();
        let wishes = Wishes { effort: self.effort.cloned(), reasoned: self.reasoned(out, asked) };
        self.template.render(&roles, &wishes).map_err(PromptError::Template)
    }

    /// The indices of the contents whose thinking is sent.
    fn reasoned(&self, out: usize, asked: usize) -> Vec<usize> {
        if !self.reasoning {
            return Vec::new();
        }
        let system = usize::from(!self.system.is_empty());
        let shown = self.messages[out.min(asked)..asked].iter().enumerate();
        let thought = shown.filter(|(_, message)| !message.reasoning.is_empty());
        thought.map(|(at, _)| at + system).collect()
    }

    /// The index of the message that a content belongs to, when the first `out` messages are left
    /// out.
    fn message(&self, out: usize, content: usize) -> usize {
        out + content - usize::from(!self.system.is_empty())
    }

    fn plain_count(&self, text: &str) -> u32 {
        let mut tokens = Vec::new();
        self.vocabulary.plain(text, &mut tokens);
        count(&tokens)
    }

    fn literal_count(&self, text: &str) -> u32 {
        let mut writer = Writer::new(self.vocabulary, []);
        writer.literal(text);
        writer.flush();
        count(&writer.tokens)
    }
}

fn part(piece: &Piece) -> Part {
    match piece {
        Piece::Literal(text) => Part::Template(text.clone()),
        Piece::Content(index) => Part::Message(*index),
        Piece::Reasoning(index) => Part::Reasoning(*index),
    }
}

fn count(tokens: &[LlamaToken]) -> u32 {
    u32::try_from(tokens.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
