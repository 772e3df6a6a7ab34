//! What is a message that can be taken, and the title that it gives.

use protocol::{Error, ErrorCode, limits};

/// Characters of a title that is made from a message.
const TITLE_CHARS: usize = 60;

/// Checks a user's text. Errors with `invalid_input`.
pub(crate) fn check_text(text: &str, max_chars: u32) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::new(ErrorCode::InvalidInput, "The message is empty.")
            .with_hint("Write something and send it again."));
    }
    let chars = text.chars().count();
    if chars > max_chars as usize {
        let message = format!("The message has {chars} characters; {max_chars} are taken.");
        return Err(Error::new(ErrorCode::InvalidInput, message)
            .with_hint("Send it in parts, or raise `message_chars`."));
    }
    Ok(())
}

/// Checks a title as a person gives it: white space folded, none when nothing is left.
pub(crate) fn check_title(title: Option<String>) -> Result<Option<String>, Error> {
    let title = title.map(|title| one_line(&title)).filter(|title| !title.is_empty());
    let chars = title.as_ref().map_or(0, |title| title.chars().count());
    if chars > limits::TITLE_CHARS {
        let message =
            format!("The title has {chars} characters; {} are taken.", limits::TITLE_CHARS);
        return Err(Error::new(ErrorCode::InvalidInput, message).with_hint("Shorten it."));
    }
    Ok(title)
}

/// A title from a conversation's first words; no model is asked for it.
pub(crate) fn title_from(text: &str) -> String {
    let line = text.lines().map(one_line).find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().count() <= TITLE_CHARS {
        return line;
    }
    let cut: String = line.chars().take(TITLE_CHARS).collect();
    // Cuts between words, unless that would cost half of it, as in Japanese.
    let at = cut.rfind(' ').filter(|at| *at > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", cut[..at].trim_end())
}

fn one_line(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.chars().map(visible).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_not_empty_and_not_too_long() {
        assert!(check_text(" \n\t", 10).is_err());
        assert!(check_text("日本語日本語日本語日", 10).is_ok());
        let error = check_text("12345678901", 10).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
        assert!(error.message.contains("11") && error.message.contains("10"));
    }

    #[test]
    fn a_title_is_one_short_line_cut_between_words() {
        assert_eq!(title_from("\n  Hello \t there\nmore"), "Hello there");
        let long = "A question that goes on and on about very many different things indeed";
        let title = title_from(long);
        assert_eq!(title, "A question that goes on and on about very many different…");
        assert_eq!(title_from(&"日".repeat(80)).chars().count(), TITLE_CHARS + 1);
    }

    #[test]
    fn an_empty_title_is_none() {
        assert_eq!(check_title(Some(" \u{7} ".to_owned())), Ok(None));
        assert_eq!(check_title(Some("a\nb".to_owned())), Ok(Some("a b".to_owned())));
        assert!(check_title(Some("x".repeat(201))).is_err());
    }
}
