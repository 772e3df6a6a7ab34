//! The HTML of an answer as the page shows it: a list of blocks, each one element.

mod append;

use protocol::{HtmlAppend, HtmlPatch};

/// The known blocks. After hydration the page shows blocks from the server's HTML that are not
/// known here, because they are in the page only and not in its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// How many unknown blocks precede the known ones. They stay as they are.
    first: usize,
    known: Vec<String>,
    /// The index of the first known block that the page does not show yet.
    changed: Option<usize>,
    /// Text that the page does not show yet, at the end of the block before `changed`, or else of
    /// the last block.
    appended: Option<Appended>,
}

/// Text appended to a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// How many elements deep it is inserted, each the last child of the one before; 1 is the
    /// block.
    pub depth: usize,
    /// The text, as HTML.
    pub html: String,
}

/// A change to the element that shows the blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockChange {
    /// How many of its children stay.
    pub kept: usize,
    /// The HTML that follows them.
    pub html: String,
    /// Text to append to the last child that stays.
    pub append: Option<Appended>,
}

impl Blocks {
    /// The blocks of a text whose HTML is only in the server's page; no blocks for an empty text.
    pub fn unrendered(is_empty: bool) -> Self {
        let first = if is_empty { 0 } else { usize::MAX };
        Self { first, ..Self::default() }
    }

    /// Whether the HTML is only in the server's page.
    pub fn is_unknown(&self) -> bool {
        self.first == usize::MAX
    }

    /// Applies a patch. Blocks that the patch repeats are not touched, because an observer that
    /// resumes after the answer's end gets the whole answer as one patch.
    pub fn patch(&mut self, patch: HtmlPatch) {
        if let Some(append) = &patch.append {
            return self.append(patch.from, append);
        }
        let mut kept = patch.from.saturating_sub(self.first);
        let unknown = patch.from < self.first;
        if unknown {
            self.first = patch.from;
            self.known.clear();
        }
        let told = self.known.get(kept..).unwrap_or_default();
        let same = told.iter().zip(&patch.blocks).take_while(|(old, new)| old == new).count();
        kept += same;
        // If blocks before the patch are unknown, the page may show more blocks that have to go.
        if !unknown && same == patch.blocks.len() && kept == self.known.len() {
            return;
        }
        if kept < self.changed.unwrap_or(self.known.len()) {
            self.appended = None;
        }
        self.known.truncate(kept);
        self.known.extend(patch.blocks.into_iter().skip(same));
        self.changed = Some(self.changed.map_or(kept, |changed| changed.min(kept)));
    }

    /// Appends text to the last block. If it is unknown, the patch at the answer's end repairs it.
    fn append(&mut self, block: usize, append: &HtmlAppend) {
        let Some(place) = block.checked_sub(self.first) else { return };
        let Some(depth) = self.known.get_mut(place).and_then(|known| append::add(append, known))
        else {
            return;
        };
        if self.changed.is_some_and(|changed| changed <= place) {
            return;
        }
        match &mut self.appended {
            Some(appended) if appended.depth == depth => appended.html.push_str(&append.text),
            // Text at another depth: replace the whole block.
            Some(_) => {
                self.changed = Some(place);
                self.appended = None;
            }
            None => self.appended = Some(Appended { depth, html: append.text.clone() }),
        }
    }

    /// Replaces all blocks; returns whether that changed anything.
    pub fn set_all(&mut self, known: Vec<String>) -> bool {
        let whole = self.first == 0 && !known.is_empty();
        let same =
            self.known.iter().zip(&known).take_while(|(old, new)| whole && old == new).count();
        if whole && same == known.len() && same == self.known.len() {
            return false;
        }
        let changed = Some(self.changed.map_or(same, |at| at.min(same)));
        *self = Self { first: 0, known, changed, appended: None };
        true
    }

    /// All known blocks as one text, for the initial HTML.
    pub fn begin(&mut self) -> String {
        // The appended text is already part of the blocks.
        self.appended = None;
        self.known.concat()
    }

    /// Takes the change that the page does not show yet. The cost depends on the change and not on
    /// the length of the answer.
    pub fn take_change(&mut self) -> Option<BlockChange> {
        let append = self.appended.take();
        let changed = self.changed.take().or(append.as_ref().map(|_| self.known.len()))?;
        let html = self.known.get(changed..).unwrap_or_default().concat();
        Some(BlockChange { kept: self.first.saturating_add(changed), html, append })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::sample;

    fn patch(from: usize, blocks: &[&str]) -> HtmlPatch {
        let blocks = blocks.iter().map(|block| (*block).to_owned()).collect();
        HtmlPatch { message_id: sample::turn().answer, from, blocks, append: None }
    }

    fn append(from: usize, text: &str, before: usize) -> HtmlPatch {
        let append = Some(HtmlAppend { text: text.into(), before });
        HtmlPatch { append, ..patch(from, &[]) }
    }

    fn change(kept: usize, html: &str) -> BlockChange {
        BlockChange { kept, html: html.into(), append: None }
    }

    /// The page's content after the pending change.
    fn show(page: &mut Vec<String>, blocks: &mut Blocks) -> String {
        if let Some(BlockChange { kept, html, append }) = blocks.take_change() {
            page.truncate(kept);
            if let (Some(last), Some(append)) = (page.last_mut(), append) {
                last.push_str(&format!("[{}:{}]", append.depth, append.html));
            }
            // Each piece is one element, as a browser would parse it.
            page.extend(html.split_inclusive('.').map(str::to_owned));
        }
        page.concat()
    }

    #[test]
    fn a_server_rendered_page_keeps_the_blocks_before_a_change() {
        let mut page = ["a.", "b."].map(str::to_owned).to_vec();
        let mut blocks = Blocks::unrendered(false);
        assert_eq!(show(&mut page, &mut blocks), "a.b.");
        blocks.patch(patch(1, &["B."]));
        blocks.patch(patch(1, &["Bb.", "C."]));
        assert_eq!(show(&mut page, &mut blocks), "a.Bb.C.");
        blocks.patch(patch(2, &["Cc."]));
        assert_eq!(blocks.clone().take_change().map(|change| change.kept), Some(2));
        assert_eq!(show(&mut page, &mut blocks), "a.Bb.Cc.");
        // The patch at the answer's end replaces everything.
        blocks.patch(patch(0, &["A.", "B."]));
        assert_eq!(show(&mut page, &mut blocks), "A.B.");
        assert_eq!(blocks.take_change(), None);
    }

    /// This happens when an answer's text turns out to be reasoning.
    #[test]
    fn all_blocks_of_a_server_rendered_page_can_be_removed() {
        let mut page = ["a.", "b."].map(str::to_owned).to_vec();
        let mut blocks = Blocks::unrendered(false);
        blocks.patch(patch(0, &[]));
        assert_eq!(show(&mut page, &mut blocks), "");
        blocks.patch(patch(0, &["c."]));
        assert_eq!(show(&mut page, &mut blocks), "c.");
    }

    #[test]
    fn blocks_that_a_patch_repeats_are_kept() {
        let mut blocks = Blocks::unrendered(true);
        blocks.patch(patch(0, &["a.", "b."]));
        blocks.take_change();
        blocks.patch(patch(0, &["a.", "b.", "c."]));
        let expected = change(2, "c.");
        assert_eq!(blocks.take_change(), Some(expected));
        blocks.patch(patch(1, &["b.", "c."]));
        assert_eq!(blocks.take_change(), None);
        blocks.patch(patch(0, &["a."]));
        assert_eq!(blocks.take_change(), Some(change(1, "")));
    }

    #[test]
    fn pending_patches_are_shown_together() {
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
    fn setting_all_blocks_changes_the_page_from_the_first_difference() {
        let all = |blocks: &[&str]| blocks.iter().map(|block| (*block).to_owned()).collect();
        let mut blocks = Blocks::unrendered(true);
        blocks.set_all(all(&["a.", "b."]));
        assert_eq!(blocks.take_change(), Some(change(0, "a.b.")));
        assert!(!blocks.set_all(all(&["a.", "b."])));
        assert_eq!(blocks.take_change(), None);
        assert!(blocks.set_all(all(&["a.", "c."])));
        assert_eq!(blocks.take_change(), Some(change(1, "c.")));
        // After hydration it is unknown which blocks stay.
        let mut blocks = Blocks::unrendered(false);
        assert!(blocks.is_unknown() && blocks.set_all(all(&["a."])));
        assert_eq!(blocks.take_change(), Some(change(0, "a.")));
    }

    #[test]
    fn appended_text_does_not_replace_its_block() {
        let appended = |kept: usize, html: &str, append: &str| {
            let append = Some(Appended { depth: 2, html: append.into() });
            Some(BlockChange { kept, html: html.into(), append })
        };
        let code = "<pre><code>a</code></pre>";
        let mut blocks = Blocks::unrendered(false);
        blocks.patch(patch(3, &[code]));
        blocks.take_change();
        blocks.patch(append(3, "b", 13));
        blocks.patch(append(3, "c", 13));
        assert_eq!(blocks.take_change(), appended(4, "", "bc"));
        assert_eq!(blocks.take_change(), None);
        // A new block goes after the appended text.
        blocks.patch(append(3, "d", 13));
        blocks.patch(patch(4, &["<p>e</p>"]));
        blocks.patch(append(4, "f", 4));
        assert_eq!(blocks.clone().take_change(), appended(4, "<p>ef</p>", "d"));
        // The block is sent again as a whole, as happens at its end.
        blocks.patch(patch(3, &["<pre>x</pre>"]));
        assert_eq!(blocks.take_change(), Some(change(3, "<pre>x</pre>")));
        blocks.patch(append(3, "y", 6));
        blocks.patch(patch(3, &["<pre>z</pre>"]));
        assert_eq!(blocks.take_change(), Some(change(3, "<pre>z</pre>")));
    }

    #[test]
    fn appending_at_another_depth_replaces_the_block() {
        let mut blocks = Blocks::unrendered(true);
        blocks.patch(patch(0, &["<p>a<em>b</em></p>"]));
        blocks.take_change();
        blocks.patch(append(0, "c", 9));
        blocks.patch(append(0, "d", 4));
        assert_eq!(blocks.take_change(), Some(change(0, "<p>a<em>bc</em>d</p>")));
    }

    #[test]
    fn the_initial_html_includes_pending_patches() {
        let mut blocks = Blocks::unrendered(true);
        blocks.patch(patch(0, &["<p>a</p>"]));
        blocks.take_change();
        blocks.patch(append(0, "b", 4));
        assert_eq!(blocks.begin(), "<p>ab</p>");
        assert_eq!(blocks.take_change(), None);
        // Appending to an unknown block, or to one with another ending, shows nothing.
        blocks.patch(append(1, "c", 4));
        blocks.patch(append(0, "c", 3));
        assert_eq!(blocks.take_change(), None);
    }
}
