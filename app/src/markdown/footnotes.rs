//! Footnotes: numbered as they come, with names that no other message on the page has.

use pulldown_cmark::CowStr;

use super::escape::escape;

/// The labels of one message, in the order of their numbers.
pub(super) struct Footnotes<'a> {
    name: &'a str,
    labels: Vec<CowStr<'a>>,
}

impl<'a> Footnotes<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, labels: Vec::new() }
    }

    /// The mark in the text.
    pub(super) fn reference(&mut self, label: CowStr<'a>) -> String {
        let (number, id) = self.place(label);
        format!("<sup class=\"footnote\"><a href=\"#{id}\">{number}</a></sup>")
    }

    /// The tag that opens the note itself.
    pub(super) fn definition(&mut self, label: CowStr<'a>) -> String {
        let (number, id) = self.place(label);
        format!("<div class=\"footnote\" id=\"{id}\"><span class=\"number\">{number}</span>")
    }

    fn place(&mut self, label: CowStr<'a>) -> (usize, String) {
        let known = self.labels.iter().position(|known| *known == label);
        let index = known.unwrap_or_else(|| {
            self.labels.push(label);
            self.labels.len() - 1
        });
        (index + 1, format!("note-{}-{}", escape(self.name), index + 1))
    }
}
