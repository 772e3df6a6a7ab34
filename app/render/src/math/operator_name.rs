//! Checks the names that a formula gives to its own operators.
//!
//! The converter (math-core 0.7.0, `Token::OperatorName`) writes them unescaped, although it
//! escapes all other text. So they may contain only characters without a meaning in HTML.

const COMMAND: &str = "\\operatorname";

/// Commands that are allowed within a name; their argument is text, too.
const TEXT: [&str; 6] = ["text", "textrm", "textbf", "textit", "textsf", "texttt"];

/// Whether all operator names of the formula are plain words.
pub(super) fn are_plain(latex: &str) -> bool {
    latex.match_indices(COMMAND).all(|(at, _)| {
        let rest = &latex[at + COMMAND.len()..];
        let rest = rest.strip_prefix("withlimits").unwrap_or(rest);
        is_plain(rest.strip_prefix('*').unwrap_or(rest).trim_start())
    })
}

/// Whether the text begins with a group (`{...}`) of plain words.
fn is_plain(text: &str) -> bool {
    let (mut chars, mut depth) = (text.chars(), 0_usize);
    while let Some(character) = chars.next() {
        match character {
            '{' => depth += 1,
            '}' if depth > 1 => depth -= 1,
            '}' => return depth == 1,
            // Without a group, the name could be any command.
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
    fn operator_names_are_plain_only_without_html_characters() {
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
