//! The end of a long message, which is not read as Markdown.

use super::escape::escape;

/// How many bytes of a message are read as Markdown; the rest is shown as it was written. Enough
/// for a long answer, and a limit for the cost of the worst text.
pub(super) const MARKDOWN_BYTES: usize = 128 * 1024;

/// The size of a plain block, in bytes.
const BLOCK_BYTES: usize = 8 * 1024;

/// Splits a text into the part that is read as Markdown and the rest. The position depends only on
/// the first part, so it stays the same while the text grows.
pub(super) fn split(text: &str) -> (&str, &str) {
    text.split_at(cut(text, MARKDOWN_BYTES))
}

/// The plain blocks of a text, each one element, with their positions.
pub(super) fn blocks(text: &str) -> Vec<(usize, String)> {
    let (mut blocks, mut start) = (Vec::new(), 0);
    while start < text.len() {
        let end = start + cut(&text[start..], BLOCK_BYTES);
        // An HTML parser would turn it into a line feed.
        let shown = escape(&text[start..end]).replace('\r', "&#13;");
        blocks.push((start, format!("<div class=\"as-written\">{shown}</div>")));
        start = end;
    }
    blocks
}

/// Where to cut a text to get at most `bytes` bytes: after a line, if one ends in the second half.
fn cut(text: &str, bytes: usize) -> usize {
    if text.len() <= bytes {
        return text.len();
    }
    let end = text.floor_char_boundary(bytes);
    let lines = text[..end].rfind('\n').map_or(0, |at| at + 1);
    if lines > bytes / 2 { lines } else { end }
}
