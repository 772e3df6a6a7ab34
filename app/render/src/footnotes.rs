//! Footnotes: numbered in order of appearance, with ids that are unique on the page.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use super::escape::escape;
use super::work;

/// The footnote labels of one message, with their numbers.
#[derive(Default)]
pub(super) struct Footnotes {
    name: String,
    numbers: HashMap<Label, usize>,
    /// The labels in the order of their numbers.
    labels: Vec<String>,
}

impl Footnotes {
    pub(super) fn new(name: &str) -> Self {
        Self { name: escape(name), ..Self::default() }
    }

    /// How many labels have a number.
    pub(super) fn count(&self) -> usize {
        self.labels.len()
    }

    /// Drops the numbers of all but the first `count` labels.
    pub(super) fn truncate(&mut self, count: usize) {
        while self.labels.len() > count
            && let Some(label) = self.labels.pop()
        {
            self.numbers.remove(&Label(label));
        }
    }

    /// The reference in the text.
    pub(super) fn reference(&mut self, label: &str) -> String {
        let (number, id) = self.place(label);
        format!("<sup class=\"footnote\"><a href=\"#{id}\">{number}</a></sup>")
    }

    /// The start tag and number of the footnote's definition.
    pub(super) fn definition(&mut self, label: &str) -> String {
        let (number, id) = self.place(label);
        format!("<div class=\"footnote\" id=\"{id}\"><span class=\"number\">{number}</span>")
    }

    fn place(&mut self, label: &str) -> (usize, String) {
        let next = self.labels.len() + 1;
        let number = *self.numbers.entry(Label(label.to_owned())).or_insert(next);
        if number == next {
            self.labels.push(label.to_owned());
        }
        (number, format!("note-{}-{number}", self.name))
    }
}

/// A label that counts each comparison, for the tests of [`work`].
struct Label(String);

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        work::looked_at(1);
        self.0 == other.0
    }
}

impl Eq for Label {}

impl Hash for Label {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_up_a_label_does_not_scan_all_labels() {
        let mut footnotes = Footnotes::new("m");
        let looked = work::of(|| {
            for n in 0..2_000 {
                let mark = footnotes.reference(&n.to_string());
                assert!(mark.contains(&format!("#note-m-{}\"", n + 1)), "{mark}");
            }
            for n in 0..2_000 {
                assert!(footnotes.definition(&n.to_string()).contains(&format!(">{}<", n + 1)));
            }
        });
        assert!(looked < 40_000, "{looked}");
    }
}
