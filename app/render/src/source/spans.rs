//! Finds inline constructs in a paragraph's words and replaces them with placeholders.

use std::collections::HashMap;

use super::super::{addresses, work};
use super::lines::Line;
use super::placeholders::Meaning;
use super::{Reader, emphasis, formulas, tags};

/// The range in which inline constructs may continue over lines.
pub(super) struct Segment {
    /// The end of the paragraph.
    pub(super) end: usize,
    /// How many quote marks its lines begin with.
    pub(super) quotes: usize,
    /// Whether it is a table row.
    pub(super) is_row: bool,
    /// Whether nothing reaches over its end, not even a formula that spans lines.
    pub(super) is_single: bool,
}

/// The position of the last run of backticks of each length in a paragraph or cell, and the end of
/// that.
pub(super) struct Runs {
    end: usize,
    last: HashMap<usize, usize>,
}

impl<'a> Reader<'a> {
    /// Reads the rest of a line, and of the next lines if a construct reaches into them.
    pub(super) fn spans(&mut self, line: &Line) {
        self.opening(line);
        let segment = self.segment(line.start, line.end, line.quotes);
        self.spans_within(segment, line.end);
    }

    /// Reads the words of a line up to a position that no construct reaches over.
    pub(super) fn spans_up_to(&mut self, line: &Line, end: usize) {
        let segment = Segment { end, quotes: line.quotes, is_row: false, is_single: true };
        self.spans_within(segment, end);
    }

    fn spans_within(&mut self, mut segment: Segment, mut end: usize) {
        while self.at < end {
            let rest = &self.text[self.at..end];
            let Some(length) = special(rest) else {
                self.copy_to(end);
                break;
            };
            work::looked_at(length);
            self.copy_to(self.at + length);
            self.special(&segment);
            if self.at > end {
                // A construct took a part of another line; read on from there.
                end = Line::at(self.text, self.at).end;
                if self.at > segment.end {
                    segment = self.segment(self.at, end, segment.quotes);
                }
            }
        }
    }

    /// Hides the beginning of a line from the parser that it would read as an HTML block, in which
    /// it reads nothing else up to the next blank line.
    fn opening(&mut self, line: &Line) {
        if tags::begins_html(line.words()) {
            self.push_placeholder(Meaning::Words, line.content + 1);
        }
    }

    /// Handles a character that may begin a construct.
    fn special(&mut self, segment: &Segment) {
        let (text, at) = (self.text, self.at);
        let rest = &text[at..];
        let end = match rest.as_bytes()[0] {
            b'\\' => return self.backslash(segment),
            b'`' => at + self.code_span(segment),
            b'$' => return self.dollars(segment),
            b'<' => match tags::inline(rest) {
                Some((tag, length)) => {
                    return self.push_placeholder(Meaning::Inline(tag), at + length);
                }
                None => at + tags::address(rest).unwrap_or(1),
            },
            b'*' | b'~' => return self.emphasis(),
            b'h' | b'w' => {
                let apart = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
                match apart.then(|| addresses::length(rest)).flatten() {
                    Some(length) => return self.push_placeholder(Meaning::Address, at + length),
                    None => at + 1,
                }
            }
            _ => at + 1,
        };
        self.copy_to(end);
    }

    fn backslash(&mut self, segment: &Segment) {
        let rest = &self.text[self.at..];
        let display = rest.starts_with("\\[");
        if display || rest.starts_with("\\(") {
            let found = self.ends.brackets(self.text, self.at, segment);
            if let Some(formula) = found {
                return self.formula(formula, segment);
            }
            if display {
                self.remember_open(segment);
            }
        }
        if rest.starts_with("\\begin{") {
            if let Some(formula) = self.ends.environment(self.text, self.at, segment) {
                return self.formula(formula, segment);
            }
            if formulas::environment(rest, "\\begin{").is_some() {
                self.remember_open(segment);
            }
        }
        // Copy a backslash together with the character that it escapes.
        let escaped = rest[1..].chars().next().filter(|c| !matches!(c, '\n' | '\r'));
        self.copy_to(self.at + 1 + escaped.map_or(0, char::len_utf8));
    }

    fn dollars(&mut self, segment: &Segment) {
        let run = self.text[self.at..].bytes().take_while(|byte| *byte == b'$').count();
        work::looked_at(run);
        let found = match run {
            1 => formulas::inline(self.text, self.at, segment),
            2 => self.ends.dollars(self.text, self.at, segment),
            _ => None,
        };
        if let Some(formula) = found {
            return self.formula(formula, segment);
        }
        if run == 2 {
            self.remember_open(segment);
        }
        self.copy_to(self.at + run);
    }

    fn formula(&mut self, formula: formulas::Formula, segment: &Segment) {
        let formulas::Formula { start, end, behind, display } = formula;
        let latex = formulas::latex(&self.text[start..end], segment);
        self.push_placeholder(Meaning::Formula { latex, display }, behind);
    }

    /// Remembers that a formula may have begun here whose end has not arrived yet.
    fn remember_open(&mut self, segment: &Segment) {
        if !segment.is_single && self.ends.may_come(self.at) {
            self.source.open.get_or_insert(self.at);
        }
    }

    /// The length of the code span that begins here, or only of its backticks if it is not one.
    fn code_span(&mut self, segment: &Segment) -> usize {
        let (text, at) = (self.text, self.at);
        let ticks = run(&text[at..]);
        let runs = self.runs.take().filter(|runs| at < runs.end).unwrap_or_else(|| {
            let end = if segment.is_row { cell_end(text, at, segment.end) } else { segment.end };
            Runs { end, last: last_runs(&text[..end], at) }
        });
        let (limit, last) = (runs.end, runs.last.get(&ticks).copied());
        self.runs = Some(runs);
        let closed = last.is_some_and(|last| last > at);
        let mut from = at + ticks;
        while closed && let Some(length) = text[from..limit].find('`') {
            from += length;
            let found = run(&text[from..limit]);
            work::looked_at(length + found);
            from += found;
            if found == ticks {
                return from - at;
            }
        }
        ticks
    }

    fn emphasis(&mut self) {
        let (text, at) = (self.text, self.at);
        let sign = text.as_bytes()[at];
        let run = text[at..].bytes().take_while(|byte| *byte == sign).count();
        work::looked_at(run);
        if sign == b'~' && run == 1 {
            // A single tilde means "about" and does not strike anything out.
            return self.push_placeholder(Meaning::Words, at + 1);
        }
        let joints =
            emphasis::joints(text[..at].chars().next_back(), text[at + run..].chars().next());
        if joints.before {
            self.push_placeholder(Meaning::Joint, at);
        }
        self.copy_to(at + run);
        if joints.behind {
            self.push_placeholder(Meaning::Joint, at + run);
        }
    }

    /// The segment of a line, or of the rest of a line.
    fn segment(&mut self, start: usize, line_end: usize, quotes: usize) -> Segment {
        let is_row = self.state.in_table;
        let known = self.segment_end.filter(|end| *end > start && !is_row);
        let end = known.unwrap_or_else(|| {
            let mut end = line_end;
            let is_single = is_row || Line::at(self.text, start).is_alone();
            while !is_single && end < self.text.len() {
                let next = Line::at(self.text, end);
                // If the second next line is a delimiter row, the next one is a table's head.
                let table = Line::at(self.text, next.end).is_delimiter_row();
                let ends = next.is_blank() || next.quotes != quotes || next.begins_block();
                if ends || table || tags::has_block_tag(next.words()) {
                    break;
                }
                end = next.end;
            }
            end
        });
        self.segment_end = Some(end);
        Segment { end, quotes, is_row, is_single: is_row }
    }
}

/// The position of the first character that may begin a construct.
fn special(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().position(|(at, byte)| match byte {
        b'\\' | b'`' | b'$' | b'<' | b'*' | b'~' => true,
        b'h' => bytes[at..].starts_with(b"http"),
        b'w' => bytes[at..].starts_with(b"www."),
        _ => false,
    })
}

/// The number of backticks at the beginning of a text.
fn run(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

/// The position of the last run of backticks of each length, from a position on.
fn last_runs(text: &str, mut at: usize) -> HashMap<usize, usize> {
    work::looked_at(text.len() - at);
    let mut runs = HashMap::new();
    while let Some(length) = text[at..].find('`') {
        at += length;
        let ticks = run(&text[at..]);
        runs.insert(ticks, at);
        at += ticks;
    }
    runs
}

/// The end of the table cell that contains a position.
fn cell_end(text: &str, at: usize, end: usize) -> usize {
    let mut escaped = false;
    let found = text.as_bytes()[at..end].iter().position(|byte| {
        let ends = *byte == b'|' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    work::looked_at(found.unwrap_or(end - at));
    found.map_or(end, |length| at + length)
}
