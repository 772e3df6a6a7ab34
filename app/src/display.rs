//! Text that is shown verbatim, outside of the rendered HTML.

use std::borrow::Cow;

/// Normalizes a text so that it looks the same in the server's HTML and in text that a script
/// inserts. An HTML parser turns CR and CR LF into line feeds and drops NUL; a script's text keeps
/// them.
pub fn displayed(text: &str) -> Cow<'_, str> {
    if !text.contains(['\r', '\0']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{FFFD}"))
}

/// Like [`displayed`], for a text that may continue: a final CR is left for later, because it may
/// be half of a CR LF. Also returns the number of bytes that were taken.
pub fn displayed_so_far(text: &str) -> (Cow<'_, str>, usize) {
    let taken = text.strip_suffix('\r').unwrap_or(text);
    (displayed(taken), taken.len())
}

/// The most characters and lines of a message that is shown as a whole at first.
const SHORT_CHARS: usize = 2_000;
const SHORT_LINES: usize = 20;

/// Whether a message is so long that only its beginning is shown at first.
pub fn is_long(text: &str) -> bool {
    text.chars().nth(SHORT_CHARS).is_some() || text.lines().nth(SHORT_LINES).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_nul_are_normalized_as_html_parsers_do() {
        assert_eq!(displayed("a\r\nb\rc\n\0"), "a\nb\nc\n\u{FFFD}");
        assert!(matches!(displayed("a\nb"), Cow::Borrowed("a\nb")));
    }

    #[test]
    fn pieces_are_displayed_like_the_whole_text() {
        let text = "a\r\nb\r\rc\r\n\0";
        for at in 0..=text.len() {
            let (first, taken) = displayed_so_far(&text[..at]);
            let (rest, _) = displayed_so_far(&text[taken..]);
            assert_eq!(format!("{first}{rest}"), displayed(text), "{at}");
        }
    }

    #[test]
    fn a_message_of_many_characters_or_lines_is_long() {
        for (text, long) in [
            ("", false),
            (&*"x".repeat(SHORT_CHARS), false),
            (&*"あ".repeat(SHORT_CHARS + 1), true),
            (&*"x\n".repeat(SHORT_LINES), false),
            (&*"x\n".repeat(SHORT_LINES + 1), true),
        ] {
            assert_eq!(is_long(text), long, "{} bytes", text.len());
        }
    }
}
