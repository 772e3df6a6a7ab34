//! Finds formulas, and tells them from dollar signs that mean money.
//!
//! Single dollar signs (`$x$`) enclose a formula if no space follows the first one, and the second
//! one has no space before it and no letter or digit after it, which is pandoc's rule. A formula
//! contains no other dollar sign unless it is escaped. In addition, no formula begins directly
//! after a letter or a digit, as in `5$`, or ends with the name of a currency, as in `US$`; and a
//! formula that begins with a number contains no words of prose.

use std::borrow::Cow;

use super::super::work;
use super::emphasis::is_unspaced;
use super::spans::Segment;

/// Country names that precede a dollar sign. Names of a single letter are not included, because a
/// formula may well end with one.
const COUNTRIES: [&str; 12] =
    ["AU", "CA", "CLP", "COP", "HK", "MX", "NT", "NZ", "SG", "TT", "US", "ZW"];

/// The environments that are formulas without any delimiter around them.
const ENVIRONMENTS: [&str; 8] =
    ["equation", "equation*", "align", "align*", "gather", "gather*", "multline", "multline*"];

/// A formula: the start and end of its LaTeX, and the position after its closing delimiter.
pub(super) struct Formula {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) behind: usize,
    pub(super) display: bool,
}

impl Formula {
    /// `None` if the formula would be blank.
    fn between(text: &str, start: usize, end: usize, behind: usize, display: bool) -> Option<Self> {
        let inside = &text[start..end];
        work::looked_at(inside.len());
        let is_blank = inside.chars().all(|c| c.is_whitespace() || c == '>');
        (!is_blank).then_some(Self { start, end, behind, display })
    }
}

/// The formula that begins with the single dollar sign at a position.
pub(super) fn inline(text: &str, at: usize, segment: &Segment) -> Option<Formula> {
    let start = at + 1;
    let (before, first) = (text[..at].chars().next_back(), text[start..].chars().next()?);
    if first.is_whitespace() || before.is_some_and(is_behind_words) {
        return None;
    }
    // GitHub writes formulas as $`x`$, too.
    let quoted = first == '`';
    let end = closing(text, start + usize::from(quoted), segment.end, quoted)?;
    let (inside, behind) = (&text[start..end], text[end + 1..].chars().next());
    let ends = |inside: &str| !inside.ends_with(char::is_whitespace) && !is_currency(inside);
    let goes_on = behind.is_some_and(|c| (c.is_alphanumeric() && !is_unspaced(c)) || c == '{');
    // A shell's `$(a)$(b)` is not a formula.
    let command = inside.starts_with('(') && behind == Some('(');
    if !ends(inside) || goes_on || command || is_prose(inside) || is_cut(inside, segment) {
        return None;
    }
    let ticks = usize::from(quoted && inside.len() > 2 && inside.ends_with('`'));
    Formula::between(text, start + ticks, end - ticks, end + 1, false)
}

/// The next dollar sign, if it can end the formula.
fn closing(text: &str, start: usize, limit: usize, quoted: bool) -> Option<usize> {
    let (bytes, mut at) = (text.as_bytes(), start);
    while at < limit {
        match bytes[at] {
            b'\\' => at += 1,
            b'$' => {
                work::looked_at(at - start);
                return (at > start && bytes.get(at + 1) != Some(&b'$')).then_some(at);
            }
            b'`' if !(quoted && bytes.get(at + 1) == Some(&b'$')) => break,
            _ => {}
        }
        at += 1;
    }
    work::looked_at(at.min(limit).saturating_sub(start));
    None
}

/// Whether a dollar sign after this character belongs to the text before it.
fn is_behind_words(before: char) -> bool {
    before.is_ascii_alphanumeric()
        || matches!(before, '$' | '\\' | ')' | ']' | '}' | '+' | '?' | '.' | '%')
}

/// Whether a text ends with the name of a country whose currency uses the dollar sign.
fn is_currency(text: &str) -> bool {
    COUNTRIES.iter().any(|country| {
        let before = text.strip_suffix(country);
        before.is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '\\'))
    })
}

/// Whether a text is an amount followed by words, and not a formula.
fn is_prose(text: &str) -> bool {
    let is_word = |word: &str| {
        let word = word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '\\');
        word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    work::looked_at(text.len());
    text.starts_with(|c: char| c.is_ascii_digit())
        && !text.contains('\\')
        && text.split_whitespace().skip(1).any(is_word)
}

/// Whether the text between two `$$` on one line is prose, such as between two price levels, or
/// after a shell's `$$`: it has words, a space at one end, and nothing that only formulas have.
fn reads_as_words(text: &str) -> bool {
    work::looked_at(text.len());
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_alphabetic());
    !text.contains('\n')
        && (text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']))
        && !text.contains(['\\', '^', '_', '=', '{'])
        && text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_word)
}

/// Whether a formula would reach from one table cell into another: it may contain a `|`, but not
/// with a space beside it.
fn is_cut(inside: &str, segment: &Segment) -> bool {
    let spaced = |at: usize| {
        let (before, behind) = (&inside[..at], &inside[at + 1..]);
        !before.ends_with('\\')
            && (before.ends_with(char::is_whitespace) || behind.starts_with(char::is_whitespace))
    };
    segment.is_row && inside.match_indices('|').any(|(at, _)| spaced(at))
}

/// The LaTeX of a formula, without the quote marks or table escapes of its surroundings.
pub(super) fn latex<'a>(words: &'a str, segment: &Segment) -> Cow<'a, str> {
    if segment.is_row && words.contains("\\|") {
        return Cow::Owned(words.trim().replace("\\|", "|"));
    }
    if segment.quotes == 0 || !words.contains('\n') {
        return Cow::Borrowed(words.trim());
    }
    let unquoted = |line: &'a str| {
        (0..segment.quotes).fold(line, |line, _| {
            let line = line.trim_start_matches(' ');
            line.strip_prefix('>').unwrap_or(line)
        })
    };
    let mut lines = words.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let latex = first.to_owned() + &lines.map(unquoted).collect::<String>();
    Cow::Owned(latex.trim().to_owned())
}

/// The positions at which formulas of more than one line can end.
#[derive(Default)]
pub(super) struct Ends {
    /// The positions of `\)`, of `\]`, and of `$$` without another dollar sign beside it.
    round: Vec<usize>,
    square: Vec<usize>,
    dollars: Vec<usize>,
    /// The positions of the end of each environment.
    environments: [Vec<usize>; ENVIRONMENTS.len()],
    /// The positions of blank lines, except for an incomplete last line, which may not stay blank.
    blank: Vec<usize>,
}

impl Ends {
    pub(super) fn of(text: &str) -> Self {
        let mut ends = Self::default();
        if !["$$", "\\(", "\\[", "\\begin{"].iter().any(|begin| text.contains(begin)) {
            return ends;
        }
        work::looked_at(text.len());
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let is_blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'>' | b'\r' | b'\n');
            if line.bytes().all(is_blank) && line.ends_with('\n') {
                ends.blank.push(start);
            }
            ends.add(line, start);
            start += line.len();
        }
        ends
    }

    fn add(&mut self, line: &str, start: usize) {
        let (bytes, mut at) = (line.as_bytes(), 0);
        while at < bytes.len() {
            let mut length = 1;
            match (bytes[at], bytes.get(at + 1)) {
                (b'\\', behind) => {
                    length = 2;
                    match behind {
                        Some(b')') => self.round.push(start + at),
                        Some(b']') => self.square.push(start + at),
                        Some(b'e') => {
                            if let Some((environment, _)) = environment(&line[at..], "\\end{") {
                                self.environments[environment].push(start + at);
                            }
                        }
                        _ => {}
                    }
                }
                (b'$', _) => {
                    length = bytes[at..].iter().take_while(|byte| **byte == b'$').count();
                    if length == 2 {
                        self.dollars.push(start + at);
                    }
                }
                _ => {}
            }
            at += length;
        }
    }

    /// The formula that begins with the `\(` or `\[` at a position.
    pub(super) fn brackets(&self, text: &str, at: usize, segment: &Segment) -> Option<Formula> {
        let display = text[at..].starts_with("\\[");
        let (ends, start) = (if display { &self.square } else { &self.round }, at + 2);
        let end = self.end(ends, start, display, segment)?;
        let formula = Formula::between(text, start, end, end + 2, display)?;
        (!is_cut(&text[start..end], segment)).then_some(formula)
    }

    /// The formula that begins with the `\begin{` of a known environment at a position.
    pub(super) fn environment(&self, text: &str, at: usize, segment: &Segment) -> Option<Formula> {
        let (environment, length) = environment(&text[at..], "\\begin{")?;
        let end = self.end(&self.environments[environment], at + length, true, segment)?;
        let behind = end + "\\end{}".len() + ENVIRONMENTS[environment].len();
        Formula::between(text, at, behind, behind, true)
    }

    /// The formula that begins with the `$$` at a position.
    pub(super) fn dollars(&self, text: &str, at: usize, segment: &Segment) -> Option<Formula> {
        let start = at + 2;
        // A price level, as in "($$) or ($$)".
        if text[start..].starts_with(|c: char| {
            matches!(c, ')' | ',' | ';' | '!' | '?' | '）' | '、' | '，' | '。')
        }) {
            return None;
        }
        let end = self.end(&self.dollars, start, true, segment)?;
        if reads_as_words(&text[start..end]) {
            return None;
        }
        let formula = Formula::between(text, start, end, end + 2, true)?;
        (!is_cut(&text[start..end], segment)).then_some(formula)
    }

    /// The next of these ends, if no blank line is before it.
    fn end(&self, ends: &[usize], start: usize, lines: bool, segment: &Segment) -> Option<usize> {
        let end = next(ends, start)?;
        let limit = if lines && !segment.is_single {
            next(&self.blank, start).unwrap_or(usize::MAX)
        } else {
            segment.end
        };
        (end < limit).then_some(end)
    }

    /// Whether the end of a construct that begins at a position may still arrive.
    pub(super) fn may_come(&self, at: usize) -> bool {
        next(&self.blank, at).is_none()
    }
}

/// The environment that a text begins or ends with `sign`, and the length of that command.
pub(super) fn environment(text: &str, sign: &str) -> Option<(usize, usize)> {
    let rest = text.strip_prefix(sign)?;
    let is_named = |name: &&str| rest.strip_prefix(*name).is_some_and(|rest| rest.starts_with('}'));
    let found = ENVIRONMENTS.iter().position(is_named)?;
    Some((found, sign.len() + ENVIRONMENTS[found].len() + 1))
}

/// The first of the sorted positions that is not before `from`.
fn next(places: &[usize], from: usize) -> Option<usize> {
    places.get(places.partition_point(|place| *place < from)).copied()
}
