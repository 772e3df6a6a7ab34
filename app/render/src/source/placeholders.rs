//! Characters that stand for words which the parser is not to read.

use std::borrow::Cow;
use std::collections::HashMap;

use super::tags::{BlockTag, InlineTag};

/// The first of the characters: one of the Unicode plane for private use, which texts hardly ever
/// hold. One that a text holds all the same gets a placeholder itself.
const FIRST: u32 = 0xF_0000;

/// Bytes of each of them, and the first of those, which no other character begins with.
pub(super) const BYTES: usize = 4;
const FIRST_BYTE: u8 = 0xF3;

/// Different placeholders that one text may have, as many as the plane has characters. What comes
/// behind them is read as the parser reads it.
const PLACEHOLDERS: usize = 0xFFFE;

/// What the words behind a placeholder mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning<'a> {
    /// A formula in LaTeX.
    Formula { latex: Cow<'a, str>, display: bool },
    /// An element of HTML within a line.
    Inline(InlineTag),
    /// An element of HTML that holds blocks.
    Block(BlockTag),
    /// An address of a page.
    Address,
    /// Words that mean nothing but themselves.
    Words,
    /// Nothing, in a place where the parser is to see a letter.
    Joint,
}

/// The placeholders of a text, in the order in which they were made.
#[derive(Default)]
pub(crate) struct Placeholders<'a> {
    all: Vec<(&'a str, Meaning<'a>)>,
    /// The same words in the same place have the same placeholder, so that labels which are
    /// written alike stay alike.
    known: HashMap<(&'a str, bool), usize>,
}

impl<'a> Placeholders<'a> {
    /// The placeholder for words; none if there are too many of them.
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

    /// The words and the meaning of a character, if it is a placeholder.
    pub(crate) fn get(&self, character: char) -> Option<(&'a str, &Meaning<'a>)> {
        let at = u32::from(character).checked_sub(FIRST)?;
        let (written, meaning) = self.all.get(usize::try_from(at).ok()?)?;
        Some((written, meaning))
    }

    /// A text of the parser's as it was written.
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

/// Where the first character of a text stands that is of the plane which has the placeholders.
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

/// Whether a character is of the plane that has the placeholders.
pub(crate) fn is_placeholder(character: char) -> bool {
    (FIRST..FIRST + 0x1_0000).contains(&u32::from(character))
}
