//! Titles: one line of visible text.

use protocol::{Error, ErrorCode, limits, unicode};
use unicode_segmentation::UnicodeSegmentation as _;

/// The most characters of a title that is made from a message.
const CHARS: usize = 60;

/// Checks a title that a person gave. White space is folded; returns `None` if nothing is left.
pub fn check(title: Option<String>) -> Result<Option<String>, Error> {
    let title = title.map(|title| one_line(&title)).filter(|title| !title.is_empty());
    let chars = title.as_ref().map_or(0, |title| title.chars().count());
    if chars > limits::TITLE_CHARS {
        let message =
            format!("The title has {chars} characters; the limit is {}.", limits::TITLE_CHARS);
        return Err(Error::new(ErrorCode::InvalidInput, message).with_hint("Use a shorter title."));
    }
    Ok(title)
}

/// A title from another program, on one line and cut to the limit; empty if none of it is visible.
pub fn taken_over(title: &str) -> String {
    first(&one_line(title), limits::TITLE_CHARS).trim_end().to_owned()
}

/// Makes a title from the first words of a conversation, without asking a model. Empty if none of
/// them are visible.
pub fn of(text: &str) -> String {
    let line = text.lines().map(one_line).find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().count() <= CHARS {
        return line;
    }
    let cut = first(&line, CHARS);
    // Cut between words, unless that would cost half of the title, as in Japanese.
    let at = cut.rfind(' ').filter(|at| *at > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", cut[..at].trim_end())
}

/// Folds white space and control characters. Invisible characters are removed, since they could
/// hide a title or reverse it, unless they are part of a visible one, as in emoji sequences.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        if unicode::is_visible(c) {
            if gap && !line.is_empty() {
                line.push(' ');
            }
            gap = false;
            line.push(c);
        } else if !unicode::is_invisible(c) {
            line.truncate(line.trim_end_matches(unicode::is_joiner).len());
            gap = true;
        } else if !gap && line.chars().next_back().is_some_and(|last| unicode::shapes(c, last)) {
            line.push(c);
        }
    }
    line.truncate(line.trim_end_matches(unicode::is_joiner).len());
    line
}

/// The first user-perceived characters that have at most `chars` code points together; or `chars`
/// code points, if the first character alone has more.
fn first(line: &str, chars: usize) -> &str {
    let mut left = chars;
    let whole = line.graphemes(true).take_while(|grapheme| {
        let count = grapheme.chars().count();
        let fits = count <= left;
        left = left.saturating_sub(count);
        fits
    });
    let bytes = match whole.map(str::len).sum() {
        0 => line.char_indices().nth(chars).map_or(line.len(), |(at, _)| at),
        bytes => bytes,
    };
    &line[..bytes]
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = "👩\u{200d}👩\u{200d}👧\u{200d}👦";
    const ENGLAND: &str = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";

    #[test]
    fn a_title_is_one_short_line_cut_between_words() {
        assert_eq!(of("\n  Hello \t there\nmore"), "Hello there");
        let long = "A question that goes on and on about very many different things indeed";
        assert_eq!(of(long), "A question that goes on and on about very many different…");
        assert_eq!(of(&"日".repeat(80)).chars().count(), CHARS + 1);
    }

    #[test]
    fn an_empty_title_counts_as_no_title() {
        assert_eq!(check(Some(" \u{7} ".to_owned())), Ok(None));
        assert_eq!(check(Some("a\nb".to_owned())), Ok(Some("a b".to_owned())));
        assert!(check(Some("x".repeat(201))).is_err());
    }

    #[test]
    fn invisible_and_bidirectional_control_characters_are_removed() {
        for nothing in ["\u{1}", "\u{200b}", "\u{202e}", "\u{feff}\u{200d}", "\u{3164}", "\u{fe0f}"]
        {
            assert_eq!(check(Some(nothing.to_owned())), Ok(None), "{nothing:?}");
            assert_eq!((of(nothing), taken_over(nothing)), (String::new(), String::new()));
            assert_eq!(of(&format!("{nothing}\nwords")), "words", "{nothing:?}");
        }
        for (text, title) in [
            ("\u{202e}abc\u{202c}", "abc"),
            ("re\u{ad}port \u{200b} two", "report two"),
            ("\u{200f}שלום\u{200e} world\u{61c}", "שלום world"),
            ("潮の\u{feff}満ち引き", "潮の満ち引き"),
            ("tags\u{e0041}\u{e0042}", "tags"),
            ("a\u{200d}\u{200d}\u{200d} b\u{200d}", "a b"),
        ] {
            assert_eq!(of(text), title, "{text:?}");
            assert_eq!(check(Some(text.to_owned())), Ok(Some(title.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn joiners_and_variation_selectors_are_kept() {
        // A family, a heart on fire, a flag made of tags, a variant of a Japanese character, and
        // Persian letters with a non-joiner.
        for text in [FAMILY, "❤\u{fe0f}\u{200d}🔥", ENGLAND, "葛\u{e0100}城", "می\u{200c}خواهم"]
        {
            assert_eq!(of(text), text);
            assert_eq!(check(Some(text.to_owned())), Ok(Some(text.to_owned())));
        }
    }

    #[test]
    fn no_grapheme_is_cut_in_two() {
        // The family has seven code points; eight of them would be 56, and nine 63.
        assert_eq!(of(&FAMILY.repeat(10)), format!("{}…", FAMILY.repeat(8)));
        assert_eq!(of(&"か\u{3099}".repeat(40)), format!("{}…", "か\u{3099}".repeat(30)));
        assert_eq!(of(&format!("{}が", "日".repeat(60))), format!("{}…", "日".repeat(60)));
        // A letter with more combining marks than a title may have characters.
        assert_eq!(of(&format!("a{}", "\u{301}".repeat(99))).chars().count(), CHARS + 1);
    }
}
