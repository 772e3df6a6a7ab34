//! A message's text as HTML: CommonMark with tables, task lists, strikethrough, footnotes and
//! LaTeX.
//!
//! The one renderer, on the server: for its pages, and for whoever follows an answer while
//! it comes, so that both show the same and no browser downloads it. What the text says in
//! HTML is shown as text; nothing that comes out can run, load or leave the page by itself:
//!
//! - links have a scheme that is allowed ([`link`]) and open elsewhere, without a referrer;
//! - images are links, for loading one would tell its server who reads;
//! - code is text in elements with classes ([`code`]), formulas are MathML ([`math`]).
//!
//! Pure: the same text gives the same HTML.

use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html,
};

use bounds::Bounds;
use code::Highlighted;
use footnotes::Footnotes;

mod bounds;
mod budget;
mod code;
mod delimiters;
mod escape;
mod footnotes;
mod link;
mod live;
mod math;
mod plain;
mod words;
mod work;

pub use budget::Budget;
pub use live::Live;

/// Lists and quotes within one another at most. What lies deeper is shown as text: a browser's
/// parser and a page's layout have bounds of their own.
const DEPTH: usize = 24;

/// How a column of a table may be aligned.
const SIDES: [&str; 3] = ["left", "center", "right"];

/// The blocks of a text, each one element of HTML. `name` tells the footnotes of one message
/// from another's on the same page; it has to be fit for an attribute.
pub fn render(text: &str, name: &str) -> Vec<String> {
    render_within(text, name, &Budget::default()).unwrap_or_else(|| as_written(text))
}

/// As [`render`]; none when the budget is spent before the text is rendered.
pub fn render_within(text: &str, name: &str, budget: &Budget) -> Option<Vec<String>> {
    let (text, rest) = plain::split(text);
    let text = Text { text, start: 0, end: End::Final, name, budget };
    let blocks = text.blocks(&mut Highlighted::default())?.into_iter().chain(plain::blocks(rest));
    Some(blocks.map(|(_, block)| block).collect())
}

/// The blocks of a text that is not read as Markdown but shown as it was written.
pub fn as_written(text: &str) -> Vec<String> {
    plain::blocks(text).into_iter().map(|(_, block)| block).collect()
}

/// Whether a text goes on behind its end.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Final,
    Open,
}

/// A piece of a message that is read as Markdown.
struct Text<'a> {
    text: &'a str,
    /// Where in its message it begins.
    start: usize,
    end: End,
    name: &'a str,
    budget: &'a Budget,
}

impl Text<'_> {
    /// The blocks, each with its offset in this piece; none when the budget is spent before.
    fn blocks(&self, highlighted: &mut Highlighted) -> Option<Vec<(usize, String)>> {
        let mut options = Options::ENABLE_TABLES
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_MATH;
        options.set(Options::ENABLE_TABLES, !bounds::is_too_wide(self.text));
        let dollars = delimiters::to_dollars(self.text);
        let text = &*dollars.text;
        let open = if self.end == End::Open { text.trim_end().len() } else { usize::MAX };
        highlighted.begin();
        let mut writer = Writer::new(self, highlighted);
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            if self.budget.is_spent() {
                return None;
            }
            // Code that is still coming would be highlighted anew with every piece of it.
            writer.plain = range.end >= open || self.start + range.end > code::BYTES;
            writer.escaped = text[..range.start].ends_with('\\');
            writer.take(event, range.start);
        }
        let blocks = writer.blocks.into_iter();
        Some(blocks.map(|(start, block)| (dollars.written(start), block)).collect())
    }
}

/// Turns events into blocks of HTML.
struct Writer<'a> {
    blocks: Vec<(usize, String)>,
    /// Where the block that is open begins.
    start: usize,
    /// The events of the block that is open.
    events: Vec<Event<'a>>,
    /// How many tags are open.
    depth: usize,
    footnotes: Footnotes<'a>,
    /// The code block that is open: its language and its text.
    code: Option<(String, String)>,
    headings: Vec<HeadingLevel>,
    /// Whether the link that is open is one to a reader.
    links: Vec<bool>,
    /// The image that is open: its address and the text in its place.
    image: Option<(Option<String>, String)>,
    /// How many tags deeper than the bound are open.
    buried: usize,
    /// Whether code is not highlighted.
    plain: bool,
    /// Whether the first sign of a text was escaped.
    escaped: bool,
    highlighted: &'a mut Highlighted,
    budget: &'a Budget,
    bounds: Bounds,
}

impl<'a> Writer<'a> {
    fn new(text: &Text<'a>, highlighted: &'a mut Highlighted) -> Self {
        Self {
            blocks: Vec::new(),
            start: 0,
            events: Vec::new(),
            depth: 0,
            footnotes: Footnotes::new(text.name),
            code: None,
            headings: Vec::new(),
            links: Vec::new(),
            image: None,
            buried: 0,
            plain: false,
            escaped: false,
            highlighted,
            budget: text.budget,
            bounds: Bounds::of(text.text),
        }
    }

    fn take(&mut self, event: Event<'a>, start: usize) {
        work::looked_at(1);
        if self.depth == 0 {
            self.start = start;
        }
        match &event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth -= 1,
            _ => {}
        }
        if !self.bury(&event) {
            self.write(event);
        }
        if self.depth == 0 && !self.events.is_empty() {
            let mut block = String::new();
            let events = words::read(std::mem::take(&mut self.events));
            html::push_html(&mut block, events.into_iter());
            self.blocks.push((self.start, aligned(block.trim_end())));
        }
    }

    /// Whether the event lies too deep: what it says is kept and its tags are not.
    fn bury(&mut self, event: &Event<'a>) -> bool {
        match event {
            // Tags within an image are none anyway.
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
                let spaced = matches!(self.events.last(), Some(Event::Text(t)) if t.ends_with(' '));
                if ends_words && !spaced {
                    self.text(CowStr::Borrowed(" "));
                }
            }
            _ if self.buried == 0 => return false,
            // A mark is no deeper than a letter.
            Event::FootnoteReference(_) => return false,
            event => {
                if let Some(text) = words(event) {
                    self.text(text);
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
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => code::language(info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Event::Start(Tag::Link { dest_url, .. }) => self.link(&dest_url),
            Event::End(TagEnd::Link) => {
                if self.links.pop() == Some(true) {
                    self.html("</a>".to_owned());
                }
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                self.image = Some((self.allowed(&dest_url), String::new()));
            }
            // Headings without an id: two messages may well have the same.
            Event::Start(Tag::Heading { level, .. }) => {
                // The first level is the page's own.
                let level = HeadingLevel::try_from(level as usize + 1).unwrap_or(level);
                self.headings.push(level);
                let (id, classes, attrs) = (None, Vec::new(), Vec::new());
                self.events.push(Event::Start(Tag::Heading { level, id, classes, attrs }));
            }
            Event::End(TagEnd::Heading(level)) => {
                let level = self.headings.pop().unwrap_or(level);
                self.events.push(Event::End(TagEnd::Heading(level)));
            }
            Event::Start(Tag::FootnoteDefinition(label)) => {
                let open = self.footnotes.definition(label);
                self.html(open);
            }
            Event::End(TagEnd::FootnoteDefinition) => self.html("</div>".to_owned()),
            Event::FootnoteReference(label) => {
                let reference = self.footnotes.reference(label);
                self.html(reference);
            }
            Event::InlineMath(latex) => self.html(math::inline(&latex)),
            Event::DisplayMath(latex) => self.html(math::block(&latex)),
            Event::End(TagEnd::TableRow) => {
                self.cut_row();
                self.events.push(event);
            }
            // What looks like HTML is text.
            Event::Start(Tag::HtmlBlock) => self.events.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => self.events.push(Event::End(TagEnd::Paragraph)),
            Event::Html(text) | Event::InlineHtml(text) => self.text(text),
            // What was escaped is not read again with what is beside it.
            Event::Text(text) if self.escaped && text.starts_with('*') => {
                self.html("*".to_owned());
                self.text(text[1..].to_owned().into());
            }
            event => self.events.push(event),
        }
    }

    /// Leaves out empty cells at the end of a row, as far as their bound asks for it: the parser
    /// fills each short row of a table with such cells. Those before other cells stay, because
    /// they keep the others in their columns.
    fn cut_row(&mut self) {
        let cell = |events: &[Event<'_>]| {
            matches!(events, [.., Event::Start(Tag::TableCell), Event::End(TagEnd::TableCell)])
        };
        let mut full = self.events.len();
        while cell(&self.events[..full]) {
            full -= 2;
        }
        let empty = (self.events.len() - full) / 2;
        let kept = (0..empty).take_while(|_| self.bounds.takes_empty_cell()).count();
        self.events.truncate(full + 2 * kept);
    }

    fn in_code(&mut self, event: Event<'a>) {
        match (event, &mut self.code) {
            (Event::Text(text), Some((_, code))) => code.push_str(&text),
            (Event::End(TagEnd::CodeBlock), code) => {
                if let Some((language, code)) = code.take() {
                    let highlighted = (!self.plain).then_some(&mut *self.highlighted);
                    let block = code::block(&language, &code, highlighted, self.budget);
                    self.html(block);
                }
            }
            _ => {}
        }
    }

    fn in_image(&mut self, event: Event<'a>) {
        match (event, &mut self.image) {
            (Event::End(TagEnd::Image), image) => {
                if let Some((address, instead)) = image.take() {
                    let within_link = self.links.iter().any(|open| *open);
                    let address = address.filter(|_| !within_link);
                    self.html(link::image(address.as_deref(), &instead));
                }
            }
            (event, Some((_, instead))) => instead.extend(words(&event).as_deref()),
            _ => {}
        }
    }

    /// The address of a link or an image; none when it is not allowed, or when the addresses of
    /// this text have become too long together.
    fn allowed(&mut self, address: &str) -> Option<String> {
        work::looked_at(address.len());
        link::allowed(address).filter(|address| self.bounds.takes_address(address))
    }

    fn link(&mut self, address: &str) {
        let open = self.allowed(address).map(|address| link::open(&address));
        self.links.push(open.is_some());
        if let Some(open) = open {
            self.html(open);
        }
    }

    fn html(&mut self, html: String) {
        self.events.push(Event::InlineHtml(CowStr::from(html)));
    }

    fn text(&mut self, text: CowStr<'a>) {
        self.events.push(Event::Text(text));
    }
}

/// Replaces the `style` attributes that align a table's cells by attributes of our own, because the
/// page's policy allows no styles in the HTML. A message's own text cannot contain what is
/// replaced: its `<` is escaped.
fn aligned(block: &str) -> String {
    work::looked_at(block.len());
    let mut block = block.to_owned();
    if block.starts_with("<table") || block.contains("<td style=") {
        for (cell, side) in ["td", "th"].into_iter().flat_map(|cell| SIDES.map(|side| (cell, side)))
        {
            let styled = format!("<{cell} style=\"text-align: {side}\">");
            block = block.replace(&styled, &format!("<{cell} data-align=\"{side}\">"));
        }
    }
    block
}

/// What an event says where nothing but text can stand.
fn words<'a>(event: &Event<'a>) -> Option<CowStr<'a>> {
    Some(match event {
        Event::Text(text) | Event::Code(text) => text.clone(),
        Event::Html(text) | Event::InlineHtml(text) => text.clone(),
        Event::InlineMath(latex) => format!("${latex}$").into(),
        Event::DisplayMath(latex) => format!("$${latex}$$").into(),
        Event::FootnoteReference(label) => format!("[^{label}]").into(),
        Event::SoftBreak | Event::HardBreak => CowStr::Borrowed(" "),
        Event::TaskListMarker(done) => CowStr::Borrowed(if *done { "[x] " } else { "[ ] " }),
        Event::Rule | Event::Start(_) | Event::End(_) => return None,
    })
}

#[cfg(test)]
mod tests;
