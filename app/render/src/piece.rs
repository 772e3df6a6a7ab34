//! Renders a piece of a message as Markdown. The piece starts at the beginning of a block.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::Budget;
use super::bounds::{self, Bounds};
use super::code::{self, Highlighted};
use super::footnotes::Footnotes;
use super::source::{self, Source, State};
use super::writer::{Block, SourceLocation, Writer};

/// Whether a text is complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    Final,
    Open,
}

/// A piece of a message.
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// Its position in the message, in bytes.
    pub(super) start: usize,
    pub(super) end: End,
    pub(super) budget: &'a Budget,
}

/// The state that the text before a piece leaves for it.
pub(super) struct Context {
    footnotes: Footnotes,
    bounds: Bounds,
    /// Whether a table was too wide, so that no table is parsed as one.
    too_wide: bool,
    lines: State,
}

/// The definitions of a text, which apply to all of its parts, even to those before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Definitions {
    /// Addresses and titles by their labels.
    links: BTreeMap<String, (String, String)>,
    footnotes: BTreeSet<String>,
    too_wide: bool,
}

/// A rendered piece.
pub(super) struct Rendered {
    pub(super) blocks: Vec<String>,
    pub(super) definitions: Definitions,
    /// How many blocks are settled, and how many bytes they take: later text cannot change them,
    /// unless the definitions change.
    pub(super) settled: (usize, usize),
}

impl Context {
    /// The state at the beginning of a message. `name` makes its footnotes' ids unique on the page.
    pub(super) fn new(name: &str) -> Self {
        Self {
            footnotes: Footnotes::new(name),
            bounds: Bounds::default(),
            too_wide: false,
            lines: State::default(),
        }
    }
}

impl Piece<'_> {
    /// Renders the piece; `None` if the budget is spent before. Updates the context to that after
    /// the settled blocks.
    pub(super) fn render(
        &self,
        highlighted: &mut Highlighted,
        context: &mut Context,
    ) -> Option<Rendered> {
        let too_wide = context.too_wide || bounds::is_too_wide(self.text);
        let source = source::read(self.text, context.lines.clone());
        let text = &*source.text;
        let mut options =
            Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
        options.set(Options::ENABLE_TABLES, !too_wide);
        let parser = Parser::new_ext(text, options);
        let mut definitions = Definitions { too_wide, ..Definitions::default() };
        let mut first = usize::MAX;
        for (label, link) in parser.reference_definitions().iter() {
            let written = |text| source.placeholders.written(text).into_owned();
            let title = written(link.title.as_deref().unwrap_or_default());
            definitions.links.insert(written(label), (written(&link.dest), title));
            first = first.min(link.span.start);
        }
        let open = if self.end == End::Open { text.trim_end().len() } else { usize::MAX };
        highlighted.begin();
        let (before, mut bounds) = (context.footnotes.count(), context.bounds);
        let footnotes = &mut context.footnotes;
        let mut writer = Writer::new(&source, highlighted, footnotes, &mut bounds, self.budget);
        for (event, range) in parser.into_offset_iter() {
            if self.budget.is_spent() {
                context.footnotes.truncate(before);
                return None;
            }
            if let Event::Start(Tag::FootnoteDefinition(label)) = &event {
                let label = source.placeholders.written(label).into_owned();
                definitions.footnotes.insert(label);
                first = first.min(range.start);
            }
            let read = self.start + source.written(range.end);
            // Do not highlight code that is still arriving, because each piece would highlight it
            // again.
            let plain = range.end >= open || read > code::BYTES;
            writer.take(event, SourceLocation { start: range.start, read, plain });
        }
        let blocks = writer.finish();
        let settled = self.settled(&source, &blocks, first);
        match settled.and_then(|(count, _)| blocks.get(count)) {
            Some(block) => {
                context.footnotes.truncate(block.footnotes);
                context.bounds = block.bounds;
            }
            None => context.footnotes.truncate(before),
        }
        let settled = settled.unwrap_or_default();
        if settled.1 > 0 {
            context.lines = source.state(settled.1);
        }
        context.too_wide = too_wide;
        let blocks = blocks.into_iter().map(|block| block.html).collect();
        Some(Rendered { blocks, definitions, settled })
    }

    /// How many blocks are settled, and the position of the first one that is not.
    ///
    /// The last block may continue. An incomplete line may turn out to belong to the block before
    /// it (`|` after a table begins a row, `#` after a paragraph is not a heading if a letter
    /// follows), so no block that begins in that line counts. Text after a definition is read again
    /// together with it, and so is an unfinished formula.
    fn settled(
        &self,
        source: &Source<'_>,
        blocks: &[Block],
        first: usize,
    ) -> Option<(usize, usize)> {
        let complete = self.text.rfind('\n').map_or(0, |end| end + 1);
        let open = source.open.unwrap_or(usize::MAX);
        let begins_line = |at: usize| {
            let before = source.text[..at].trim_end_matches([' ', '\t']);
            let written = source.written(before.len());
            let own = before.is_empty() || before.ends_with('\n');
            (own && (written == 0 || self.text[..written].ends_with('\n'))).then_some(written)
        };
        let mut last = blocks.iter().enumerate().rev().filter_map(|(count, block)| {
            let written = begins_line(block.start).filter(|_| block.start <= first)?;
            (written < complete && written <= open).then_some((count, written))
        });
        last.next().filter(|(count, _)| *count > 0)
    }
}
