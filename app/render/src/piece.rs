//! A piece of a message that is read as Markdown, from the beginning of one of its blocks on.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::Budget;
use super::bounds::{self, Bounds};
use super::code::{self, Highlighted};
use super::footnotes::Footnotes;
use super::source::{self, Source, State};
use super::writer::{Block, SourceLocation, Writer};

/// Whether a text goes on behind its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    Final,
    Open,
}

/// A piece of a message.
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// Where in its message it begins.
    pub(super) start: usize,
    pub(super) end: End,
    pub(super) budget: &'a Budget,
}

/// What the text before a piece means for it.
pub(super) struct Context {
    footnotes: Footnotes,
    bounds: Bounds,
    /// Whether there was a table that is too wide, so that none is read as a table.
    too_wide: bool,
    lines: State,
}

/// What a text defines for all of its parts, those before it as well.
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
    /// So many blocks, which are so many bytes, stay as they are whatever comes behind the piece,
    /// unless the definitions change.
    pub(super) settled: (usize, usize),
}

impl Context {
    /// At the beginning of a message; `name` tells its footnotes from another's.
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
    /// The blocks; none when the budget is spent before. The context becomes that of what follows
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
            // Code that is still coming would be highlighted anew with every piece of it.
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

    /// How many blocks are settled, and where the first one begins that is not.
    ///
    /// The last block may go on. A line that is not complete may turn out to be a part of the block
    /// before it (`|` behind a table begins a row, `#` behind a paragraph does not begin a
    /// heading once there is a letter behind it), so no block that begins in it counts. Text behind
    /// a definition is read again, with the definition; and so is an unfinished formula.
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
