//! A message's text as HTML: CommonMark with tables, task lists, strikethrough, footnotes,
//! LaTeX and a few elements of HTML.
//!
//! The one renderer, on the server: for its pages, and for whoever follows an answer while
//! it comes, so that both show the same and no browser downloads it. All other HTML of a text is
//! shown as text; nothing that comes out can run, load or leave the page by itself:
//!
//! - links have a scheme that is allowed ([`link`]) and open elsewhere, without a referrer;
//! - images are links, for loading one would tell its server who reads;
//! - code is text in elements with classes ([`code`]), formulas are MathML ([`math`]);
//! - elements are those of a closed list, without attributes of the text's ([`source`]).
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

/// The blocks of a text, each one element of HTML. `name` tells the footnotes of one message
/// from another's on the same page; it has to be fit for an attribute.
pub fn render(text: &str, name: &str) -> Vec<String> {
    render_within(text, name, &Budget::default()).unwrap_or_else(|| as_written(text))
}

/// As [`render`]; none when the budget is spent before the text is rendered.
pub fn render_within(text: &str, name: &str, budget: &Budget) -> Option<Vec<String>> {
    render_up_to(text, name, budget, End::Final)
}

/// As [`render_within`], for a text that may go on behind its end.
fn render_up_to(text: &str, name: &str, budget: &Budget, end: End) -> Option<Vec<String>> {
    let (text, rest) = plain::split(text);
    let end = if rest.is_empty() { end } else { End::Final };
    let piece = Piece { text, start: 0, end, budget };
    let mut blocks = piece.render(&mut Highlighted::default(), &mut Context::new(name))?.blocks;
    blocks.extend(as_written(rest));
    Some(blocks)
}

/// The blocks of a text that is not read as Markdown but shown as it was written.
pub fn as_written(text: &str) -> Vec<String> {
    plain::blocks(text).into_iter().map(|(_, block)| block).collect()
}

#[cfg(test)]
mod tests;
