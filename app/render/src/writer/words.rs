//! Writes text, and the meaning of the placeholders in it.

use std::borrow::Cow;

use super::super::escape::escape_into;
use super::super::source::{InlineTag, Meaning, first_placeholder};
use super::super::{addresses, link, math};
use super::Writer;

const BREAK: &str = "<br />\n";

impl Writer<'_> {
    /// Writes the collected text.
    pub(super) fn write_words(&mut self) {
        if self.words.is_empty() {
            return;
        }
        let words = std::mem::take(&mut self.words);
        let mut rest = &*words;
        while let Some(at) = first_placeholder(rest) {
            self.text(&rest[..at]);
            let mut behind = rest[at..].chars();
            if let Some(character) = behind.next() {
                self.placeholder(character);
            }
            rest = behind.as_str();
        }
        self.text(rest);
    }

    fn placeholder(&mut self, character: char) {
        let source = self.source;
        let Some((written, meaning)) = source.placeholders.get(character) else {
            return self.text(character.encode_utf8(&mut [0; 4]));
        };
        let is_meant = match meaning {
            Meaning::Formula { latex, display } => {
                // Within a quote or a table, `latex` is an owned copy without the surrounding
                // marks. It is shown if the formula cannot be converted.
                let written = if let Cow::Owned(latex) = latex { latex } else { written };
                self.formula(latex, written, *display);
                true
            }
            Meaning::Inline(InlineTag::Break) => {
                self.inline("<br />");
                self.ends_line = true;
                true
            }
            Meaning::Inline(InlineTag::Open(name)) => self.push_html(name),
            Meaning::Inline(InlineTag::Close(name)) => self.close_html(name),
            Meaning::Block(tag) => self.block_tag(*tag),
            Meaning::Address => self.address(written),
            Meaning::Joint => true,
            Meaning::Words => false,
        };
        if !is_meant {
            self.text(written);
        }
    }

    /// Writes a formula, or its original text if it cannot be converted.
    fn formula(&mut self, latex: &str, written: &str, display: bool) {
        if !display {
            return self.inline(&math::inline(latex, written));
        }
        // A display formula begins a new line anyway.
        if self.out.ends_with(BREAK) {
            self.out.truncate(self.out.len() - BREAK.len());
        }
        self.inline(&math::block(latex, written));
        self.ends_line = true;
    }

    /// Writes an address as a link; returns whether it did.
    fn address(&mut self, address: &str) -> bool {
        let Some(allowed) = link::allowed(&addresses::target(address)).filter(|_| self.links == 0)
        else {
            return false;
        };
        self.inline(&link::open(&allowed));
        self.text(address);
        self.out.push_str("</a>");
        true
    }

    /// Writes plain text, escaped.
    pub(super) fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.begin_inline();
            escape_into(text, &mut self.out);
            self.ends_line = false;
        }
    }

    /// Writes inline HTML.
    pub(super) fn inline(&mut self, html: &str) {
        self.begin_inline();
        self.out.push_str(html);
        self.ends_line = false;
    }

    /// Writes the HTML of a block.
    pub(super) fn block(&mut self, html: &str) {
        self.out.push_str(html);
        self.ends_line = false;
    }

    /// Begins a new line, unless the last output has done so.
    pub(super) fn line_break(&mut self) {
        if self.ends_line {
            self.out.push('\n');
        } else {
            self.inline(BREAK);
        }
        self.ends_line = false;
    }
}
