//! The HTML that is supported: a closed list of elements, without attributes. All other HTML is
//! shown as text.

/// A tag of an inline element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InlineTag {
    Break,
    Open(&'static str),
    Close(&'static str),
}

/// A tag of an element that contains blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockTag {
    OpenDetails,
    CloseDetails,
    OpenSummary,
    CloseSummary,
}

const INLINE: [&str; 4] = ["kbd", "mark", "sub", "sup"];

/// The longest tag with its attributes, in bytes.
const BYTES: usize = 200;

/// Elements whose content HTML treats as raw text, so the Markdown parser does, too.
const RAW: [&str; 4] = ["pre", "script", "style", "textarea"];

/// The tag at the beginning of a text.
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

/// The inline element at the beginning of a text, and the length of its tag.
pub(super) fn inline(text: &str) -> Option<(InlineTag, usize)> {
    let tag = Tag::at(text)?;
    if tag.is("br") {
        return Some((InlineTag::Break, tag.length));
    }
    let name = INLINE.into_iter().find(|name| tag.is(name))?;
    let meaning = if tag.closes { InlineTag::Close(name) } else { InlineTag::Open(name) };
    Some((meaning, tag.length))
}

/// The element that contains blocks at the beginning of a text, and the length of its tag.
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

/// Whether a line begins with a tag of an element that contains blocks, or ends with an end tag of
/// one.
pub(super) fn has_block_tag(words: &str) -> bool {
    let ends = |end: &str| {
        let at = words.trim_end().len().checked_sub(end.len());
        at.and_then(|at| words.get(at..at + end.len()))
            .is_some_and(|found| found.eq_ignore_ascii_case(end))
    };
    block(words).is_some() || ends("</details>") || ends("</summary>")
}

/// Whether the parser would take a line and those after it for an HTML block.
pub(super) fn begins_html(words: &str) -> bool {
    let Some(rest) = words.strip_prefix('<') else { return false };
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let letters = rest.bytes().take(BYTES).take_while(u8::is_ascii_alphanumeric).count();
    let raw = RAW.iter().any(|name| rest[..letters].eq_ignore_ascii_case(name));
    letters > 0 && !raw && inline(words).is_none() && address(words).is_none()
}

/// The length of an address in angle brackets at the beginning of a text.
pub(super) fn address(text: &str) -> Option<usize> {
    let inside = &text[1..];
    let end = inside.find(|c: char| c == '>' || c == '<' || c.is_whitespace())?;
    super::super::work::looked_at(end);
    let is_address = inside[..end].contains([':', '@']) && inside.as_bytes()[end] == b'>';
    is_address.then_some(end + 2)
}
