//! Placeholders: characters that stand for text which the parser must not read.

use std::borrow::Cow;
use std::collections::HashMap;

use super::tags::{BlockTag, InlineTag};

/// The first placeholder, in a Unicode plane for private use, which texts hardly ever use. If a
/// text contains such a character all the same, it gets a placeholder itself.
const FIRST: u32 = 0xF_0000;

/// The length of each placeholder in UTF-8, and its first byte, which only few other characters
/// have.
pub(super) const BYTES: usize = 4;
const FIRST_BYTE: u8 = 0xF3;

/// The most different placeholders of a text, which is the number of characters in the plane.
/// Constructs after that are left to the parser.
const PLACEHOLDERS: usize = 0xFFFE;

/// The meaning of the text behind a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning<'a> {
    /// A formula in LaTeX.
    Formula { latex: Cow<'a, str>, display: bool },
    /// An HTML element within a line.
    Inline(InlineTag),
    /// An HTML element that contains blocks.
    Block(BlockTag),
    /// A web address.
    Address,
    /// Plain text without a special meaning.
    Words,
    /// Nothing; the parser should only see a letter here.
    Joint,
}

/// The placeholders of a text, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Placeholders<'a> {
    all: Vec<(&'a str, Meaning<'a>)>,
    /// The same text with the same meaning has the same placeholder, so that equal link labels stay
    /// equal.
    known: HashMap<(&'a str, bool), usize>,
}

impl<'a> Placeholders<'a> {
    /// The placeholder for a text; `None` if there are too many.
    pub(super) fn add(&mut self, written: &'a str, meaning: Meaning<'a>) -> Option<char> {
        let is_words = matches!(meaning, Meaning::Words);
        let at = match self.known.get(&(written, is_words)) {
            Some(at) if self.all[*at].1 == meaning => *at,
            _ if self.all.len() >= PLACEHOLDERS => return None,
            _ => {
                self.all.push((written, meaning));
                self.known.insert((written, is_words), self.all.len() - 1);
                self.all.len() - 1
            }
        };
        char::from_u32(FIRST + u32::try_from(at).ok()?)
    }

    /// The text and meaning of a character, if it is a placeholder.
    pub(crate) fn get(&self, character: char) -> Option<(&'a str, &Meaning<'a>)> {
        let at = u32::from(character).checked_sub(FIRST)?;
        let (written, meaning) = self.all.get(usize::try_from(at).ok()?)?;
        Some((written, meaning))
    }

    /// A text from the parser with the original text in place of the placeholders.
    pub(crate) fn written<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if first(text).is_none() {
            return Cow::Borrowed(text);
        }
        let mut written = String::with_capacity(text.len());
        for character in text.chars() {
            match self.get(character) {
                Some((words, _)) => written.push_str(words),
                None => written.push(character),
            }
        }
        Cow::Owned(written)
    }
}

/// The position of the first character of a text that is in the placeholders' plane.
pub(crate) fn first(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text.as_bytes()[from..].iter().position(|byte| *byte == FIRST_BYTE) {
        from += at;
        if text[from..].starts_with(is_placeholder) {
            return Some(from);
        }
        from += BYTES;
    }
    None
}

/// Whether a character is in the placeholders' plane.
pub(crate) fn is_placeholder(character: char) -> bool {
    (FIRST..FIRST + 0x1_0000).contains(&u32::from(character))
}
