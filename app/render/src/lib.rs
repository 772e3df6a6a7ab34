//! Renders a message's text as HTML: CommonMark with tables, task lists, strikethrough, footnotes,
//! LaTeX and a few HTML elements.
//!
//! This is the only renderer. It runs on the server, for pages and for observers of an answer that
//! streams in, so that both show the same and no browser downloads it. All HTML outside the closed
//! list is shown as text; the output cannot run scripts, load anything or navigate by itself:
//!
//! - links have an allowed scheme ([`link`]) and open in a new tab, without a referrer;
//! - images are links, because loading one would tell its server who is reading;
//! - code is text in elements with classes ([`code`]), formulas are MathML ([`math`]);
//! - elements are those of a closed list, without attributes from the text ([`source`]).
//!
//! Pure: the same text gives the same HTML.

use code::Highlighted;
use piece::{Context, End, Piece};

mod addresses;
pub mod append;
mod bounds;
mod budget;
mod code;
mod escape;
mod footnotes;
mod link;
mod live;
mod math;
mod piece;
mod plain;
mod source;
mod work;
mod writer;

pub use budget::Budget;
pub use live::Live;

/// Renders a text to blocks, each one HTML element. `name` makes the ids of a message's footnotes
/// unique on the page; it must be valid in an attribute.
pub fn render(text: &str, name: &str) -> Vec<String> {
    render_within(text, name, &Budget::default()).unwrap_or_else(|| as_written(text))
}

/// Like [`render`]; `None` if the budget is spent before the text is rendered.
pub fn render_within(text: &str, name: &str, budget: &Budget) -> Option<Vec<String>> {
    render_up_to(text, name, budget, End::Final)
}

/// Like [`render_within`], for a text that may continue.
fn render_up_to(text: &str, name: &str, budget: &Budget, end: End) -> Option<Vec<String>> {
    let (text, rest) = plain::split(text);
    let end = if rest.is_empty() { end } else { End::Final };
    let piece = Piece { text, start: 0, end, budget };
    let mut blocks = piece.render(&mut Highlighted::default(), &mut Context::new(name))?.blocks;
    blocks.extend(as_written(rest));
    Some(blocks)
}

/// Blocks that show a text as plain text, without reading it as Markdown.
pub fn as_written(text: &str) -> Vec<String> {
    plain::blocks(text).into_iter().map(|(_, block)| block).collect()
}

#[cfg(test)]
mod tests;
