//! The HTML that texts may have: a closed list of elements, without attributes. All other HTML is
//! text.

/// An element within a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InlineTag {
    Break,
    Open(&'static str),
    Close(&'static str),
}

/// What begins or ends an element that holds blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockTag {
    OpenDetails,
    CloseDetails,
    OpenSummary,
    CloseSummary,
}

const INLINE: [&str; 4] = ["kbd", "mark", "sub", "sup"];

/// Bytes of a tag with its attributes, at most.
const BYTES: usize = 200;

/// Elements whose text HTML does not read, so the parser of Markdown does not either.
const RAW: [&str; 4] = ["pre", "script", "style", "textarea"];

/// A tag that a text begins with.
struct Tag<'a> {
    name: &'a str,
    closes: bool,
    length: usize,
}

impl<'a> Tag<'a> {
    fn at(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix('<')?;
        let (rest, closes) = rest.strip_prefix('/').map_or((rest, false), |rest| (rest, true));
        let letters = rest.bytes().take(BYTES).take_while(u8::is_ascii_alphabetic).count();
        let (name, behind) = rest.split_at(letters);
        let end =
            behind.bytes().take(BYTES).position(|byte| matches!(byte, b'>' | b'<' | b'\n'))?;
        let attributes = behind[..end].trim_end_matches('/');
        let apart = attributes.is_empty() || attributes.starts_with([' ', '\t', '/']);
        let ended = behind.as_bytes()[end] == b'>';
        let length = text.len() - behind.len() + end + 1;
        (apart && ended && letters > 0).then_some(Self { name, closes, length })
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The element within a line that a text begins with, and the length of its tag.
pub(super) fn inline(text: &str) -> Option<(InlineTag, usize)> {
    let tag = Tag::at(text)?;
    if tag.is("br") {
        return Some((InlineTag::Break, tag.length));
    }
    let name = INLINE.into_iter().find(|name| tag.is(name))?;
    let meaning = if tag.closes { InlineTag::Close(name) } else { InlineTag::Open(name) };
    Some((meaning, tag.length))
}

/// The element that holds blocks which a text begins with, and the length of its tag.
pub(super) fn block(text: &str) -> Option<(BlockTag, usize)> {
    let tag = Tag::at(text)?;
    let meaning = match (tag.is("details"), tag.is("summary"), tag.closes) {
        (true, _, false) => BlockTag::OpenDetails,
        (true, _, true) => BlockTag::CloseDetails,
        (_, true, false) => BlockTag::OpenSummary,
        (_, true, true) => BlockTag::CloseSummary,
        _ => return None,
    };
    Some((meaning, tag.length))
}

/// Whether a line begins with a tag of an element that holds blocks, or ends with the end of one.
pub(super) fn has_block_tag(words: &str) -> bool {
    let ends = |end: &str| {
        let at = words.trim_end().len().checked_sub(end.len());
        at.and_then(|at| words.get(at..at + end.len()))
            .is_some_and(|found| found.eq_ignore_ascii_case(end))
    };
    block(words).is_some() || ends("</details>") || ends("</summary>")
}

/// Whether the parser would take a line, and those behind it, for nothing but HTML.
pub(super) fn begins_html(words: &str) -> bool {
    let Some(rest) = words.strip_prefix('<') else { return false };
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let letters = rest.bytes().take(BYTES).take_while(u8::is_ascii_alphanumeric).count();
    let raw = RAW.iter().any(|name| rest[..letters].eq_ignore_ascii_case(name));
    letters > 0 && !raw && inline(words).is_none() && address(words).is_none()
}

/// The length of the address between `<` and `>` that a text begins with.
pub(super) fn address(text: &str) -> Option<usize> {
    let inside = &text[1..];
    let end = inside.find(|c: char| c == '>' || c == '<' || c.is_whitespace())?;
    super::super::work::looked_at(end);
    let is_address = inside[..end].contains([':', '@']) && inside.as_bytes()[end] == b'>';
    is_address.then_some(end + 2)
}
