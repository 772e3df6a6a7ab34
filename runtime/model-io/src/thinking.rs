//! Separates a model's thinking, written between marks, from its answer; pure.
//!
//! Text is pushed in pieces of any size, and pieces of the answer and of the thinking are returned.
//! Only text that may still become a mark is held back. A mark counts only at the beginning of the
//! answer, after white space or an earlier thought; anywhere else the text is about such marks.
//!
//! A closing mark without an opening one is the exception. Models whose prompt ends with the
//! opening mark write only the closing one (DeepSeek-R1 and Qwen3-Thinking behind servers without a
//! parser for them: <https://github.com/vllm-project/vllm/issues/31045>,
//! <https://github.com/open-webui/open-webui/issues/11259>). This cannot be known before the
//! closing mark arrives, and an answer held back until its end would not stream at all. So the text
//! is returned as text, and [`Piece::TextWasReasoning`] corrects that later. Such a mark counts
//! once, and not within code.

mod code;
mod marks;
#[cfg(test)]
mod tests;

use code::Code;
use marks::{Beginning, Found, Mark, find};
pub use marks::{closer_of, is_mark};

/// The most white space, in bytes, that may stand before a mark that opens the answer.
const MAX_SPACE_BYTES: usize = 256;

/// A piece of a model's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Part of the answer, without the marks; not empty.
    Text(String),
    /// Part of the thinking, without the marks; not empty.
    Reasoning(String),
    /// All text so far was thinking.
    TextWasReasoning,
}

/// Reads a model's text while it arrives.
#[derive(Debug)]
pub struct Thinking {
    state: State,
    /// Text that may still become a mark, with the white space before it.
    held: String,
    /// White space at the end of the thinking so far; dropped if the thinking ends here.
    space: String,
    /// The last character of the thinking.
    last: Option<char>,
    /// Whether a thought has been seen.
    thought: bool,
    /// The number of opening marks within the thought that are not closed yet.
    inner: u32,
    /// Marks that are dropped from the answer: those that end it, if another mark was skipped
    /// before it.
    dropped: &'static [&'static str],
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum State {
    /// Before the answer. After a mark (`behind`), white space is dropped.
    Opening {
        behind: bool,
    },
    /// In a thought; `begun` once more than white space has been read.
    Inside {
        mark: &'static Mark,
        begun: bool,
    },
    /// In an answer that no thought came before, so that a closing mark alone may still follow.
    Unopened(Box<Code>),
    Answer,
}

impl Default for Thinking {
    fn default() -> Self {
        Self::new()
    }
}

impl Thinking {
    /// For a text that may begin with thinking or not.
    pub fn new() -> Self {
        Self::begin(State::Opening { behind: false })
    }

    /// For a text that is thinking until a mark closes it, because the prompt ended with an opening
    /// mark.
    pub fn opened() -> Self {
        Self::begin(State::Inside { mark: &marks::OPENED, begun: false })
    }

    fn begin(state: State) -> Self {
        Self {
            state,
            held: String::new(),
            space: String::new(),
            last: None,
            thought: false,
            inner: 0,
            dropped: &[],
            pieces: Vec::new(),
        }
    }

    /// Must be called if thinking arrives in a field of its own: from then on, a closing mark alone
    /// closes nothing.
    pub fn comes_apart(&mut self) {
        if let State::Unopened(_) = self.state {
            self.state = State::Answer;
        } else if let State::Opening { behind } = &mut self.state {
            *behind = true;
        }
    }

    /// Whether the next text is thinking, as far as that is known.
    pub fn is_within(&self) -> bool {
        matches!(self.state, State::Inside { .. })
    }

    /// Adds text and returns the pieces that are certain by now.
    pub fn push(&mut self, text: &str) -> Vec<Piece> {
        self.held.push_str(text);
        while self.step() {}
        std::mem::take(&mut self.pieces)
    }

    /// Ends the text and returns what was held back.
    pub fn end(&mut self) -> Vec<Piece> {
        let held = std::mem::take(&mut self.held);
        match self.state {
            // The closing mark was held back only to see the character after it.
            State::Inside { mark, .. } if mark.closers.contains(&&*held) => {}
            State::Inside { .. } => self.think(&held),
            State::Opening { behind: true } => self.say(held.trim_start()),
            _ => self.say(&held),
        }
        std::mem::take(&mut self.pieces)
    }

    /// Consumes one mark at most; returns whether there may be more.
    fn step(&mut self) -> bool {
        let held = std::mem::take(&mut self.held);
        match &mut self.state {
            State::Opening { behind } => {
                let behind = *behind;
                self.open(held, behind)
            }
            State::Inside { mark, begun } => {
                let (mark, begun) = (*mark, *begun);
                self.inside(held, mark, begun)
            }
            State::Unopened(code) => {
                let found = code.lone_closer(&held);
                if let Found::Whole { at, .. } = found {
                    self.say(&held[..at]);
                    self.pieces.push(Piece::TextWasReasoning);
                    self.thought = true;
                    self.inner = self.inner.saturating_sub(1);
                }
                self.answer(held, found)
            }
            State::Answer => {
                let found = find(&held, self.dropped);
                if let Found::Whole { at, .. } = found {
                    self.say(&held[..at]);
                }
                self.answer(held, found)
            }
        }
    }

    /// Emits the text before a mark; before a whole mark it has been emitted already.
    fn answer(&mut self, held: String, found: Found) -> bool {
        match found {
            Found::Whole { end, .. } => {
                self.state = State::Opening { behind: true };
                self.rest(&held[end..])
            }
            Found::Begun { at } => {
                self.say(&held[..at]);
                self.hold(&held[at..])
            }
            Found::Nothing => {
                self.say(&held);
                false
            }
        }
    }

    fn open(&mut self, held: String, behind: bool) -> bool {
        let words = held.trim_start();
        if behind || held.len() - words.len() <= MAX_SPACE_BYTES {
            match marks::beginning(words) {
                Beginning::Thought { mark } => {
                    self.state = State::Inside { mark, begun: false };
                    return self.rest(&words[mark.opener.len()..]);
                }
                Beginning::Skipped { end } => {
                    self.state = State::Opening { behind: true };
                    self.dropped = marks::ENDS;
                    return self.rest(&words[end..]);
                }
                Beginning::Unsure => return self.hold(if behind { words } else { &held }),
                Beginning::Words => {}
            }
        }
        self.state = match behind && self.inner == 0 {
            true => State::Answer,
            false => State::Unopened(Box::default()),
        };
        self.rest(if behind { words } else { &held })
    }

    fn inside(&mut self, held: String, mark: &'static Mark, begun: bool) -> bool {
        match find(&held, mark.closers).or_before(find(&held, &[mark.opener])) {
            Found::Whole { at, end } if held[at..end].eq_ignore_ascii_case(mark.opener) => {
                // Some models write the opening mark twice. A later one is part of what the thought
                // is about, or has its own closing mark.
                if begun || !held[..at].trim().is_empty() {
                    self.inner += 1;
                    self.think(&held[..end]);
                }
                self.rest(&held[end..])
            }
            Found::Whole { at, end } => {
                self.think(&held[..at]);
                // In backticks, the mark is something that the thought writes about.
                let quoted = self.space.is_empty() && self.last == Some('`');
                match held[end..].chars().next() {
                    None if quoted => return self.hold(&held[at..]),
                    Some('`') if quoted => self.think(&held[at..end]),
                    _ => {
                        self.space.clear();
                        self.state = State::Opening { behind: true };
                    }
                }
                self.rest(&held[end..])
            }
            Found::Begun { at } => {
                self.think(&held[..at]);
                self.hold(&held[at..])
            }
            Found::Nothing => {
                self.think(&held);
                false
            }
        }
    }

    /// Adds a piece of thinking. White space at the beginning and the end of a thought is dropped.
    fn think(&mut self, text: &str) {
        let State::Inside { begun, .. } = &mut self.state else { return };
        let text = if *begun { text } else { text.trim_start() };
        let words = text.trim_end();
        if words.is_empty() {
            return self.space.push_str(text);
        }
        // A blank line separates the second thought from the first.
        let apart = !std::mem::replace(begun, true) && self.thought;
        self.thought = true;
        self.last = words.chars().next_back();
        let space = std::mem::replace(&mut self.space, text[words.len()..].to_owned());
        let piece = [if apart { "\n\n" } else { "" }, &space, words].concat();
        match self.pieces.last_mut() {
            Some(Piece::Reasoning(last)) => last.push_str(&piece),
            _ => self.pieces.push(Piece::Reasoning(piece)),
        }
    }

    fn say(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn rest(&mut self, held: &str) -> bool {
        self.held = held.to_owned();
        !held.is_empty()
    }

    fn hold(&mut self, held: &str) -> bool {
        self.held = held.to_owned();
        false
    }
}
