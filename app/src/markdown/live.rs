//! A text that is still coming, rendered piece by piece.

use protocol::{HtmlAppend, HtmlPatch, MessageId};

use super::code::Highlighted;
use super::plain::MARKDOWN_BYTES;
use super::{Budget, End, Text, plain, render_within, work};

/// Bytes that may be rendered again for each piece that comes. While the last block is longer than
/// this, it is not rendered for every piece but less and less often, so the cost of all pieces
/// together grows with their number and not with the length of the block.
const PIECE_BYTES: usize = 4 * 1024;

/// A message on its way, with what its reader was given of it.
///
/// Only the last block of a text changes when something is added to it; the ones before are
/// settled and not looked at again. What a later text changes all the same (a link's address
/// that stands at the end, the number of a footnote) is put right when the message is complete.
pub struct Live {
    message_id: MessageId,
    name: String,
    text: String,
    /// Where the blocks that are not settled begin.
    settled_bytes: usize,
    settled: usize,
    /// Bytes that may be rendered again now: each piece adds some, and each rendering takes as many
    /// as it reads. Never much more than one rendering can read.
    credit: usize,
    /// Bytes that are read as Markdown; known once the text has more than that.
    split: Option<usize>,
    highlighted: Highlighted,
    /// What the reader has.
    shown: Vec<String>,
}

impl Live {
    /// A message of which the reader was given everything up to here, or nothing.
    pub fn new(message_id: MessageId, text: String, shown: Vec<String>) -> Self {
        Self {
            message_id,
            name: message_id.to_string(),
            credit: text.len(),
            text,
            settled_bytes: 0,
            settled: 0,
            split: None,
            highlighted: Highlighted::default(),
            shown,
        }
    }

    pub fn message_id(&self) -> MessageId {
        self.message_id
    }

    /// Bytes of the text that have come.
    pub fn bytes(&self) -> u64 {
        self.text.len() as u64
    }

    /// Adds text, and gives what this changes. None when nothing changes, when the budget is spent,
    /// and when the last block may not be rendered again yet: then a later piece or the end gives
    /// the change.
    pub fn push(&mut self, text: &str, budget: &Budget) -> Option<HtmlPatch> {
        self.text.push_str(text);
        let cost = self.text.len() - self.settled_bytes;
        self.credit += PIECE_BYTES + text.len();
        self.credit = self.credit.min(cost.max(MARKDOWN_BYTES));
        self.credit = self.credit.checked_sub(cost)?;
        let split = self.split();
        let (markdown, rest) = self.text.split_at(split);
        let (from, mut new) = (self.settled, Vec::new());
        if let Some(unsettled) = markdown.get(self.settled_bytes..)
            && !unsettled.is_empty()
        {
            let end = if rest.is_empty() { End::Open } else { End::Final };
            let (start, name) = (self.settled_bytes, &*self.name);
            let text = Text { text: unsettled, start, end, name, budget };
            new = text.blocks(&mut self.highlighted)?;
        }
        // In the text that is not settled yet, as all of these.
        let begin = markdown.len().max(self.settled_bytes) - self.settled_bytes;
        let plain = plain::blocks(&self.text[self.settled_bytes + begin..]);
        new.extend(plain.into_iter().map(|(start, block)| (begin + start, block)));
        let settles = new.len().saturating_sub(1);
        if let Some((start, _)) = new.get(settles) {
            self.settled_bytes += start;
        }
        self.settled += settles;
        self.patch(from, new.into_iter().map(|(_, block)| block).collect())
    }

    /// Keeps so many bytes and drops the rest, which turned out to be no part of the message; all
    /// that stays is told anew, for its reader may have more than is known here.
    pub fn cut(&mut self, bytes: u64, budget: &Budget) -> Option<HtmlPatch> {
        let message_id = self.message_id;
        let at = usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut text = std::mem::take(&mut self.text);
        text.truncate(text.floor_char_boundary(at));
        let blocks = render_within(&text, &self.name, budget)?;
        *self = Self::new(message_id, text, blocks.clone());
        Some(HtmlPatch { message_id, from: 0, blocks, append: None })
    }

    /// Renders the whole text, and gives how this differs from what was shown.
    pub fn finish(mut self, budget: &Budget) -> Option<HtmlPatch> {
        let whole = render_within(&self.text, &self.name, budget)?;
        self.patch(0, whole)
    }

    /// Bytes of the text that are read as Markdown. Once the text is longer, they stay the same.
    fn split(&mut self) -> usize {
        let known = self.split;
        let split = known.unwrap_or_else(|| plain::split(&self.text).0.len());
        self.split = (split < self.text.len()).then_some(split);
        split
    }

    /// Shows `blocks` from block `from` on; tells what differs from what was shown.
    fn patch(&mut self, from: usize, blocks: Vec<String>) -> Option<HtmlPatch> {
        let known = self.shown.get(from..).unwrap_or_default();
        work::looked_at(blocks.iter().map(String::len).sum());
        let same = known.iter().zip(&blocks).take_while(|(known, new)| known == new).count();
        if same == blocks.len() && same == known.len() {
            return None;
        }
        // A block that goes on is not told again, and a page keeps what is selected in it.
        let append = match (&known[same..], &blocks[same..]) {
            ([old], [new]) => HtmlAppend::between(old, new),
            _ => None,
        };
        let from = from + same;
        self.shown.truncate(from);
        self.shown.extend_from_slice(&blocks[same..]);
        let blocks = if append.is_some() { Vec::new() } else { blocks[same..].to_vec() };
        Some(HtmlPatch { message_id: self.message_id, from, blocks, append })
    }
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use super::*;
    use proptest::prelude::*;

    fn follow(pieces: &[&str]) -> Vec<String> {
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        let mut page: Vec<String> = Vec::new();
        let mut apply = |patch: Option<HtmlPatch>| {
            let Some(patch) = patch else { return };
            assert!(patch.from <= page.len());
            patch.apply(&mut page);
        };
        for piece in pieces {
            apply(live.push(piece, &Budget::default()));
        }
        apply(live.finish(&Budget::default()));
        page
    }

    fn whole(text: &str) -> Vec<String> {
        render(text, &MessageId::from_parts(1, [1; 10]).to_string())
    }

    #[test]
    fn a_settled_block_is_not_sent_again() {
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        let mut froms = Vec::new();
        for piece in ["One.\n\nTw", "o.\n\n```rust\nfn ", "a() {}\n", "```\n\nTh", "ree."] {
            froms.extend(live.push(piece, &Budget::default()).map(|patch| patch.from));
        }
        assert_eq!(froms, [0, 1, 2, 2, 3]);
        assert_eq!(live.finish(&Budget::default()), None);
    }

    #[test]
    fn what_the_end_changes_is_put_right() {
        let text = "See [a].\n\nMore[^1] and[^2].\n\n[^2]: x\n\n[a]: https://a.example";
        let pieces: Vec<&str> = text.split_inclusive(' ').collect();
        assert_eq!(follow(&pieces), whole(text));
    }

    #[test]
    fn one_that_becomes_too_long_ends_as_it_is_at_once() {
        let text = "Some *words* of \\(x\\).\n\n- a\n- b\n\n".repeat(6_000);
        let pieces: Vec<&str> = text.split_inclusive("b\n\n").collect();
        let pieces: Vec<String> = pieces.chunks(300).map(<[&str]>::concat).collect();
        let id = MessageId::from_parts(1, [1; 10]);
        let mut live = Live::new(id, String::new(), Vec::new());
        let mut froms: Vec<usize> = Vec::new();
        for piece in &pieces {
            froms.extend(live.push(piece, &Budget::default()).map(|patch| patch.from));
        }
        assert!(froms.len() == pieces.len() && froms.is_sorted(), "{froms:?}");
        assert_eq!(live.shown, whole(&text));
        assert_eq!(live.finish(&Budget::default()), None);
    }

    #[test]
    fn code_far_down_is_as_plain_while_it_comes_as_at_the_end() {
        let code = "```rust\nfn a() {}\n```\n\n".repeat(50);
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        for _ in 0..80 {
            live.push(&code, &Budget::default());
        }
        live.push("The end.", &Budget::default());
        assert_eq!(live.finish(&Budget::default()), None);
    }

    #[test]
    fn a_long_block_is_told_once() {
        let told = |lines: usize| {
            let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
            let mut pieces = vec!["Here:\n\n```rust\n".to_owned()];
            pieces.extend((0..lines).flat_map(|n| [format!("let a{n} = &b[{n}]"), ";\n".into()]));
            let patches = pieces.iter().filter_map(|piece| live.push(piece, &Budget::default()));
            patches.map(|patch| leptos::serde_json::to_string(&patch).unwrap().len()).sum::<usize>()
        };
        let (some, many) = (told(100), told(400));
        assert!(many < 5 * some, "{some}, then {many}");
    }

    #[test]
    fn a_frame_costs_what_is_not_settled() {
        let cost = |paragraphs: usize| {
            let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
            work::of(|| {
                for n in 0..paragraphs {
                    live.push(&format!("Paragraph \\({n}\\) of a long"), &Budget::default());
                    live.push(" text.\n\n", &Budget::default());
                }
            })
        };
        let (some, many) = (cost(100), cost(400));
        assert!(many < 5 * some, "{some}, then {many}");
    }

    /// A list that goes on behind its code is one block, which every piece renders again.
    #[test]
    fn code_is_highlighted_once_in_a_block_that_goes_on() {
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        let code = "  let a = 1;\n".repeat(500);
        let cost = |live: &mut Live, text: &str| {
            let cost = work::of(|| drop(live.push(text, &Budget::default())));
            let shown: usize = live.shown.iter().map(String::len).sum();
            // The steps that reading the text and comparing the blocks take are not counted.
            cost.saturating_sub(2 * (live.text.len() + shown))
        };
        cost(&mut live, &format!("- a\n  ```rust\n{code}  ```\n"));
        assert!(cost(&mut live, "- b") >= 500 * 11);
        for _ in 0..5 {
            // Only the words of the list are read again, not the code.
            assert!(cost(&mut live, " and c") < code.len() / 10);
        }
        assert!(live.shown[0].contains("class=\"s-"));
    }

    #[test]
    fn one_that_resumes_goes_on_from_what_was_shown() {
        let id = MessageId::from_parts(1, [1; 10]);
        let mut live = Live::new(id, "One.\n\nTw".into(), whole("One.\n\nTw"));
        let patch = live.push("o.", &Budget::default()).unwrap();
        assert_eq!((patch.from, patch.append.unwrap().text.as_str()), (1, "o."));
    }

    /// Splits a text into frames of so many bytes.
    fn frames(text: &str, bytes: usize) -> Vec<&str> {
        let (mut frames, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (frame, behind) = rest.split_at(rest.ceil_char_boundary(bytes.min(rest.len())));
            frames.push(frame);
            rest = behind;
        }
        frames
    }

    /// Streams a block that never ends, and counts the steps of all frames together.
    #[test]
    fn a_block_that_never_ends_costs_as_much_as_there_are_frames() {
        for unit in [
            "some words ",
            "- an item\n",
            "| a | b |\n|---|---|\n",
            "**a *b* ",
            "http://a.b/ ",
            "http://-)",
            "[a]: http://a.b/\n",
            "> quoted ",
            "`code` \\(x\\) ",
            "**「あ」**い",
            "```rust\nlet a = 1;\n",
        ] {
            let cost = |bytes: usize| {
                let text = unit.repeat(bytes / unit.len());
                let frames = frames(&text, 200);
                let mut live =
                    Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
                let work = work::of(|| {
                    for frame in &frames {
                        live.push(frame, &Budget::default());
                    }
                });
                let bound = 40 * frames.len() * (PIECE_BYTES + 200);
                assert!(work < bound, "{work} of {bound}: {unit}");
                work
            };
            let (some, many) = (cost(16 * 1024), cost(32 * 1024));
            assert!(many <= some * 5 / 2, "{some}, then {many}: {unit}");
        }
    }

    #[test]
    fn a_long_block_is_shown_now_and_then_and_whole_at_the_end() {
        let text = "Some *words* of a paragraph that never ends. ".repeat(1_500);
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        let (mut page, mut silent, mut longest) = (Vec::<String>::new(), 0, 0);
        let frames = frames(&text, 200);
        for frame in &frames {
            match live.push(frame, &Budget::default()) {
                Some(patch) => {
                    patch.apply(&mut page);
                    silent = 0;
                }
                None => silent += 1,
            }
            longest = longest.max(silent);
        }
        // A short block is rendered for every frame, a long one less often the longer it is.
        assert!((2..=text.len() / PIECE_BYTES).contains(&longest), "{longest}");
        if let Some(patch) = live.finish(&Budget::default()) {
            patch.apply(&mut page);
        }
        assert_eq!(page, whole(&text));
    }

    #[test]
    fn what_is_cut_off_is_told_and_what_follows_goes_on_behind_the_rest() {
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        let mut page: Vec<String> = vec!["<p>What nobody here knows of.</p>".to_owned()];
        let budget = Budget::default();
        live.push("One.\n\nTwo.\n\nThree", &budget);
        live.cut(6, &budget).unwrap().apply(&mut page);
        assert_eq!((live.bytes(), &page), (6, &whole("One.\n\n")));
        live.push("So.", &budget).unwrap().apply(&mut page);
        if let Some(patch) = live.finish(&budget) {
            patch.apply(&mut page);
        }
        assert_eq!(page, whole("One.\n\nSo."));
    }

    #[test]
    fn a_cancelled_budget_gives_no_change() {
        let budget = Budget::default();
        let mut live = Live::new(MessageId::from_parts(1, [1; 10]), String::new(), Vec::new());
        assert!(live.push("One.\n\nTwo.", &budget).is_some());
        budget.cancel();
        assert_eq!(live.push(" Three.", &budget), None);
        assert_eq!(live.finish(&budget), None);
    }

    proptest! {
        #[test]
        fn any_words_give_what_the_whole_gives(
            pieces in prop::collection::vec(super::super::tests::formula(), 0..8),
        ) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            prop_assert_eq!(follow(&pieces), whole(&pieces.concat()));
        }

        #[test]
        fn any_pieces_give_what_the_whole_gives(
            pieces in prop::collection::vec("[-a\\n >*_`~\\[\\](){}<!&$\\\\|#:^1.]{0,8}", 0..30),
        ) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            prop_assert_eq!(follow(&pieces), whole(&pieces.concat()));
        }
    }
}
