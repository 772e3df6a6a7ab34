//! An answer's HTML as the page has it: a run of blocks, each one element.

use protocol::HtmlPatch;

/// What is known of the blocks. The server's own page holds blocks that are not known here:
/// a browser that takes the page over reads them nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// How many blocks come before the known ones, and stay as they are.
    first: usize,
    known: Vec<String>,
    /// From which of the known ones on the page does not show them yet.
    changed: Option<usize>,
}

/// What changes an element that shows blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockChange {
    /// How many of its children stay.
    pub kept: usize,
    /// What stands behind them.
    pub html: String,
}

impl Blocks {
    /// Those of a text that only the server's page holds; none of an empty one.
    pub fn unrendered(is_empty: bool) -> Self {
        let first = if is_empty { 0 } else { usize::MAX };
        Self { first, known: Vec::new(), changed: None }
    }

    /// Whether only the server's own page has them.
    pub fn is_unknown(&self) -> bool {
        self.first == usize::MAX
    }

    /// Takes a change. What it repeats stays as it is: whoever reads the log after the answer's
    /// end is told all of it in one piece.
    pub fn patch(&mut self, patch: HtmlPatch) {
        let mut kept = patch.from.saturating_sub(self.first);
        if patch.from < self.first {
            self.first = patch.from;
            self.known.clear();
        }
        let told = self.known.get(kept..).unwrap_or_default();
        let same = told.iter().zip(&patch.blocks).take_while(|(old, new)| old == new).count();
        kept += same;
        if same == patch.blocks.len() && kept == self.known.len() {
            return;
        }
        self.known.truncate(kept);
        self.known.extend(patch.blocks.into_iter().skip(same));
        self.changed = Some(self.changed.map_or(kept, |changed| changed.min(kept)));
    }

    /// Takes all of them anew; says whether that is a change.
    pub fn set_all(&mut self, known: Vec<String>) -> bool {
        let whole = self.first == 0 && !known.is_empty();
        let same =
            self.known.iter().zip(&known).take_while(|(old, new)| whole && old == new).count();
        if whole && same == known.len() && same == self.known.len() {
            return false;
        }
        *self =
            Self { first: 0, known, changed: Some(self.changed.map_or(same, |at| at.min(same))) };
        true
    }

    /// All that is known, as one text.
    pub fn html(&self) -> String {
        self.known.concat()
    }

    /// What the page does not show yet; after that it does. Costs what has changed, however
    /// long the answer is.
    pub fn take_change(&mut self) -> Option<BlockChange> {
        let changed = self.changed.take()?;
        let html = self.known.get(changed..).unwrap_or_default().concat();
        Some(BlockChange { kept: self.first.saturating_add(changed), html })
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

    /// What the page holds after it was told of a change.
    fn show(page: &mut Vec<String>, blocks: &mut Blocks) -> String {
        if let Some(BlockChange { kept, html }) = blocks.take_change() {
            page.truncate(kept);
            // One element a piece, as a browser would make of it.
            page.extend(html.split_inclusive('.').map(str::to_owned));
        }
        page.concat()
    }

    #[test]
    fn a_page_of_the_servers_is_changed_behind_what_stays() {
        let mut page = ["a.", "b."].map(str::to_owned).to_vec();
        let mut blocks = Blocks::unrendered(false);
        assert_eq!(show(&mut page, &mut blocks), "a.b.");
        blocks.patch(patch(1, &["B."]));
        blocks.patch(patch(1, &["Bb.", "C."]));
        assert_eq!(show(&mut page, &mut blocks), "a.Bb.C.");
        blocks.patch(patch(2, &["Cc."]));
        assert_eq!(blocks.clone().take_change().map(|change| change.kept), Some(2));
        assert_eq!(show(&mut page, &mut blocks), "a.Bb.Cc.");
        // The end put everything right.
        blocks.patch(patch(0, &["A.", "B."]));
        assert_eq!(show(&mut page, &mut blocks), "A.B.");
        assert_eq!(blocks.take_change(), None);
    }

    #[test]
    fn what_a_change_repeats_stays() {
        let mut blocks = Blocks::unrendered(true);
        blocks.patch(patch(0, &["a.", "b."]));
        blocks.take_change();
        blocks.patch(patch(0, &["a.", "b.", "c."]));
        let change = BlockChange { kept: 2, html: "c.".into() };
        assert_eq!(blocks.take_change(), Some(change));
        blocks.patch(patch(1, &["b.", "c."]));
        assert_eq!(blocks.take_change(), None);
        blocks.patch(patch(0, &["a."]));
        assert_eq!(blocks.take_change(), Some(BlockChange { kept: 1, html: String::new() }));
    }

    #[test]
    fn changes_that_were_not_shown_are_shown_together() {
        let mut page = Vec::new();
        let mut blocks = Blocks::unrendered(true);
        blocks.patch(patch(0, &["a.", "b."]));
        blocks.patch(patch(2, &["c."]));
        assert_eq!(show(&mut page, &mut blocks), "a.b.c.");
        blocks.patch(patch(2, &["C."]));
        blocks.patch(patch(1, &["B."]));
        assert_eq!(show(&mut page, &mut blocks), "a.B.");
    }

    #[test]
    fn one_that_is_known_whole_changes_from_the_first_difference() {
        let all = |blocks: &[&str]| blocks.iter().map(|block| (*block).to_owned()).collect();
        let mut blocks = Blocks::unrendered(true);
        blocks.set_all(all(&["a.", "b."]));
        assert_eq!(blocks.take_change(), Some(BlockChange { kept: 0, html: "a.b.".into() }));
        assert!(!blocks.set_all(all(&["a.", "b."])));
        assert_eq!(blocks.take_change(), None);
        assert!(blocks.set_all(all(&["a.", "c."])));
        assert_eq!(blocks.take_change(), Some(BlockChange { kept: 1, html: "c.".into() }));
        // Of a page of the server's nobody here knows what stays.
        let mut blocks = Blocks::unrendered(false);
        assert!(blocks.is_unknown() && blocks.set_all(all(&["a."])));
        assert_eq!(blocks.take_change(), Some(BlockChange { kept: 0, html: "a.".into() }));
    }
}
