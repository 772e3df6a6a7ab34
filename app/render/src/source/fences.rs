//! Fences of code blocks, nested ones included.
//!
//! CommonMark ends a block at the first fence that is long enough. Models put whole Markdown files
//! into a fence of three, although those files contain fences themselves. So in a block whose
//! language is Markdown, a fence with a language opens a nested block, and the next bare fence
//! closes that block and not the outer one. The outer fences are made longer than all fences
//! within.

use super::super::work;
use super::State;
use super::lines::Line;

/// The languages of blocks that may contain nested fences.
const DOCUMENTS: [&str; 5] = ["markdown", "md", "mdx", "rmd", "qmd"];

/// The fence of a code block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fence {
    byte: u8,
    /// Its length in the text.
    pub(super) run: usize,
    /// The length that it gets for the parser.
    made: usize,
    quotes: usize,
    /// The column of the content of the list item that contains it.
    column: usize,
    /// The lengths of the open nested fences; `None` if the block is not a Markdown document.
    inner: Option<Vec<usize>>,
}

/// The meaning of a line in a code block.
pub(super) enum Next {
    Inside,
    /// It is the closing fence, of this length.
    Closed {
        run: usize,
    },
    /// It is after the end of the block, because its quote or list item has ended.
    Over,
}

impl Fence {
    /// The fence in a line, if it opens a code block.
    pub(super) fn opened(line: &Line, state: &State) -> Option<Self> {
        let words = line.words();
        let run = run(words);
        let byte = *words.as_bytes().first()?;
        let info = &words[run..];
        let outer = state.items.iter().rev().find(|column| **column <= line.column).copied();
        let column = outer.unwrap_or(0);
        let indented = line.column >= column + 4 && !line.has_marker;
        if run < 3 || indented || (byte == b'`' && info.contains('`')) {
            return None;
        }
        let language = info.trim().split([' ', ',', '{', '\t']).next().unwrap_or_default();
        let is_document = DOCUMENTS.iter().any(|known| language.eq_ignore_ascii_case(known));
        let inner = is_document.then(Vec::new);
        Some(Self { byte, run, made: run, quotes: line.quotes, column, inner })
    }

    /// The fence for the parser.
    pub(super) fn marks(&self) -> String {
        char::from(self.byte).to_string().repeat(self.made)
    }

    /// Looks for the end of the block in the lines from a position on, so that its fences can be
    /// made longer than all fences within.
    pub(super) fn look_ahead(&mut self, text: &str, mut at: usize) {
        if self.inner.is_none() {
            return;
        }
        let (mut ahead, mut longest) = (self.clone(), 0);
        while at < text.len() {
            let line = Line::at(text, at);
            if !matches!(ahead.take(&line), Next::Inside) {
                break;
            }
            longest = longest.max(run(line.words()));
            at = line.end;
        }
        self.made = self.run.max(longest + 1);
    }

    /// Reads the next line.
    pub(super) fn take(&mut self, line: &Line) -> Next {
        let outside =
            line.quotes < self.quotes || (line.indent < self.column && line.quotes == self.quotes);
        if outside && !(line.is_blank() && line.quotes == self.quotes) {
            return Next::Over;
        }
        // Within a code block, a list marker has no meaning.
        let words = line.words();
        let run = run(words);
        let own = words.as_bytes().first() == Some(&self.byte) && !line.has_marker;
        if run < 3 || !own || line.quotes != self.quotes || line.column >= self.column + 4 {
            return Next::Inside;
        }
        let is_bare = words[run..].trim().is_empty();
        match self.inner.as_mut() {
            Some(inner) if !is_bare => {
                if run <= NESTED_RUN && inner.len() < NESTED && !words[run..].contains('`') {
                    inner.push(run);
                }
                return Next::Inside;
            }
            Some(inner) => {
                let closes = inner.last().is_some_and(|length| *length <= run);
                let ends_all = inner.last().is_some_and(|length| *length < self.run);
                if closes && !(ends_all && run >= self.run) {
                    inner.pop();
                    return Next::Inside;
                }
            }
            None => {}
        }
        if is_bare && run >= self.run { Next::Closed { run } } else { Next::Inside }
    }
}

/// How many nested fences are tracked, and the longest one of them in bytes.
const NESTED: usize = 8;
const NESTED_RUN: usize = 16;

/// The number of backticks or tildes at the beginning of a text.
pub(super) fn run(text: &str) -> usize {
    let Some(first @ (b'`' | b'~')) = text.as_bytes().first() else { return 0 };
    let run = text.bytes().take_while(|byte| byte == first).count();
    work::looked_at(run);
    run
}
