//! Splits an answer that streams in into sentences for screen readers, without Markdown marks.
//!
//! Pure. A screen reader that got every piece of text would stammer, so it gets whole sentences,
//! each once.

/// How much of a text has been spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentences {
    /// Bytes of the text.
    spoken: usize,
    in_code: bool,
}

impl Sentences {
    /// Starts after this many bytes.
    pub fn after(bytes: usize) -> Self {
        Self { spoken: bytes, in_code: false }
    }

    /// The sentences that have become complete since the last call. `code` is said in place of a
    /// code block.
    pub fn take(&mut self, text: &str, code: &str) -> Option<String> {
        self.begin_anew(text);
        let rest = text.get(self.spoken..)?;
        self.say(whole(rest), code)
    }

    /// The rest of the text, which is complete now.
    pub fn finish(&mut self, text: &str, code: &str) -> Option<String> {
        self.begin_anew(text);
        let rest = text.get(self.spoken..)?;
        self.say(rest, code)
    }

    /// Starts over if the text has become shorter: the old text was moved to the reasoning.
    fn begin_anew(&mut self, text: &str) {
        if text.len() < self.spoken {
            *self = Self::default();
        }
    }

    fn say(&mut self, text: &str, code: &str) -> Option<String> {
        self.spoken += text.len();
        let mut said = String::new();
        for line in text.lines() {
            let line = line.trim();
            let fence = line.starts_with("```") || line.starts_with("~~~");
            let words = match (fence, self.in_code) {
                (true, false) => code.to_owned(),
                (true, true) | (false, true) => String::new(),
                (false, false) => plain(line),
            };
            self.in_code ^= fence;
            if !words.is_empty() && !said.is_empty() {
                said.push(' ');
            }
            said.push_str(&words);
        }
        (!said.is_empty()).then_some(said)
    }
}

/// The text up to the end of its last whole sentence.
fn whole(text: &str) -> &str {
    let mut end = 0;
    let mut line = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let behind = at + character.len_utf8();
        let next = characters.peek().map(|(_, next)| *next);
        let ends = match character {
            '\n' => {
                line = behind;
                true
            }
            '。' | '！' | '？' => true,
            // Not within a number, and not after the number of a list item.
            '.' | '!' | '?' | '…' => {
                let number = text[line..at].trim().chars().all(|c| c.is_ascii_digit());
                next.is_some_and(char::is_whitespace) && !number
            }
            _ => false,
        };
        if ends {
            end = behind;
        }
    }
    &text[..end]
}

/// A line without Markdown marks. Of a link only its text remains, and of a table's delimiter row
/// nothing.
fn plain(line: &str) -> String {
    let line = line.trim_start_matches(['#', '>', '-', '*', '+', ' ']);
    if line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ')) {
        return String::new();
    }
    let mut words = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['*', '`', '|', '[', ']', '~']) {
        words.push_str(&rest[..at]);
        let mark = &rest[at..];
        rest = match mark.strip_prefix("](").and_then(|address| address.split_once(')')) {
            Some((_, behind)) => behind,
            None => &mark[1..],
        };
    }
    words.push_str(rest);
    words.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The announcements for a text that arrives in pieces.
    fn spoken(pieces: &[&str]) -> Vec<String> {
        let (mut sentences, mut text, mut said) = (Sentences::default(), String::new(), Vec::new());
        for piece in pieces {
            text.push_str(piece);
            said.extend(sentences.take(&text, "Code."));
        }
        said.extend(sentences.finish(&text, "Code."));
        said
    }

    #[test]
    fn a_sentence_is_spoken_once_when_it_is_complete() {
        let pieces = ["It", " is 3", ".5 m", "eters. An", "d so", "? Yes", "!"];
        assert_eq!(spoken(&pieces), ["It is 3.5 meters.", "And so?", "Yes!"]);
        assert_eq!(spoken(&["犬です。猫", "です！鳥"]), ["犬です。", "猫です！", "鳥"]);
        assert_eq!(spoken(&["1", ". One", "\n2. Two\n"]), ["1. One 2. Two"]);
    }

    #[test]
    fn marks_and_code_are_not_read_out() {
        let text = ["## A *title*\n", "- see [the page](https://x.example/a). ", "`x`\n"];
        assert_eq!(spoken(&text), ["A title", "see the page.", "x"]);
        let code = ["Look:\n```ru", "st\nfn main() {}\n// a. b. c\n", "```\nDone."];
        assert_eq!(spoken(&code), ["Look:", "Code.", "Done."]);
    }

    #[test]
    fn a_table_is_spoken_as_its_cells() {
        let rows = ["| Day | Tide |\n|:-", "--|----:|\n| Mon", "day | high |\n"];
        assert_eq!(spoken(&rows), ["Day  Tide", "Monday  high"]);
        // A table in a quotation, without `|` at its edges.
        assert_eq!(
            spoken(&["> Day | Tide\n> --- | :-:\n> Monday | 3 - 4\n"]),
            ["Day  Tide Monday  3 - 4"]
        );
    }

    #[test]
    fn a_resumed_answer_speaks_only_its_new_text() {
        let mut sentences = Sentences::after("Old. ".len());
        assert_eq!(sentences.take("Old. New. ", "").as_deref(), Some("New."));
        assert_eq!(sentences.take("Old. New. ", ""), None);
        assert_eq!(sentences.finish("Old. New. ", ""), None);
    }

    #[test]
    fn text_that_replaces_reasoning_is_spoken() {
        let mut sentences = Sentences::default();
        assert_eq!(sentences.take("So I think. ", "").as_deref(), Some("So I think."));
        assert_eq!(sentences.take("", ""), None);
        assert_eq!(sentences.finish("Hello.", "").as_deref(), Some("Hello."));
    }

    #[test]
    fn no_text_is_lost_or_spoken_twice_however_it_is_split() {
        let text = "One. Two 1.5! 三。Four\n\nFive? **Six** seven.";
        let letters = |said: Vec<String>| said.concat().replace(' ', "");
        let whole = letters(spoken(&[text]));
        assert_eq!(whole, "One.Two1.5!三。FourFive?Sixseven.");
        for (cut, _) in text.char_indices() {
            assert_eq!(letters(spoken(&[&text[..cut], &text[cut..]])), whole, "{cut}");
        }
    }
}
