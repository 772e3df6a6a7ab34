//! The other way to write formulas: `\( \)` and `\[ \]`, which many models prefer.
//!
//! Markdown takes these for escaped brackets. They become dollars before the text is
//! parsed, outside of code. No byte is looked at more often than a few times: a search that
//! came to an end is remembered by the paragraph that it went through.

use std::borrow::Cow;
use std::collections::HashMap;

use super::work;

/// A text with its formulas between dollars.
pub(super) struct Dollars<'a> {
    pub(super) text: Cow<'a, str>,
    /// Places from which on, up to the next one, it is as it was: here and there.
    places: Vec<(usize, usize)>,
}

impl Dollars<'_> {
    /// Where in the text as it was written a byte stands.
    pub(super) fn written(&self, at: usize) -> usize {
        let known = self.places.partition_point(|(here, _)| *here <= at);
        match known.checked_sub(1).and_then(|last| self.places.get(last)) {
            Some((here, there)) => there + (at - here),
            None => at,
        }
    }
}

pub(super) fn to_dollars(text: &str) -> Dollars<'_> {
    work::looked_at(text.len());
    if !text.contains("\\(") && !text.contains("\\[") {
        return Dollars { text: Cow::Borrowed(text), places: Vec::new() };
    }
    let (mut out, mut places) = (String::with_capacity(text.len()), Vec::new());
    let mut fence: Option<(u8, usize)> = None;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let line = &rest[..rest.find('\n').map_or(rest.len(), |end| end + 1)];
        let mark = fence_of(line);
        if let Some(mark) = mark {
            fence = match fence {
                None => Some(mark),
                Some((byte, length)) if mark.0 == byte && mark.1 >= length => None,
                open => open,
            };
        }
        if fence.is_some() || mark.is_some() {
            out.push_str(line);
            at += line.len();
            continue;
        }
        // A paragraph at once: a formula on lines of its own has several.
        let end = paragraph_end(rest);
        Paragraph::new(&rest[..end]).write(at, &mut out, &mut places);
        at += end;
    }
    Dollars { text: Cow::Owned(out), places }
}

/// The byte and the length of a line's fence, if it is one.
fn fence_of(line: &str) -> Option<(u8, usize)> {
    let line = line.trim_start();
    let byte = *line.as_bytes().first()?;
    let length = line.bytes().take_while(|b| *b == byte).count();
    (matches!(byte, b'`' | b'~') && length >= 3).then_some((byte, length))
}

/// Where the lines up to the next empty one, or the next fence, end.
fn paragraph_end(text: &str) -> usize {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if end > 0 && fence_of(line).is_some() {
            break;
        }
        end += line.len();
        if line.trim().is_empty() {
            break;
        }
    }
    end
}

/// A paragraph, with what was found in it so far.
struct Paragraph<'a> {
    text: &'a str,
    /// Where the next `\)`, `\]` and `$` stand that were looked for, from where on.
    next: [Option<(usize, Option<usize>)>; 3],
    /// Where the last run of backticks of each length stands, once that was asked for.
    runs: Option<HashMap<usize, usize>>,
}

/// A formula of a paragraph: what is in it, and where it ends.
struct Formula {
    start: usize,
    end: usize,
    behind: usize,
    dollars: &'static str,
}

impl<'a> Paragraph<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, next: [None; 3], runs: None }
    }

    /// Adds the paragraph, which begins at byte `start` of the whole text.
    fn write(mut self, start: usize, out: &mut String, places: &mut Vec<(usize, usize)>) {
        places.push((out.len(), start));
        let text = self.text;
        let mut at = 0;
        while let Some(length) = text[at..].find(['\\', '`']) {
            out.push_str(&text[at..at + length]);
            at += length;
            if let Some(formula) = self.formula(at) {
                out.push_str(formula.dollars);
                places.push((out.len(), start + formula.start));
                out.push_str(&text[formula.start..formula.end]);
                out.push_str(formula.dollars);
                places.push((out.len(), start + formula.behind));
                at = formula.behind;
                continue;
            }
            let taken = self.code_span(at).unwrap_or_else(|| {
                // A backslash goes with what it escapes.
                text[at..].char_indices().nth(2).map_or(text.len() - at, |(two, _)| two)
            });
            out.push_str(&text[at..at + taken]);
            at += taken;
        }
        out.push_str(&text[at..]);
    }

    /// The length of the code span that begins at a byte; of its backticks where it is none.
    fn code_span(&mut self, at: usize) -> Option<usize> {
        let text = self.text;
        let ticks = run(&text[at..]);
        if ticks == 0 {
            return None;
        }
        let runs = self.runs.get_or_insert_with(|| last_runs(text));
        let closed = runs.get(&ticks).is_some_and(|last| *last > at);
        let mut from = at + ticks;
        while closed && let Some(length) = text[from..].find('`') {
            from += length;
            let found = run(&text[from..]);
            work::looked_at(length + found);
            from += found;
            if found == ticks {
                return Some(from - at);
            }
        }
        Some(ticks)
    }

    /// The formula that begins at a byte.
    fn formula(&mut self, at: usize) -> Option<Formula> {
        let (kind, dollars) = match self.text.get(at..at + 2)? {
            "\\(" => (0, "$"),
            "\\[" => (1, "$$"),
            _ => return None,
        };
        let start = at + 2;
        let end = self.next(kind, start)?;
        let blank = self.text[start..end].trim_start().is_empty();
        if blank || self.next(2, start).is_some_and(|dollar| dollar < end) {
            return None;
        }
        let inside = &self.text[start..end];
        let start = end - inside.trim_start().len();
        Some(Formula { start, end: start + inside.trim().len(), behind: end + 2, dollars })
    }

    /// Where the next one of a kind stands from a byte on.
    fn next(&mut self, kind: usize, from: usize) -> Option<usize> {
        if let Some((asked, found)) = self.next[kind]
            && asked <= from
            && found.is_none_or(|found| found >= from)
        {
            return found;
        }
        let found = self.text[from..].find(["\\)", "\\]", "$"][kind]).map(|at| from + at);
        work::looked_at(found.unwrap_or(self.text.len()) - from);
        self.next[kind] = Some((from, found));
        found
    }
}

/// How many backticks a text begins with.
fn run(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

fn last_runs(text: &str) -> HashMap<usize, usize> {
    work::looked_at(text.len());
    let (mut runs, mut at) = (HashMap::new(), 0);
    while let Some(length) = text[at..].find('`') {
        at += length;
        let ticks = run(&text[at..]);
        runs.insert(ticks, at);
        at += ticks;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_come_between_dollars_and_code_stays() {
        for (text, expected) in [
            (r"so \( x^2 \) is", "so $x^2$ is"),
            ("\\[\n a\n b\n\\]\nand", "$$a\n b$$\nand"),
            (r"`\(x\)` and \(y\)", r"`\(x\)` and $y$"),
            (r"``a`\(x\)`` \(y\)", r"``a`\(x\)`` $y$"),
            ("```\n\\(x\\)\n```\n\\(y\\)", "```\n\\(x\\)\n```\n$y$"),
            ("~~~\n\\(x\\)\n", "~~~\n\\(x\\)\n"),
            (r"never \( ends", r"never \( ends"),
            (r"a \\(b\\) c", r"a \\(b\\) c"),
            (r"\(\)", r"\(\)"),
            ("\\(a\n\nb\\)", "\\(a\n\nb\\)"),
            (r"\日\(x\)", r"\日$x$"),
            ("\\", "\\"),
        ] {
            assert_eq!(to_dollars(text).text, expected, "{text}");
        }
    }

    #[test]
    fn a_place_is_known_in_what_was_written() {
        let text = "a\n\n\\(  x \\) b\n\n`c` \\[y\\]\n\nd\n```\n\\(\n```\ne";
        let dollars = to_dollars(text);
        assert_eq!(dollars.text, "a\n\n$x$ b\n\n`c` $$y$$\n\nd\n```\n\\(\n```\ne");
        for (at, character) in dollars.text.char_indices().filter(|(_, c)| *c != '$') {
            assert!(text[dollars.written(at)..].starts_with(character), "{at} {character}");
        }
    }

    #[test]
    fn what_is_looked_at_grows_with_the_text_alone() {
        let ticks = |count: usize| (1..count).map(|n| "`".repeat(n) + "a").collect::<String>();
        for text in [
            |n: usize| "\\(a ".repeat(n),
            |n| "\\(a$ ".repeat(n) + "\\)",
            |n| "\\[a \\(b$ ".repeat(n) + "\\) \\]",
            |n| "\\( ".repeat(n) + &" ".repeat(n) + "\\)",
            |n| "\\(a\\)".repeat(n),
            |n| "`a ``b ".repeat(n),
            |n| "\\(a `\n".repeat(n),
            |n| "\\(a\n\n".repeat(n),
        ] {
            let text = text(2_000);
            let looked = work::of(|| drop(to_dollars(&text)));
            assert!(looked <= 6 * text.len(), "{looked} of {}: {}", text.len(), &text[..20]);
        }
        let text = ticks(200) + "\\(";
        let looked = work::of(|| drop(to_dollars(&text)));
        assert!(looked <= 6 * text.len(), "{looked} of {}", text.len());
    }
}
