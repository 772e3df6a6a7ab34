//! An answer's HTML as the page has it: a run of blocks, each one element.

use protocol::HtmlPatch;

/// What is known of the blocks. The server's own page holds blocks that are not known here:
/// a browser that takes the page over reads them nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// How many blocks come before the known ones, and stay as they are.
    first: usize,
    known: Vec<String>,
}

impl Blocks {
    /// All of them.
    pub fn all(known: Vec<String>) -> Self {
        Self { first: 0, known }
    }

    /// Those of a text that only the server's page holds; none of an empty one.
    pub fn unrendered(is_empty: bool) -> Self {
        let first = if is_empty { 0 } else { usize::MAX };
        Self { first, known: Vec::new() }
    }

    /// Whether only the server's own page has them.
    pub fn is_unknown(&self) -> bool {
        self.first == usize::MAX
    }

    /// Takes a change.
    pub fn patch(&mut self, patch: HtmlPatch) {
        match patch.from.checked_sub(self.first) {
            Some(kept) => self.known.truncate(kept),
            None => {
                self.first = patch.from;
                self.known.clear();
            }
        }
        self.known.extend(patch.blocks);
    }

    /// All that is known, as one text.
    pub fn html(&self) -> String {
        self.known.concat()
    }

    /// How many elements stay where `before` was shown, and the HTML behind them.
    pub fn change(&self, before: &Self) -> Option<(usize, String)> {
        let same = if self.first == before.first {
            self.known.iter().zip(&before.known).take_while(|(new, old)| new == old).count()
        } else {
            0
        };
        let unchanged =
            self.first == before.first && same == self.known.len() && same == before.known.len();
        (!unchanged).then(|| (self.first.saturating_add(same), self.known[same..].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::sample;

    fn patch(from: usize, blocks: &[&str]) -> HtmlPatch {
        let blocks = blocks.iter().map(|block| (*block).to_owned()).collect();
        HtmlPatch { message_id: sample::turn().answer, from, blocks }
    }

    /// What the page holds after it was changed from `before`.
    fn page(mut elements: Vec<String>, now: &Blocks, before: &Blocks) -> String {
        if let Some((kept, html)) = now.change(before) {
            elements.truncate(kept);
            elements.push(html);
        }
        elements.concat()
    }

    #[test]
    fn a_page_of_the_servers_is_changed_behind_what_stays() {
        let before = Blocks::unrendered(false);
        assert_eq!(before.change(&before), None);
        let mut now = before.clone();
        now.patch(patch(1, &["B"]));
        now.patch(patch(1, &["Bb", "C"]));
        assert_eq!(page(vec!["a".into(), "b".into()], &now, &before), "aBbC");
        let mut later = now.clone();
        later.patch(patch(2, &["Cc"]));
        let elements = ["a", "Bb", "C"].map(str::to_owned).to_vec();
        assert_eq!(page(elements, &later, &now), "aBbCc");
        // The end put everything right.
        let mut end = later.clone();
        end.patch(patch(0, &["A", "B"]));
        assert_eq!(page(["a", "Bb", "Cc"].map(str::to_owned).to_vec(), &end, &later), "AB");
    }

    #[test]
    fn one_that_is_known_whole_changes_from_the_first_difference() {
        let before = Blocks::all(vec!["a".into(), "b".into()]);
        let now = Blocks::all(vec!["a".into(), "c".into()]);
        assert_eq!(now.change(&before), Some((1, "c".into())));
        assert_eq!((before.html(), now.change(&now)), ("ab".into(), None));
    }
}
