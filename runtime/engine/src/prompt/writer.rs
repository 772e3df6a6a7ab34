//! Writes a prompt's tokens from the template's text and the messages' texts.

use std::collections::BTreeSet;

use llama_cpp_2::token::LlamaToken;

use super::super::vocabulary::{Special, Vocabulary};

/// Collects tokens. Text is gathered in `run` and tokenized when a special token ends it.
pub(super) struct Writer<'a, V> {
    vocabulary: &'a V,
    /// Special tokens that the engine would make of plain text, too, and that this template uses.
    forgeable: Vec<&'a Special>,
    pub(super) tokens: Vec<LlamaToken>,
    run: String,
}

impl<'a, V: Vocabulary> Writer<'a, V> {
    pub(super) fn new<'t>(vocabulary: &'a V, literals: impl IntoIterator<Item = &'t str>) -> Self {
        let mut used = BTreeSet::new();
        for literal in literals {
            let mut rest = literal;
            while let Some((at, special)) = vocabulary.specials().find(rest) {
                used.insert(special.token);
                rest = &rest[at + special.text.len()..];
            }
        }
        let forgeable = vocabulary
            .specials()
            .in_plain_text()
            .filter(|special| used.contains(&special.token) && !special.text.trim().is_empty())
            .collect();
        Self { vocabulary, forgeable, tokens: Vec::new(), run: String::new() }
    }

    pub(super) fn literal(&mut self, text: &str) {
        let mut rest = text;
        while let Some((at, special)) = self.vocabulary.specials().find(rest) {
            self.run.push_str(&rest[..at]);
            if special.strips_left {
                self.run.truncate(self.run.trim_end().len());
            }
            self.flush();
            self.tokens.push(special.token);
            rest = &rest[at + special.text.len()..];
            if special.strips_right {
                rest = rest.trim_start();
            }
        }
        self.run.push_str(rest);
    }

    /// Adds the text of a message. A forgeable mark in it is cut in two, so that it stays text.
    pub(super) fn content(&mut self, text: &str) {
        let mut rest = text;
        while let Some(cut) = self.first_forgery(rest) {
            self.run.push_str(&rest[..cut]);
            self.flush();
            rest = &rest[cut..];
        }
        self.run.push_str(rest);
    }

    /// The position after the first character of the first forgeable mark in `text`.
    fn first_forgery(&self, text: &str) -> Option<usize> {
        let found = self.forgeable.iter().filter_map(|special| text.find(&special.text)).min()?;
        text[found..].chars().next().map(|first| found + first.len_utf8())
    }

    pub(super) fn flush(&mut self) {
        if !self.run.is_empty() {
            self.vocabulary.plain(&self.run, &mut self.tokens);
            self.run.clear();
        }
    }

    /// Returns all tokens, and the text of the first one if the template did not write it.
    pub(super) fn finish(mut self) -> (Vec<LlamaToken>, Option<String>) {
        self.flush();
        // Most templates write the first token themselves, and a second one would confuse the
        // model.
        if let Some(first) = self.vocabulary.first()
            && self.tokens.first() != Some(&first)
        {
            self.tokens.insert(0, first);
            return (self.tokens, self.vocabulary.specials().text_of(first).map(str::to_owned));
        }
        (self.tokens, None)
    }
}
