//! Renders a text incrementally while it streams in.

use protocol::{HtmlPatch, MessageId};

use super::append::between;
use super::code::Highlighted;
use super::piece::{Context, Definitions, End, Piece, Rendered};
use super::plain::MARKDOWN_BYTES;
use super::{Budget, plain, render_within, work};

/// How many bytes may be rendered again for each piece that arrives. While the unsettled text is
/// longer than this, it is rendered less and less often instead of for each piece, so that the
/// total cost grows with the number of pieces and not with the length of the text.
const PIECE_BYTES: usize = 4 * 1024;

/// The most unsettled bytes that are rendered without a thread of their own.
const QUICK_BYTES: usize = 1024;

/// What can make a short text slow to render: formulas and code.
const SLOW: [char; 4] = ['$', '\\', '`', '~'];

/// A message that streams in, and the blocks that its observers were sent.
///
/// Observers always have the rendering of everything that has arrived, except for a text that is
/// too long to render for each piece. Blocks that later text cannot change are settled and not
/// rendered again ([`Piece`] says which). If a definition changes that they may use, such as the
/// address of a link reference at the end of the text, all blocks are rendered again.
pub struct Live {
    message_id: MessageId,
    name: String,
    text: String,
    /// The number of settled blocks, and their length in bytes.
    settled: usize,
    settled_bytes: usize,
    /// The state that they leave for the text after them.
    context: Context,
    /// The definitions with which they were rendered.
    definitions: Definitions,
    /// How many bytes may be rendered again now: each piece adds some, and each rendering takes as
    /// many as it reads. Never much more than one rendering can read.
    credit: usize,
    /// How many bytes are read as Markdown; known once the text is longer than that.
    split: Option<usize>,
    highlighted: Highlighted,
    /// The blocks that the observers have.
    shown: Vec<String>,
    /// Whether `shown` is the rendering of all the text, and not only of a part of it.
    is_current: bool,
}

impl Live {
    /// A message of which observers have all of `text`, as the blocks `shown`, or nothing.
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

    /// The message whose text this renders, as given to [`Self::new`].
    pub fn message_id(&self) -> MessageId {
        self.message_id
    }

    /// How many bytes of the text have arrived.
    pub fn bytes(&self) -> u64 {
        self.text.len() as u64
    }

    /// The blocks that the observers have.
    pub fn shown(&self) -> &[String] {
        &self.shown
    }

    /// Whether observers have the rendering of the whole text. They do not if the text arrived in
    /// too many pieces to render it for each of them.
    pub fn is_current(&self) -> bool {
        self.is_current
    }

    /// Whether rendering this text takes microseconds, as prose does: it is then cheaper to render it
    /// at once than to have another thread do it.
    pub fn is_quick(&self, more: &str) -> bool {
        let unsettled = &self.text[self.settled_bytes..];
        unsettled.len() + more.len() <= QUICK_BYTES
            && !unsettled.contains(SLOW)
            && !more.contains(SLOW)
    }

    /// Appends text and returns the resulting change. `None` if nothing changes, if the budget is
    /// spent, or if the unsettled text may not be rendered again yet; then a later piece or the end
    /// returns the change.
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
            // The part that is read as Markdown is complete.
            (self.settled, self.settled_bytes) = (from + blocks.len(), split);
            blocks.extend(self.as_written());
        }
        self.patch(from, blocks)
    }

    /// Pays for rendering the unsettled text; `None` if the credit is too low.
    fn pay(&mut self) -> Option<()> {
        let cost = self.text.len() - self.settled_bytes;
        self.credit = self.credit.min(cost.max(MARKDOWN_BYTES));
        self.credit = self.credit.checked_sub(cost)?;
        Some(())
    }

    /// Renders the unsettled Markdown blocks. Also returns how many settled blocks precede them.
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

    /// The unsettled blocks after the part that is read as Markdown. All but the last are settled,
    /// because only the last may continue.
    fn as_written(&mut self) -> Vec<String> {
        let blocks = plain::blocks(&self.text[self.settled_bytes..]);
        if let Some((start, _)) = blocks.last() {
            self.settled += blocks.len() - 1;
            self.settled_bytes += start;
        }
        blocks.into_iter().map(|(_, block)| block).collect()
    }

    /// Keeps this many bytes and drops the rest, which turned out not to be part of the message.
    /// Returns all remaining blocks, because observers may have more than is known here.
    pub fn cut(&mut self, bytes: u64, budget: &Budget) -> Option<HtmlPatch> {
        let message_id = self.message_id;
        let at = usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut text = std::mem::take(&mut self.text);
        text.truncate(text.floor_char_boundary(at));
        let blocks = render_within(&text, &self.name, budget)?;
        *self = Self::new(message_id, text, blocks.clone());
        Some(HtmlPatch { message_id, from: 0, blocks, append: None })
    }

    /// Renders the whole text and returns the difference to what was shown.
    pub fn finish(&mut self, budget: &Budget) -> Option<HtmlPatch> {
        let whole = render_within(&self.text, &self.name, budget)?;
        self.patch(0, whole)
    }

    /// How many bytes of the text are read as Markdown. Stays the same once the text is longer.
    fn split(&mut self) -> usize {
        let known = self.split;
        let split = known.unwrap_or_else(|| plain::split(&self.text).0.len());
        self.split = (split < self.text.len()).then_some(split);
        split
    }

    /// Shows `blocks` from index `from` on; returns the difference to what was shown.
    fn patch(&mut self, from: usize, blocks: Vec<String>) -> Option<HtmlPatch> {
        self.is_current = true;
        let known = self.shown.get(from..).unwrap_or_default();
        work::looked_at(blocks.iter().map(String::len).sum());
        let same = known.iter().zip(&blocks).take_while(|(known, new)| known == new).count();
        if same == blocks.len() && same == known.len() {
            return None;
        }
        // Send only the appended text of a block that grew, so that the page keeps a selection in
        // it.
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
