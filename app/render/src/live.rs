//! A text that is still coming, rendered piece by piece.

use protocol::{HtmlPatch, MessageId};

use super::append::between;
use super::code::Highlighted;
use super::piece::{Context, Definitions, End, Piece, Rendered};
use super::plain::MARKDOWN_BYTES;
use super::{Budget, plain, render_within, work};

/// Bytes that may be rendered again for each piece that comes. While the text that is not settled
/// is longer than this, it is not rendered for every piece but less and less often, so the cost of
/// all pieces together grows with their number and not with the length of the text.
const PIECE_BYTES: usize = 4 * 1024;

/// A message on its way, with what its reader was given of it.
///
/// Its reader has at any time what rendering all that has come gives, but for a text that is too
/// long to be rendered for every piece. Blocks that nothing can change any more are settled and not
/// looked at again ([`Piece`] says which). Where a definition changes that they may use, as the
/// address of a link at the end of the text, all of them are rendered again.
pub struct Live {
    message_id: MessageId,
    name: String,
    text: String,
    /// So many blocks, which are so many bytes, are settled.
    settled: usize,
    settled_bytes: usize,
    /// What they mean for the text behind them.
    context: Context,
    /// What was defined when they were rendered.
    definitions: Definitions,
    /// Bytes that may be rendered again now: each piece adds some, and each rendering takes as many
    /// as it reads. Never much more than one rendering can read.
    credit: usize,
    /// Bytes that are read as Markdown; known once the text has more than that.
    split: Option<usize>,
    highlighted: Highlighted,
    /// What the reader has.
    shown: Vec<String>,
    /// Whether that is all of the text, and not only what was rendered of it so far.
    is_current: bool,
}

impl Live {
    /// A message of which the reader was given everything up to here, or nothing.
    pub fn new(message_id: MessageId, text: String, shown: Vec<String>) -> Self {
        let name = message_id.to_string();
        Self {
            message_id,
            context: Context::new(&name),
            name,
            credit: text.len(),
            text,
            settled: 0,
            settled_bytes: 0,
            definitions: Definitions::default(),
            split: None,
            highlighted: Highlighted::default(),
            shown,
            is_current: true,
        }
    }

    pub fn message_id(&self) -> MessageId {
        self.message_id
    }

    /// Bytes of the text that have come.
    pub fn bytes(&self) -> u64 {
        self.text.len() as u64
    }

    /// The blocks that the reader has.
    pub fn shown(&self) -> &[String] {
        &self.shown
    }

    /// Whether the reader has what rendering all the text gives. It has not where the text came in
    /// pieces too many to be rendered with each of them.
    pub fn is_current(&self) -> bool {
        self.is_current
    }

    /// Adds text, and gives what this changes. None when nothing changes, when the budget is spent,
    /// and when the text that is not settled may not be rendered again yet: then a later piece or
    /// the end gives the change.
    pub fn push(&mut self, text: &str, budget: &Budget) -> Option<HtmlPatch> {
        self.text.push_str(text);
        self.is_current = false;
        self.credit += PIECE_BYTES + text.len();
        let split = self.split();
        if self.text.len() > split && self.settled_bytes >= split {
            self.pay()?;
            let from = self.settled;
            let blocks = self.as_written();
            return self.patch(from, blocks);
        }
        let (from, mut blocks) = self.render(split, budget)?;
        if self.text.len() > split {
            // What is read as Markdown is complete.
            (self.settled, self.settled_bytes) = (from + blocks.len(), split);
            blocks.extend(self.as_written());
        }
        self.patch(from, blocks)
    }

    /// Takes what it costs to render what is not settled; none while that is too much.
    fn pay(&mut self) -> Option<()> {
        let cost = self.text.len() - self.settled_bytes;
        self.credit = self.credit.min(cost.max(MARKDOWN_BYTES));
        self.credit = self.credit.checked_sub(cost)?;
        Some(())
    }

    /// The blocks of Markdown that were not settled, behind so many that are.
    fn render(&mut self, split: usize, budget: &Budget) -> Option<(usize, Vec<String>)> {
        loop {
            self.pay()?;
            let piece = Piece {
                text: &self.text[self.settled_bytes..split],
                start: self.settled_bytes,
                end: if self.text.len() > split { End::Final } else { End::Open },
                budget,
            };
            let rendered = piece.render(&mut self.highlighted, &mut self.context)?;
            let Rendered { blocks, definitions, settled } = rendered;
            let is_new = definitions != self.definitions;
            self.definitions = definitions;
            if is_new && self.settled > 0 {
                (self.settled, self.settled_bytes) = (0, 0);
                self.context = Context::new(&self.name);
                continue;
            }
            let from = self.settled;
            self.settled += settled.0;
            self.settled_bytes += settled.1;
            return Some((from, blocks));
        }
    }

    /// The blocks behind the part that is read as Markdown which are not settled: the last one may
    /// go on.
    fn as_written(&mut self) -> Vec<String> {
        let blocks = plain::blocks(&self.text[self.settled_bytes..]);
        if let Some((start, _)) = blocks.last() {
            self.settled += blocks.len() - 1;
            self.settled_bytes += start;
        }
        blocks.into_iter().map(|(_, block)| block).collect()
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
    pub fn finish(&mut self, budget: &Budget) -> Option<HtmlPatch> {
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
        self.is_current = true;
        let known = self.shown.get(from..).unwrap_or_default();
        work::looked_at(blocks.iter().map(String::len).sum());
        let same = known.iter().zip(&blocks).take_while(|(known, new)| known == new).count();
        if same == blocks.len() && same == known.len() {
            return None;
        }
        // A block that goes on is not told again, and a page keeps what is selected in it.
        let append = match (&known[same..], &blocks[same..]) {
            ([old], [new]) => between(old, new),
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
mod tests;
