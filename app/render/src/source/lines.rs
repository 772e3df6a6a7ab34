//! Parses the beginning of a line: the marks of quotes and list items, which tell how deep its
//! words are nested.

use super::super::work;

/// A line, by the positions of its parts in the text.
#[derive(Debug)]
pub(super) struct Line<'a> {
    text: &'a str,
    pub(super) start: usize,
    /// The position after the marks of quotes and list items and their white space.
    pub(super) content: usize,
    /// The position after the line break.
    pub(super) end: usize,
    /// How many quote marks precede its content.
    pub(super) quotes: usize,
    /// The column of its list marker, or else of its words.
    pub(super) indent: usize,
    /// The column of its words.
    pub(super) column: usize,
    /// Whether it begins a list item.
    pub(super) has_marker: bool,
}

impl<'a> Line<'a> {
    /// Parses the line that begins at a position.
    pub(super) fn at(text: &'a str, start: usize) -> Self {
        let rest = &text[start..];
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        work::looked_at(length);
        let line = rest[..length].trim_end_matches(['\n', '\r']);
        let mut read = Prefix::default();
        read.read(line, &Rule::at_the_end_of(line));
        Self {
            text,
            start,
            content: start + read.length,
            end: start + length,
            quotes: read.quotes,
            indent: read.indent.unwrap_or(read.column),
            column: read.column,
            has_marker: read.indent.is_some(),
        }
    }

    /// The words, without the line break.
    pub(super) fn words(&self) -> &'a str {
        self.text[self.content..self.end].trim_end_matches(['\n', '\r'])
    }

    /// The part before the words.
    pub(super) fn prefix(&self) -> &'a str {
        &self.text[self.start..self.content]
    }

    pub(super) fn is_blank(&self) -> bool {
        self.words().trim().is_empty()
    }

    /// Whether it can be a table row.
    pub(super) fn is_row(&self) -> bool {
        self.words().contains('|')
    }

    /// Whether it can be the delimiter row below a table's head.
    pub(super) fn is_delimiter_row(&self) -> bool {
        let words = self.words();
        let known = |byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t');
        words.contains('|') && words.contains('-') && words.bytes().all(known)
    }

    /// Whether its words may begin or end a block, whatever precedes them, so that no inline
    /// construct reaches over its beginning. May be true for a line that does not, but is never
    /// false for one that does.
    pub(super) fn begins_block(&self) -> bool {
        let words = self.words();
        let only = |signs: &[u8]| words.bytes().all(|byte| signs.contains(&byte));
        self.has_marker
            || self.is_alone()
            || words.starts_with(['<', '=', '-', ':', '|'])
            || words.starts_with("[^")
            || only(b"*_ \t")
            || super::fences::run(words) >= 3
    }

    /// Whether it may be a whole block or end one: a heading, the end of raw HTML, or a line that
    /// the parser splits into several.
    pub(super) fn is_alone(&self) -> bool {
        let words = self.words();
        let heading = words.trim_start_matches('#');
        let is_heading =
            heading.len() < words.len() && (heading.is_empty() || heading.starts_with([' ', '\t']));
        is_heading || words.contains(['>', '\r'])
    }
}

/// The part of a line's prefix that was read so far.
#[derive(Default)]
struct Prefix {
    length: usize,
    quotes: usize,
    column: usize,
    indent: Option<usize>,
}

impl Prefix {
    fn read(&mut self, line: &str, rule: &Rule) {
        loop {
            let rest = &line[self.length..];
            let byte = rest.as_bytes().first().copied();
            match byte {
                Some(b' ') => self.step(1, 1),
                Some(b'\t') => self.step(1, 4 - self.column % 4),
                Some(b'>') => {
                    self.quotes += 1;
                    // Columns within a quote are counted from here.
                    (self.length, self.column, self.indent) = (self.length + 1, 0, None);
                    if line[self.length..].starts_with(' ') {
                        self.length += 1;
                    }
                }
                _ if rule.begins_at(self.length) => return,
                _ => match marker(rest) {
                    Some(length) => {
                        self.indent.get_or_insert(self.column);
                        self.step(length, length);
                    }
                    None => return,
                },
            }
        }
    }

    fn step(&mut self, bytes: usize, columns: usize) {
        self.length += bytes;
        self.column += columns;
    }
}

/// The length of the list marker at the beginning of a text, including the space after it.
fn marker(text: &str) -> Option<usize> {
    let digits = text.bytes().take(10).take_while(u8::is_ascii_digit).count();
    let sign = *text.as_bytes().get(digits)?;
    let is_marker = match digits {
        0 => matches!(sign, b'-' | b'*' | b'+'),
        1..=9 => matches!(sign, b'.' | b')'),
        _ => false,
    };
    let spaced = text.as_bytes().get(digits + 1).is_none_or(|byte| matches!(byte, b' ' | b'\t'));
    (is_marker && spaced).then(|| (digits + 2).min(text.len()))
}

/// The signs at the end of a line that may be a thematic break: the same sign repeated, with white
/// space between. They are found once per line, because a line may begin with as many list markers
/// as it has bytes.
struct Rule {
    /// The position of the first sign.
    start: usize,
    /// The position of the third sign from the end; `None` if there are fewer.
    last_three: Option<usize>,
}

impl Rule {
    fn at_the_end_of(line: &str) -> Self {
        let mut signs = line.bytes().enumerate().rev().filter(|(_, b)| !b.is_ascii_whitespace());
        let Some((mut start, sign)) = signs.next() else {
            return Self { start: line.len(), last_three: None };
        };
        let mut last_three = None;
        if !matches!(sign, b'-' | b'*' | b'_') {
            return Self { start, last_three };
        }
        for (count, (at, _)) in (2..).zip(signs.take_while(|(_, byte)| *byte == sign)) {
            start = at;
            if count == 3 {
                last_three = Some(at);
            }
        }
        work::looked_at(line.len() - start);
        Self { start, last_three }
    }

    /// Whether the line is nothing but a thematic break from a position on.
    fn begins_at(&self, at: usize) -> bool {
        self.start <= at && self.last_three.is_some_and(|last| at <= last)
    }
}
