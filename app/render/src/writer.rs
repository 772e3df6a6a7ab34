//! Turns the parser's events into blocks of HTML, each one element.
//!
//! Every block gets its text direction from its letters (`dir="auto"`). The first paragraph of a
//! list item or a quote has no `dir` of its own: a browser determines the direction of the item or
//! quote from its text outside of elements with a `dir`. Code is always left to right.

use std::borrow::Cow;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::bounds::Bounds;
use super::code::Highlighted;
use super::footnotes::Footnotes;
use super::source::Source;
use super::{Budget, link, work};
use elements::{Element, Kind};

mod collected;
mod elements;
mod table;
mod words;

/// The deepest nesting of lists and quotes. Deeper content is shown as text, because browsers have
/// parsing and layout limits of their own.
const DEPTH: usize = 24;

/// A block, with the state before it.
pub(super) struct Block {
    pub(super) html: String,
    /// The position of its first event in the parser's text.
    pub(super) start: usize,
    /// How many footnotes had a number.
    pub(super) footnotes: usize,
    pub(super) bounds: Bounds,
}

/// The location of an event.
#[derive(Clone, Copy)]
pub(super) struct SourceLocation {
    pub(super) start: usize,
    /// The number of bytes of the original message up to its end.
    pub(super) read: usize,
    /// Whether code here is not highlighted.
    pub(super) plain: bool,
}

/// Receives the events of a text.
pub(super) struct Writer<'a> {
    source: &'a Source<'a>,
    pub(super) blocks: Vec<Block>,
    /// The current block without its HTML, and its HTML so far.
    begun: Block,
    out: String,
    /// The open elements.
    open: Vec<Element>,
    /// How many of the parser's tags are open, and how many of them exceed the depth limit.
    depth: usize,
    buried: usize,
    /// Text that is not written yet, because the parser reports a text in pieces.
    words: String,
    /// Whether the last output ends its line by itself.
    ends_line: bool,
    table: table::Table,
    /// The current code block: its language and its text.
    code: Option<(String, String)>,
    /// How many links with an allowed address are open.
    links: usize,
    /// The current image: its address and its alternative text.
    image: Option<(Option<String>, String)>,
    location: SourceLocation,
    highlighted: &'a mut Highlighted,
    footnotes: &'a mut Footnotes,
    bounds: &'a mut Bounds,
    budget: &'a Budget,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        source: &'a Source<'a>,
        highlighted: &'a mut Highlighted,
        footnotes: &'a mut Footnotes,
        bounds: &'a mut Bounds,
        budget: &'a Budget,
    ) -> Self {
        Self {
            source,
            blocks: Vec::new(),
            begun: Block { html: String::new(), start: 0, footnotes: 0, bounds: *bounds },
            out: String::new(),
            open: Vec::new(),
            depth: 0,
            buried: 0,
            words: String::new(),
            ends_line: false,
            table: table::Table::default(),
            code: None,
            links: 0,
            image: None,
            location: SourceLocation { start: 0, read: 0, plain: false },
            highlighted,
            footnotes,
            bounds,
            budget,
        }
    }

    pub(super) fn take(&mut self, event: Event<'a>, location: SourceLocation) {
        work::looked_at(1);
        self.location = location;
        if self.depth == 0 && self.open.is_empty() {
            let (footnotes, bounds) = (self.footnotes.count(), *self.bounds);
            self.begun = Block { html: String::new(), start: location.start, footnotes, bounds };
        }
        match &event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth -= 1,
            _ => {}
        }
        if !self.bury(&event) {
            self.write(event);
        }
        self.end_block();
    }

    /// Closes all open elements and returns the blocks.
    pub(super) fn finish(mut self) -> Vec<Block> {
        while !self.open.is_empty() {
            self.pop();
        }
        self.end_block();
        self.blocks
    }

    fn end_block(&mut self) {
        if self.depth == 0 && self.open.is_empty() && !self.out.is_empty() {
            work::looked_at(self.out.len());
            let html = std::mem::take(&mut self.out);
            let begun = Block { html: String::new(), ..self.begun };
            self.blocks.push(Block { html, ..begun });
        }
    }

    /// Handles an event that exceeds the depth limit: keeps its text and drops its tags. Returns
    /// whether it did.
    fn bury(&mut self, event: &Event<'a>) -> bool {
        match event {
            // Tags within an image are dropped anyway.
            _ if self.image.is_some() => return false,
            Event::Start(_) if self.buried > 0 || self.depth > DEPTH => self.buried += 1,
            Event::End(tag) if self.buried > 0 => {
                self.buried -= 1;
                let ends_words = matches!(
                    tag,
                    TagEnd::Paragraph
                        | TagEnd::Heading(_)
                        | TagEnd::Item
                        | TagEnd::CodeBlock
                        | TagEnd::HtmlBlock
                        | TagEnd::TableCell
                );
                if ends_words && !self.out.ends_with(' ') {
                    self.text(" ");
                }
            }
            _ if self.buried == 0 => return false,
            // A footnote reference adds no depth.
            Event::FootnoteReference(_) => return false,
            event => {
                if let Some(text) = said(event) {
                    let text = self.source.placeholders.written(&text).into_owned();
                    self.text(&text);
                }
            }
        }
        true
    }

    fn write(&mut self, event: Event<'a>) {
        if self.code.is_some() {
            return self.in_code(event);
        }
        if self.image.is_some() {
            return self.in_image(event);
        }
        if let Event::Text(text) = event {
            return self.words.push_str(&text);
        }
        self.write_words();
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::Code(text) => {
                let text = self.source.placeholders.written(&text);
                self.inline("<code dir=\"ltr\">");
                super::escape::escape_into(&text, &mut self.out);
                self.out.push_str("</code>");
            }
            // Unsupported HTML is shown as text.
            Event::InlineHtml(text) => {
                let text = self.source.placeholders.written(&text).into_owned();
                self.text(&text);
            }
            Event::Html(text) => {
                let text = self.source.placeholders.written(&text).into_owned();
                self.text(text.trim_end_matches(['\n', '\r']));
                if text.ends_with('\n') {
                    self.line_break();
                }
            }
            Event::FootnoteReference(label) => {
                let label = self.source.placeholders.written(&label);
                let reference = self.footnotes.reference(&label);
                self.inline(&reference);
            }
            Event::Rule => self.block("<hr />"),
            Event::TaskListMarker(done) => {
                let checked = if done { " checked=\"\"" } else { "" };
                self.inline(&format!("<input disabled=\"\" type=\"checkbox\"{checked}/>\n"));
            }
            // Text was handled above, and math is not enabled.
            Event::Text(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => {
                let first = self.open.last().is_some_and(|last| last.begins == self.out.len());
                let inherits =
                    first && self.open.last().is_some_and(|last| last.kind == Kind::Container);
                self.push(Kind::Paragraph { inherits, written: false }, "", "");
            }
            // The first heading level is reserved for the page.
            Tag::Heading { level, .. } => {
                let level = (level as usize + 1).min(6);
                self.push(
                    Kind::Markdown,
                    &format!("<h{level} dir=\"auto\">"),
                    format!("</h{level}>"),
                );
            }
            Tag::BlockQuote(_) => {
                self.push(Kind::Container, "<blockquote dir=\"auto\">", "</blockquote>");
            }
            Tag::CodeBlock(kind) => self.start_code(&kind),
            Tag::List(None) => self.push(Kind::Markdown, "<ul>", "</ul>"),
            Tag::List(Some(1)) => self.push(Kind::Markdown, "<ol>", "</ol>"),
            Tag::List(Some(first)) => {
                self.push(Kind::Markdown, &format!("<ol start=\"{first}\">"), "</ol>");
            }
            Tag::Item => self.push(Kind::Container, "<li dir=\"auto\">", "</li>"),
            Tag::FootnoteDefinition(label) => {
                let label = self.source.placeholders.written(&label);
                let open = self.footnotes.definition(&label);
                self.push(Kind::Markdown, &open, "</div>");
            }
            Tag::Table(sides) => self.start_table(sides),
            Tag::TableHead => self.start_row(true),
            Tag::TableRow => self.start_row(false),
            Tag::TableCell => self.start_cell(),
            Tag::Emphasis => self.push_inline("<em>", "</em>"),
            Tag::Strong => self.push_inline("<strong>", "</strong>"),
            Tag::Strikethrough => self.push_inline("<del>", "</del>"),
            Tag::Link { dest_url, .. } => {
                let open = self.allowed(&dest_url).map(|address| link::open(&address));
                self.links += usize::from(open.is_some());
                self.begin_inline();
                let (start, end) = open.as_ref().map_or(("", ""), |open| (open.as_str(), "</a>"));
                self.push(if open.is_some() { Kind::Link } else { Kind::Markdown }, start, end);
            }
            Tag::Image { dest_url, .. } => self.start_image(&dest_url),
            // These extensions are not enabled.
            _ => self.push(Kind::Markdown, "", ""),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::HtmlBlock => {
                self.out.truncate(self.out.trim_end_matches("<br />\n").len());
                self.close();
            }
            TagEnd::TableRow => self.end_row(),
            TagEnd::TableCell => self.end_cell(),
            TagEnd::Table => self.end_table(),
            _ => self.close(),
        }
    }
}

/// The text of an event where only text is possible.
fn said<'e>(event: &'e Event<'_>) -> Option<Cow<'e, str>> {
    Some(match event {
        Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
            Cow::Borrowed(&**text)
        }
        Event::FootnoteReference(label) => format!("[^{label}]").into(),
        Event::SoftBreak | Event::HardBreak => Cow::Borrowed(" "),
        Event::TaskListMarker(done) => Cow::Borrowed(if *done { "[x] " } else { "[ ] " }),
        _ => return None,
    })
}
