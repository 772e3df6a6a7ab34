//! Checks a user's message.

use protocol::{Error, ErrorCode, grouped, unicode};

/// Checks a user's text. Errors with `invalid_input`.
pub(crate) fn check_text(text: &str, max_chars: u32) -> Result<(), Error> {
    if !text.chars().any(unicode::is_visible) {
        return Err(Error::new(ErrorCode::InvalidInput, "Your message is empty.")
            .with_hint("Write something, then send it."));
    }
    let chars = text.chars().count() as u64;
    let most = u64::from(max_chars);
    if chars > most {
        let (chars, most) = (grouped(chars), grouped(most));
        let message = format!("Your message has {chars} characters; the limit is {most}.");
        return Err(Error::new(ErrorCode::InvalidInput, message)
            .with_hint("Send it in parts, or raise the limit with `message_chars`."));
    }
    Ok(())
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
    fn a_text_has_something_in_it_that_can_be_seen() {
        for nothing in ["", "\u{1}", "\u{200b}", "\u{202e}\u{3000}", "\u{feff}\n\u{200d}\u{fe0f}"] {
            assert!(check_text(nothing, 10).is_err(), "{nothing:?}");
        }
        for text in ["\u{200b}a", "\u{200f}שלום", "👩\u{200d}👧", "。"] {
            assert!(check_text(text, 10).is_ok(), "{text:?}");
        }
    }
}
