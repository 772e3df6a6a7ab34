//! What is behind the part of a long message that is read as Markdown.

use super::escape::escape;

/// Bytes of a message that are read as Markdown; what stands behind them is shown as it was
/// written. Long for an answer, and a bound for what the most tedious text costs.
pub(super) const MARKDOWN_BYTES: usize = 128 * 1024;

/// Bytes of a block of the rest.
const BLOCK_BYTES: usize = 8 * 1024;

/// The part of a text that is read as Markdown, and the rest. Where they part depends on
/// nothing but the first of them, so it stays while the text grows.
pub(super) fn split(text: &str) -> (&str, &str) {
    text.split_at(cut(text, MARKDOWN_BYTES))
}

/// The blocks of the rest, each one element, with where it begins.
pub(super) fn blocks(text: &str) -> Vec<(usize, String)> {
    let (mut blocks, mut start) = (Vec::new(), 0);
    while start < text.len() {
        let end = start + cut(&text[start..], BLOCK_BYTES);
        // A parser of HTML would make a line feed of it.
        let shown = escape(&text[start..end]).replace('\r', "&#13;");
        blocks.push((start, format!("<div class=\"as-written\">{shown}</div>")));
        start = end;
    }
    blocks
}

/// Where a text ends that may have so many bytes: behind a line if there is one.
fn cut(text: &str, bytes: usize) -> usize {
    if text.len() <= bytes {
        return text.len();
    }
    let end = text.floor_char_boundary(bytes);
    let lines = text[..end].rfind('\n').map_or(0, |at| at + 1);
    if lines > bytes / 2 { lines } else { end }
}
