//! Footnotes: numbered as they come, with names that no other message on the page has.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use pulldown_cmark::CowStr;

use super::escape::escape;
use super::work;

/// The labels of one message, with their numbers.
pub(super) struct Footnotes<'a> {
    name: &'a str,
    numbers: HashMap<Label<'a>, usize>,
}

impl<'a> Footnotes<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, numbers: HashMap::new() }
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
        let next = self.numbers.len() + 1;
        let number = *self.numbers.entry(Label(label)).or_insert(next);
        (number, format!("note-{}-{number}", escape(self.name)))
    }
}

/// A label that is counted when it is compared.
struct Label<'a>(CowStr<'a>);

impl PartialEq for Label<'_> {
    fn eq(&self, other: &Self) -> bool {
        work::looked_at(1);
        self.0 == other.0
    }
}

impl Eq for Label<'_> {}

impl Hash for Label<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_among_many_without_looking_at_all_of_them() {
        let mut footnotes = Footnotes::new("m");
        let looked = work::of(|| {
            for n in 0..2_000 {
                let mark = footnotes.reference(n.to_string().into());
                assert!(mark.contains(&format!("#note-m-{}\"", n + 1)), "{mark}");
            }
            for n in 0..2_000 {
                assert!(
                    footnotes.definition(n.to_string().into()).contains(&format!(">{}<", n + 1))
                );
            }
        });
        assert!(looked < 40_000, "{looked}");
    }
}
