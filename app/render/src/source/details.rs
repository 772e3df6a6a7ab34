//! Puts `<details>` and `<summary>` tags into paragraphs of their own, so that the text between
//! them is read as Markdown, and the writer finds them at the beginning of a paragraph.

use super::Reader;
use super::lines::Line;
use super::placeholders::Meaning;
use super::tags::{self, BlockTag};

/// The longest prefix of marks and white space before such a tag, in bytes. It is repeated for each
/// tag of a line.
const PREFIX_BYTES: usize = 100;

/// Reads a line with such tags, if they can have a meaning there. Returns whether it did.
pub(super) fn begin(reader: &mut Reader<'_>, line: &Line) -> bool {
    let is_code = line.column >= 4
        && !reader.state.behind_words
        && !reader.state.separated
        && reader.state.items.is_empty()
        && reader.state.details == 0;
    let is_deep = line.prefix().len() > PREFIX_BYTES;
    if !tags::has_block_tag(line.words()) || reader.state.in_table || is_code || is_deep {
        return false;
    }
    let quotes = line.prefix().rfind('>').map_or(0, |at| at + 1);
    let blank = &line.prefix()[..quotes];
    let indent: String = line.prefix().chars().map(|c| if c == '>' { '>' } else { ' ' }).collect();
    let indent = if line.column >= 4 && reader.state.items.is_empty() { blank } else { &indent };
    let mut paragraph = Paragraph { reader, blank, indent, is_empty: true };
    paragraph.begin(line);
    paragraph.write(line);
    true
}

/// Writes the paragraphs of a line.
struct Paragraph<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// The prefix of a blank line, and that of a line with words.
    blank: &'r str,
    indent: &'r str,
    /// Whether the current paragraph is empty.
    is_empty: bool,
}

impl Paragraph<'_, '_> {
    /// Writes the beginning of the line. A start tag, or `</details>`, gets a paragraph of its own.
    fn begin(&mut self, line: &Line) {
        let first = tags::block(line.words()).map(|(tag, _)| tag);
        let own = matches!(
            first,
            Some(BlockTag::OpenDetails | BlockTag::CloseDetails | BlockTag::OpenSummary)
        );
        let separate = own && self.reader.state.behind_words && !line.has_marker;
        if separate {
            self.reader.push(&format!("{}\n", self.blank));
        }
        if line.has_marker || self.indent.len() == line.prefix().len() {
            self.reader.copy_to(line.content);
        } else {
            self.reader.at = line.content;
            let indent = self.indent.to_owned();
            self.reader.push(&indent);
        }
        self.is_empty = first != Some(BlockTag::CloseSummary);
    }

    fn write(&mut self, line: &Line) {
        let end = line.start + line.prefix().len() + line.words().len();
        while self.reader.at < end {
            let rest = &self.reader.text[self.reader.at..end];
            match tags::block(rest) {
                Some((tag, length)) => self.tag(tag, self.reader.at + length),
                None => {
                    let next = rest
                        .char_indices()
                        .skip(1)
                        .find(|(at, c)| *c == '<' && tags::block(&rest[*at..]).is_some());
                    let next = self.reader.at + next.map_or(rest.len(), |(at, _)| at);
                    self.words(line, next);
                }
            }
        }
        let (at, end) = (self.reader.at, line.end);
        self.reader.copy_to(end);
        self.reader.state.behind_words = !self.is_empty;
        self.reader.state.separated = self.is_empty;
        if self.is_empty && at < end {
            let blank = format!("{}\n", self.blank);
            self.reader.push(&blank);
        }
    }

    fn tag(&mut self, tag: BlockTag, end: usize) {
        if tag != BlockTag::CloseSummary && !self.is_empty {
            self.separate();
        }
        let details = &mut self.reader.state.details;
        match tag {
            BlockTag::OpenDetails => *details += 1,
            BlockTag::CloseDetails => *details = details.saturating_sub(1),
            BlockTag::OpenSummary | BlockTag::CloseSummary => {}
        }
        self.reader.push_placeholder(Meaning::Block(tag), end);
        self.is_empty = false;
        if tag != BlockTag::OpenSummary {
            self.ends();
        }
    }

    /// Ends the paragraph after a tag. The rest of the line becomes another paragraph.
    fn ends(&mut self) {
        let rest = &self.reader.text[self.reader.at..];
        let words = rest.trim_start_matches([' ', '\t']);
        self.reader.at += rest.len() - words.len();
        if !words.starts_with(['\n', '\r']) && !words.is_empty() {
            self.separate();
        }
        self.is_empty = true;
    }

    fn separate(&mut self) {
        let between = format!("\n{}\n{}", self.blank, self.indent);
        self.reader.push(&between);
        self.is_empty = true;
    }

    fn words(&mut self, line: &Line, end: usize) {
        self.is_empty = false;
        self.reader.spans_up_to(line, end);
    }
}
