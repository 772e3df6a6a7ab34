//! Preprocesses a text before CommonMark's parser reads it: formulas, a closed list of HTML
//! elements, and a few things that CommonMark reads differently than people mean them.
//!
//! Each of them becomes a placeholder, a single character without a meaning to the parser
//! ([`placeholders`]), so that the parser never looks into a formula and needs no knowledge of the
//! rest. If a placeholder turns out to be within code or an address, the original text is put back.
//!
//! The text is read line by line. The meaning of a line depends only on the lines before it, as far
//! as [`State`] remembers them; the exception is a formula that spans lines, which is known only at
//! its end ([`Source::open`]). Each byte is looked at only a few times.

use super::work;
use fences::Fence;
use lines::Line;
use placeholders::Placeholders;

mod details;
mod emphasis;
mod fences;
mod formulas;
mod lines;
mod placeholders;
mod spans;
mod tags;

pub(super) use emphasis::is_unspaced;
use placeholders::is_placeholder;
pub(super) use placeholders::{Meaning, first as first_placeholder};
pub(super) use tags::{BlockTag, InlineTag};

/// The text for the parser, and how it maps to the original text.
pub(super) struct Source<'a> {
    pub(super) text: String,
    pub(super) placeholders: Placeholders<'a>,
    /// The position of an unfinished formula that later text may complete. Until then its lines are
    /// read as normal text.
    pub(super) open: Option<usize>,
    /// Pairs of positions in this and in the original text. From each pair up to the next one, both
    /// texts are equal.
    places: Vec<(usize, usize)>,
    /// The state from the beginning of a line on, in the order of the lines.
    states: Vec<(usize, State)>,
}

/// What the preceding lines mean for a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    /// The code block that is open.
    fence: Option<Fence>,
    /// The columns at which the contents of the open list items begin.
    items: Vec<usize>,
    /// How many `<details>` are open.
    details: usize,
    /// Whether the lines are rows of a table.
    in_table: bool,
    /// Whether words precede directly, without a blank line.
    behind_words: bool,
    /// Whether the words before were separated from the following ones by a blank line that was
    /// inserted here.
    separated: bool,
}

impl Source<'_> {
    /// The position of a byte in the original text.
    pub(super) fn written(&self, at: usize) -> usize {
        let known = self.places.partition_point(|(here, _)| *here <= at);
        match known.checked_sub(1).and_then(|last| self.places.get(last)) {
            Some((here, there)) => there + (at - here),
            None => at,
        }
    }

    /// The state at the beginning of the line at this position of the original text.
    pub(super) fn state(&self, written: usize) -> State {
        let after = self.states.partition_point(|(line, _)| *line <= written);
        after.checked_sub(1).map(|at| self.states[at].1.clone()).unwrap_or_default()
    }
}

/// Preprocesses a text, given the state after the lines before it.
pub(super) fn read(text: &str, state: State) -> Source<'_> {
    work::looked_at(text.len());
    let mut reader = Reader {
        text,
        at: 0,
        state,
        source: Source {
            text: String::with_capacity(text.len() + text.len() / 8),
            placeholders: Placeholders::default(),
            open: None,
            places: Vec::new(),
            states: Vec::new(),
        },
        ends: formulas::Ends::of(text),
        segment_end: None,
        runs: None,
    };
    while reader.at < text.len() {
        reader.line();
    }
    reader.source
}

/// Reads through a text.
struct Reader<'a> {
    text: &'a str,
    /// The position of the next byte.
    at: usize,
    state: State,
    source: Source<'a>,
    ends: formulas::Ends,
    /// The end of the paragraph that was read last.
    segment_end: Option<usize>,
    /// The runs of backticks in the current paragraph.
    runs: Option<spans::Runs>,
}

impl<'a> Reader<'a> {
    /// Reads a line, or all lines of a formula.
    fn line(&mut self) {
        if self.source.states.last().is_none_or(|(_, known)| *known != self.state) {
            self.source.states.push((self.at, self.state.clone()));
        }
        let line = Line::at(self.text, self.at);
        if self.state.fence.is_some() {
            return self.in_fence(&line);
        }
        self.state.follow(&line);
        if line.is_blank() {
            self.state.in_table = false;
            self.copy_to(line.end);
            (self.state.behind_words, self.state.separated) = (false, false);
            return;
        }
        if let Some(fence) = Fence::opened(&line, &self.state) {
            return self.open_fence(&line, fence);
        }
        if self.state.in_table && !line.is_row() {
            self.state.in_table = false;
        }
        let begins_table = line.is_row() && Line::at(self.text, line.end).is_delimiter_row();
        self.state.in_table |= begins_table;
        self.words(&line);
    }

    /// Reads a line of words, and the lines that continue it.
    fn words(&mut self, line: &Line) {
        if details::begin(self, line) {
            return;
        }
        let separated = std::mem::take(&mut self.state.separated);
        if separated && self.state.details > 0 && self.state.items.is_empty() && !line.has_marker {
            // It is indented within its element, and not a code block.
            self.at = line.content;
        } else {
            self.copy_to(line.content);
        }
        self.state.behind_words = true;
        self.spans(line);
    }

    fn in_fence(&mut self, line: &Line) {
        let Some(fence) = &mut self.state.fence else { return };
        match fence.take(line) {
            fences::Next::Inside => {
                let end = line.end;
                self.copy_to(end);
            }
            fences::Next::Closed { run } => {
                let marks = fence.marks();
                self.state.fence = None;
                self.copy_to(line.content);
                self.push(&marks);
                self.at = line.content + run;
                self.copy_to(line.end);
                self.state.behind_words = false;
            }
            fences::Next::Over => {
                self.state.fence = None;
                self.state.behind_words = false;
                self.line();
            }
        }
    }

    fn open_fence(&mut self, line: &Line, mut fence: Fence) {
        fence.look_ahead(self.text, line.end);
        self.copy_to(line.content);
        self.push(&fence.marks());
        self.at = line.content + fence.run;
        self.copy_to(line.end);
        self.state.fence = Some(fence);
        (self.state.separated, self.state.in_table) = (false, false);
    }

    /// Copies the text up to a position.
    fn copy_to(&mut self, end: usize) {
        while self.at < end {
            let written = &self.text[self.at..end];
            // A character that could be mistaken for a placeholder is replaced with one itself.
            let found = placeholders::first(written);
            self.place();
            self.source.text.push_str(&written[..found.unwrap_or(written.len())]);
            self.at = found.map_or(end, |at| self.at + at);
            if found.is_some() {
                self.push_placeholder(Meaning::Words, self.at + placeholders::BYTES);
            }
        }
    }

    /// Inserts text that is not in the original.
    fn push(&mut self, added: &str) {
        self.place();
        self.source.text.push_str(added);
    }

    /// Inserts a placeholder for the text up to a position. If there are too many placeholders,
    /// copies the text instead, except for characters that could be mistaken for one.
    fn push_placeholder(&mut self, meaning: Meaning<'a>, end: usize) {
        let written = &self.text[self.at..end];
        match self.source.placeholders.add(written, meaning) {
            Some(placeholder) => {
                self.place();
                self.source.text.push(placeholder);
                self.at = end;
            }
            None => {
                self.place();
                let known = |c| if is_placeholder(c) { '\u{FFFD}' } else { c };
                self.source.text.extend(written.chars().map(known));
                self.at = end;
            }
        }
    }

    fn place(&mut self) {
        let (here, there) = (self.source.text.len(), self.at);
        let goes_on = match self.source.places.last() {
            Some((last, written)) => here.wrapping_sub(*last) == there.wrapping_sub(*written),
            None => here == there,
        };
        if !goes_on {
            self.source.places.push((here, there));
        }
    }
}

impl State {
    /// Removes the list items that end before a line, and adds those that begin with it.
    fn follow(&mut self, line: &Line) {
        if line.is_blank() {
            return;
        }
        while self.items.last().is_some_and(|column| line.indent < *column) {
            self.items.pop();
        }
        if line.has_marker && self.items.len() < ITEMS {
            self.items.push(line.column);
        }
    }
}

/// The deepest nesting of list items that is remembered.
const ITEMS: usize = 32;

#[cfg(test)]
mod tests;
