//! Finds the thinking that a model wrote into its text between marks; pure.
//!
//! Text goes in as it comes, in any pieces; out come pieces of the answer and of the thinking.
//! Only what may still become a mark is held back. A mark counts where it opens the answer,
//! after nothing but white space or an earlier thought: anywhere else somebody writes about such
//! marks.
//!
//! A closing mark that nothing opened is the exception. Models whose prompt ends with the
//! opening one write only the closing one (DeepSeek-R1 and Qwen3-Thinking behind servers
//! without a parser for them: <https://github.com/vllm-project/vllm/issues/31045>,
//! <https://github.com/open-webui/open-webui/issues/11259>). Nobody can know that before it
//! comes, and an answer that is held back until its end would not stream at all; so the text is
//! given out as text, and [`Piece::TextWasReasoning`] says later what it was. It counts once,
//! and not in code.

mod code;
mod marks;
#[cfg(test)]
mod tests;

use code::Code;
use marks::{Beginning, Found, Mark, find};
pub use marks::{closer_of, is_mark};

/// White space that may stand before a mark that opens the answer, in bytes.
const MAX_SPACE_BYTES: usize = 256;

/// What a piece of a model's text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Reasoning(String),
    /// All text so far was thinking.
    TextWasReasoning,
}

/// A model's text on its way.
#[derive(Debug)]
pub struct Thinking {
    state: State,
    /// What may still become a mark, with the white space before it.
    held: String,
    /// White space within the thinking, which is dropped at its end.
    space: String,
    /// The last character of the thinking.
    last: Option<char>,
    /// Whether there was a thought.
    thought: bool,
    /// Opening marks within thoughts that nothing closed.
    inner: u32,
    /// Marks that are no part of the answer either, where a model writes those.
    dropped: &'static [&'static str],
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum State {
    /// No answer yet; white space is dropped where `behind` a mark.
    Opening {
        behind: bool,
    },
    /// In a thought; `begun` once there is more than white space.
    Inside {
        mark: &'static Mark,
        begun: bool,
    },
    /// In an answer that nothing opened a thought before.
    Unopened(Box<Code>),
    Answer,
}

impl Thinking {
    /// A text of which nothing is known.
    pub fn new() -> Self {
        Self::begin(State::Opening { behind: false })
    }

    /// A text that is thinking until a mark closes it: the prompt ended with an opening one.
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

    /// Thinking came by another way, so a lone closing mark closes nothing.
    pub fn comes_apart(&mut self) {
        if let State::Unopened(_) = self.state {
            self.state = State::Answer;
        } else if let State::Opening { behind } = &mut self.state {
            *behind = true;
        }
    }

    /// Whether what comes next is thinking, as far as it is known.
    pub fn is_within(&self) -> bool {
        matches!(self.state, State::Inside { .. })
    }

    /// Takes the next text; gives what it settles.
    pub fn push(&mut self, text: &str) -> Vec<Piece> {
        self.held.push_str(text);
        while self.step() {}
        std::mem::take(&mut self.pieces)
    }

    /// What was held back, as what it turned out to be.
    pub fn end(&mut self) -> Vec<Piece> {
        let held = std::mem::take(&mut self.held);
        match self.state {
            // It waited for what stands behind it.
            State::Inside { mark, .. } if mark.closers.contains(&&*held) => {}
            State::Inside { .. } => self.think(&held),
            State::Opening { behind: true } => self.say(held.trim_start()),
            _ => self.say(&held),
        }
        std::mem::take(&mut self.pieces)
    }

    /// Goes on by one mark at most; says whether there may be more.
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

    /// Says what comes before a mark; what comes before a whole one was said.
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
                // Some models open twice; later it is one that the thought is about, or that
                // is closed by itself.
                if begun || !held[..at].trim().is_empty() {
                    self.inner += 1;
                    self.think(&held[..end]);
                }
                self.rest(&held[end..])
            }
            Found::Whole { at, end } => {
                self.think(&held[..at]);
                // In backticks the thought is about the mark.
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

    /// A piece of a thought. White space at its beginning and at its end is none of it.
    fn think(&mut self, text: &str) {
        let State::Inside { begun, .. } = &mut self.state else { return };
        let text = if *begun { text } else { text.trim_start() };
        let words = text.trim_end();
        if words.is_empty() {
            return self.space.push_str(text);
        }
        // A second thought stands apart from the first.
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
