//! Tells whether a place in a Markdown text is within code, while the text is still arriving.

use super::marks::{CLOSERS, Found, find};

/// What is open at the end of the text so far.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// The fence that opened a block of code.
    fence: Option<Run>,
    /// The number of backticks that opened a span of code.
    span: Option<usize>,
    /// What the current line holds so far, apart from white space at its beginning.
    line: Line,
    /// The backticks or tildes at the end of the text so far.
    run: Option<Run>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    sign: char,
    length: usize,
    /// Whether its line begins with it.
    leads: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Blank,
    /// What may be a fence; `words` if text follows it.
    Fence {
        run: Run,
        words: bool,
    },
    Words,
}

impl Code {
    /// Finds a closing mark outside of code that has no opening mark. Consumes the text before the
    /// mark, or all of it if there is none.
    pub(super) fn lone_closer(&mut self, text: &str) -> Found {
        let mut from = 0;
        loop {
            let found = find(&text[from..], CLOSERS);
            let (Found::Whole { at, .. } | Found::Begun { at }) = found else {
                self.take(&text[from..]);
                return Found::Nothing;
            };
            self.take(&text[from..from + at]);
            self.end_run();
            match found {
                Found::Whole { end, .. } if !self.is_code() => {
                    return Found::Whole { at: from + at, end: from + end };
                }
                Found::Begun { .. } => return Found::Begun { at: from + at },
                // Consume one character of the mark, so that the search goes on behind it.
                _ => {
                    let sign = text[from + at..].chars().next().map_or(1, char::len_utf8);
                    self.take(&text[from + at..from + at + sign]);
                    from += at + sign;
                }
            }
        }
    }

    /// Whether the text so far ends within code. The beginning of a line is in no span of code,
    /// because a backtick before it is one that nothing closes.
    fn is_code(&self) -> bool {
        let in_line = match self.line {
            Line::Blank => false,
            Line::Fence { .. } => true,
            Line::Words => self.span.is_some(),
        };
        self.fence.is_some() || in_line
    }

    fn take(&mut self, text: &str) {
        for character in text.chars() {
            match &mut self.run {
                Some(run) if run.sign == character => run.length += 1,
                _ => {
                    self.end_run();
                    self.begin(character);
                }
            }
        }
    }

    fn begin(&mut self, character: char) {
        match character {
            '`' | '~' => {
                let leads = self.line == Line::Blank;
                self.run = Some(Run { sign: character, length: 1, leads });
            }
            '\n' => self.end_line(),
            _ if character.is_whitespace() => {}
            _ => {
                self.line = match self.line {
                    Line::Fence { run, .. } => Line::Fence { run, words: true },
                    _ => Line::Words,
                }
            }
        }
    }

    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        if run.leads && run.length >= 3 {
            self.line = Line::Fence { run, words: false };
            return;
        }
        if run.sign == '`' && self.fence.is_none() {
            // The info string of a backtick fence has no backticks, so this was a span of code.
            if let Line::Fence { run: Run { sign: '`', length, .. }, .. } = self.line {
                self.span = Some(length);
            }
            self.span = match self.span {
                None => Some(run.length),
                Some(length) if length == run.length => None,
                open => open,
            };
            self.line = Line::Words;
        } else if self.line == Line::Blank {
            self.line = Line::Words;
        }
    }

    fn end_line(&mut self) {
        match (std::mem::take(&mut self.line), self.fence) {
            (Line::Fence { run, .. }, None) => (self.fence, self.span) = (Some(run), None),
            (Line::Fence { run, words: false }, Some(fence))
                if run.sign == fence.sign && run.length >= fence.length =>
            {
                self.fence = None;
            }
            // A span of code ends with its paragraph.
            (Line::Blank, None) => self.span = None,
            _ => {}
        }
    }
}
