//! What is read of a text before CommonMark's parser reads it: formulas, the HTML of a closed list,
//! and a few things that CommonMark reads otherwise than people mean them.
//!
//! Each of them becomes a placeholder, one character that means nothing to the parser
//! ([`placeholders`]), so that the parser never looks into a formula and needs to know nothing of
//! the rest. Where a placeholder turns out to stand in code or in an address, the words it stands
//! for come back as they were written.
//!
//! The text is read line by line. What a line means depends on the lines before it alone, as far
//! as [`State`] remembers them, except for a formula on lines of its own, which ends at its end
//! ([`Source::open`]). No byte is looked at more often than a few times.

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

/// A text as the parser is to read it.
pub(super) struct Source<'a> {
    pub(super) text: String,
    pub(super) placeholders: Placeholders<'a>,
    /// Where an unfinished formula begins that a later text may finish, however its lines are read
    /// until then.
    pub(super) open: Option<usize>,
    /// VisibilityFilter from which on, up to the next one, the text is as it was written: here and there.
    places: Vec<(usize, usize)>,
    /// What is remembered from the beginning of a line on, in their order.
    states: Vec<(usize, State)>,
}

/// What is remembered of the lines before one.
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
    /// Whether there are words right before.
    behind_words: bool,
    /// Whether the words before were separated from what follows by a blank line that is not
    /// written.
    separated: bool,
}

impl Source<'_> {
    /// Where in the text as it was written a byte stands.
    pub(super) fn written(&self, at: usize) -> usize {
        let known = self.places.partition_point(|(here, _)| *here <= at);
        match known.checked_sub(1).and_then(|last| self.places.get(last)) {
            Some((here, there)) => there + (at - here),
            None => at,
        }
    }

    /// What is remembered at the beginning of the line that was written there.
    pub(super) fn state(&self, written: usize) -> State {
        let after = self.states.partition_point(|(line, _)| *line <= written);
        after.checked_sub(1).map(|at| self.states[at].1.clone()).unwrap_or_default()
    }
}

/// Reads a text whose lines come after some others.
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

/// Goes through a text.
struct Reader<'a> {
    text: &'a str,
    /// The byte that is read next.
    at: usize,
    state: State,
    source: Source<'a>,
    ends: formulas::Ends,
    /// Where the paragraph ends that was read last.
    segment_end: Option<usize>,
    /// The backticks of the paragraph that is read.
    runs: Option<spans::Runs>,
}

impl<'a> Reader<'a> {
    /// Reads what begins at the beginning of a line: a line, or all lines that a formula has.
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

    /// A line of words, and those behind it that go on with it.
    fn words(&mut self, line: &Line) {
        if details::begin(self, line) {
            return;
        }
        let separated = std::mem::take(&mut self.state.separated);
        if separated && self.state.details > 0 && self.state.items.is_empty() && !line.has_marker {
            // Indented within its element, not code.
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

    /// Adds what is written up to a byte as it is.
    fn copy_to(&mut self, end: usize) {
        while self.at < end {
            let written = &self.text[self.at..end];
            // A character that would be taken for a placeholder gets one itself.
            let found = placeholders::first(written);
            self.place();
            self.source.text.push_str(&written[..found.unwrap_or(written.len())]);
            self.at = found.map_or(end, |at| self.at + at);
            if found.is_some() {
                self.push_placeholder(Meaning::Words, self.at + placeholders::BYTES);
            }
        }
    }

    /// Adds something that was not written there.
    fn push(&mut self, added: &str) {
        self.place();
        self.source.text.push_str(added);
    }

    /// Adds a placeholder for the words up to a byte; the words themselves when there are too many
    /// placeholders, but for a character that would be taken for one.
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
    /// Forgets the list items that end before a line, and remembers those that begin with it.
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

/// List items within one another that are remembered.
const ITEMS: usize = 32;

#[cfg(test)]
mod tests;
