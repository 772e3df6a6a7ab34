//! The other way to write formulas: `\( \)` and `\[ \]`, which many models prefer.
//!
//! Markdown takes these for escaped brackets. They become dollars before the text is
//! parsed, outside of code.

use std::borrow::Cow;

/// The text with its formulas between dollars.
pub(super) fn to_dollars(text: &str) -> Cow<'_, str> {
    if !text.contains("\\(") && !text.contains("\\[") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut fence: Option<(u8, usize)> = None;
    let mut rest = text;
    while !rest.is_empty() {
        let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let line = &rest[..line_end];
        if let Some(mark) = fence_of(line) {
            fence = match fence {
                None => Some(mark),
                Some((byte, length)) if mark.0 == byte && mark.1 >= length => None,
                open => open,
            };
        }
        if fence.is_some() || fence_of(line).is_some() {
            out.push_str(line);
            rest = &rest[line_end..];
            continue;
        }
        // A paragraph at once: a formula on lines of its own has several.
        let end = paragraph_end(rest);
        formulas(&rest[..end], &mut out);
        rest = &rest[end..];
    }
    Cow::Owned(out)
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

fn formulas(paragraph: &str, out: &mut String) {
    let mut rest = paragraph;
    while let Some(at) = rest.find(['\\', '`']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = code_span(rest).or_else(|| {
            let (taken, formula) = formula(rest)?;
            out.push_str(&formula);
            rest = &rest[taken..];
            Some(0)
        });
        // A backslash goes with what it escapes.
        let two = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
        let taken = taken.unwrap_or(if rest.starts_with('\\') { two } else { 1 });
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out.push_str(rest);
}

/// The length of the code span that the text begins with; of its backticks where it is none.
fn code_span(text: &str) -> Option<usize> {
    let ticks = text.bytes().take_while(|b| *b == b'`').count();
    if ticks == 0 {
        return None;
    }
    let mark = &text[..ticks];
    let mut from = ticks;
    while let Some(at) = text[from..].find(mark) {
        let begin = from + at;
        let run = text[begin..].bytes().take_while(|b| *b == b'`').count();
        if run == ticks {
            return Some(begin + run);
        }
        from = begin + run;
    }
    Some(ticks)
}

/// How long the formula is that the text begins with, and the same between dollars.
fn formula(text: &str) -> Option<(usize, String)> {
    let (close, dollars) = match text.get(..2)? {
        "\\(" => ("\\)", "$"),
        "\\[" => ("\\]", "$$"),
        _ => return None,
    };
    let length = text[2..].find(close)?;
    let inside = &text[2..2 + length];
    if inside.trim().is_empty() || inside.contains('$') {
        return None;
    }
    Some((length + 4, format!("{dollars}{}{dollars}", inside.trim())))
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
            assert_eq!(to_dollars(text), expected, "{text}");
        }
    }
}
