//! Text that is shown as it was written, outside of what is rendered.

use std::borrow::Cow;

/// The text as every browser shows it alike, in the server's page and in a text that a script
/// writes: a parser of HTML reads other ends of lines as line feeds and drops the character of
/// value zero, and a script's text keeps both.
pub fn displayed(text: &str) -> Cow<'_, str> {
    if !text.contains(['\r', '\0']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{FFFD}"))
}

/// As [`displayed`], for a text that may go on: an end of a line that may be one half of it is left
/// for later. Gives the bytes of the text that were taken as well.
pub fn displayed_so_far(text: &str) -> (Cow<'_, str>, usize) {
    let taken = text.strip_suffix('\r').unwrap_or(text);
    (displayed(taken), taken.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_lines_and_zeros_are_what_a_page_makes_of_them() {
        assert_eq!(displayed("a\r\nb\rc\n\0"), "a\nb\nc\n\u{FFFD}");
        assert!(matches!(displayed("a\nb"), Cow::Borrowed("a\nb")));
    }

    #[test]
    fn pieces_give_what_the_whole_gives() {
        let text = "a\r\nb\r\rc\r\n\0";
        for at in 0..=text.len() {
            let (first, taken) = displayed_so_far(&text[..at]);
            let (rest, _) = displayed_so_far(&text[taken..]);
            assert_eq!(format!("{first}{rest}"), displayed(text), "{at}");
        }
    }
}
