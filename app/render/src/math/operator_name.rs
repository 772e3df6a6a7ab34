//! The names that a formula gives to operators of its own.
//!
//! The converter (math-core 0.7.0, `Token::OperatorName`) writes them as they are, where it
//! escapes all other text. So they may hold only what means nothing in HTML.

const COMMAND: &str = "\\operatorname";

/// Commands within a name whose argument is text, too.
const TEXT: [&str; 6] = ["text", "textrm", "textbf", "textit", "textsf", "texttt"];

/// Whether all that the formula gives are plain words.
pub(super) fn are_plain(latex: &str) -> bool {
    latex.match_indices(COMMAND).all(|(at, _)| {
        let rest = &latex[at + COMMAND.len()..];
        let rest = rest.strip_prefix("withlimits").unwrap_or(rest);
        is_plain(rest.strip_prefix('*').unwrap_or(rest).trim_start())
    })
}

/// Whether what the text begins with is a group of words.
fn is_plain(text: &str) -> bool {
    let (mut chars, mut depth) = (text.chars(), 0_usize);
    while let Some(character) = chars.next() {
        match character {
            '{' => depth += 1,
            '}' if depth > 1 => depth -= 1,
            '}' => return depth == 1,
            // One that is not a group can be any command.
            _ if depth == 0 => return false,
            '\\' => {
                let rest = chars.as_str();
                let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
                let space = rest.starts_with([' ', ',', ':', ';', '!']);
                if !space && !TEXT.contains(&&rest[..letters]) {
                    return false;
                }
                chars = rest[letters.max(1)..].chars();
            }
            ' ' | '\n' | '-' | '*' | '.' | ',' | ':' | '(' | ')' | '/' | '\'' => {}
            _ if character.is_alphanumeric() => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_are_plain() {
        for plain in [
            "x",
            r"\operatorname{argmax}_x",
            r"\operatorname*{arg\,max}_{x<1}",
            r"\operatornamewithlimits {ess sup}",
            r"\operatorname{\text{a {b}}}<c",
            r"\operatorname{日本}",
        ] {
            assert!(are_plain(plain), "{plain}");
        }
        for other in [
            r"\operatorname{<b>}",
            r"\operatorname*{&lt;}",
            r"\operatornamewithlimits{a>}",
            r"\operatorname<",
            r"\operatorname\text{<b>}",
            r"\operatorname{a\text{<b>}}",
            r"\operatorname{\lt b>}",
            r"\operatorname{\& lt;}",
            "\\operatorname{a%}\n<b>}",
            "\\operatorname%\n{<b>}",
            r"\operatorname{a\}<b>}",
            r#"\operatorname{"}"#,
            r"\operatorname{a",
            r"\operatorname}",
            r"\operatorname",
            r"\operatorname{a}\operatorname{<}",
        ] {
            assert!(!are_plain(other), "{other}");
        }
    }
}
