//! An answer's HTML as the page has it: a run of blocks, each one element.

mod append;

use protocol::{HtmlAppend, HtmlPatch};

/// What is known of the blocks. The server's own page holds blocks that are not known here:
/// a browser that takes the page over reads them nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// How many blocks come before the known ones, and stay as they are.
    first: usize,
    known: Vec<String>,
    /// From which of the known ones on the page does not show them yet.
    changed: Option<usize>,
    /// What the page does not show yet of the one before those, or else of the last one.
    appended: Option<Appended>,
}

/// Text at the end of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Within how many elements it stands, each the last one in the other; the block is one.
    pub depth: usize,
    /// Text as HTML.
    pub html: String,
}

/// What changes an element that shows blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockChange {
    /// How many of its children stay.
    pub kept: usize,
    /// What stands behind them.
    pub html: String,
    /// What the last of those that stay goes on with.
    pub append: Option<Appended>,
}

impl Blocks {
    /// Those of a text that only the server's page holds; none of an empty one.
    pub fn unrendered(is_empty: bool) -> Self {
        let first = if is_empty { 0 } else { usize::MAX };
        Self { first, ..Self::default() }
    }

    /// Whether only the server's own page has them.
    pub fn is_unknown(&self) -> bool {
        self.first == usize::MAX
    }

    /// Takes a change. What it repeats stays as it is: whoever reads the log after the answer's
    /// end is told all of it in one piece.
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
        // What stands behind those that are not known may have to go.
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

    /// Lets the last block go on. One that is not known is put right by the answer's end.
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
            // At another depth: the block is shown anew.
            Some(_) => {
                self.changed = Some(place);
                self.appended = None;
            }
            None => self.appended = Some(Appended { depth, html: append.text.clone() }),
        }
    }

    /// Takes all of them anew; says whether that is a change.
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

    /// All that is known, as one text, for a page that begins with it.
    pub fn begin(&mut self) -> String {
        // What stands in it already is not added to it.
        self.appended = None;
        self.known.concat()
    }

    /// What the page does not show yet; after that it does. Costs what has changed, however
    /// long the answer is.
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
    use crate::live::sample;

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

    /// What the page holds after it was told of a change.
    fn show(page: &mut Vec<String>, blocks: &mut Blocks) -> String {
        if let Some(BlockChange { kept, html, append }) = blocks.take_change() {
            page.truncate(kept);
            if let (Some(last), Some(append)) = (page.last_mut(), append) {
                last.push_str(&format!("[{}:{}]", append.depth, append.html));
            }
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

    /// As where an answer's text turns out to have been thinking.
    #[test]
    fn all_of_a_page_of_the_servers_can_go() {
        let mut page = ["a.", "b."].map(str::to_owned).to_vec();
        let mut blocks = Blocks::unrendered(false);
        blocks.patch(patch(0, &[]));
        assert_eq!(show(&mut page, &mut blocks), "");
        blocks.patch(patch(0, &["c."]));
        assert_eq!(show(&mut page, &mut blocks), "c.");
    }

    #[test]
    fn what_a_change_repeats_stays() {
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
        assert_eq!(blocks.take_change(), Some(change(0, "a.b.")));
        assert!(!blocks.set_all(all(&["a.", "b."])));
        assert_eq!(blocks.take_change(), None);
        assert!(blocks.set_all(all(&["a.", "c."])));
        assert_eq!(blocks.take_change(), Some(change(1, "c.")));
        // Of a page of the server's nobody here knows what stays.
        let mut blocks = Blocks::unrendered(false);
        assert!(blocks.is_unknown() && blocks.set_all(all(&["a."])));
        assert_eq!(blocks.take_change(), Some(change(0, "a.")));
    }

    #[test]
    fn a_block_that_goes_on_is_not_shown_anew() {
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
        // What follows stands behind it.
        blocks.patch(append(3, "d", 13));
        blocks.patch(patch(4, &["<p>e</p>"]));
        blocks.patch(append(4, "f", 4));
        assert_eq!(blocks.clone().take_change(), appended(4, "<p>ef</p>", "d"));
        // It is told anew, as at its end.
        blocks.patch(patch(3, &["<pre>x</pre>"]));
        assert_eq!(blocks.take_change(), Some(change(3, "<pre>x</pre>")));
        blocks.patch(append(3, "y", 6));
        blocks.patch(patch(3, &["<pre>z</pre>"]));
        assert_eq!(blocks.take_change(), Some(change(3, "<pre>z</pre>")));
    }

    #[test]
    fn text_at_another_depth_shows_the_block_anew() {
        let mut blocks = Blocks::unrendered(true);
        blocks.patch(patch(0, &["<p>a<em>b</em></p>"]));
        blocks.take_change();
        blocks.patch(append(0, "c", 9));
        blocks.patch(append(0, "d", 4));
        assert_eq!(blocks.take_change(), Some(change(0, "<p>a<em>bc</em>d</p>")));
    }

    #[test]
    fn a_page_that_begins_with_all_of_it_adds_nothing() {
        let mut blocks = Blocks::unrendered(true);
        blocks.patch(patch(0, &["<p>a</p>"]));
        blocks.take_change();
        blocks.patch(append(0, "b", 4));
        assert_eq!(blocks.begin(), "<p>ab</p>");
        assert_eq!(blocks.take_change(), None);
        // Of a block that is not known nothing is shown, nor of one that ends otherwise.
        blocks.patch(append(1, "c", 4));
        blocks.patch(append(0, "c", 3));
        assert_eq!(blocks.take_change(), None);
    }
}
