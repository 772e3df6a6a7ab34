//! Makes emphasis work next to Chinese, Japanese and Korean text.
//!
//! CommonMark decides by the spaces and punctuation around a run of marks whether it opens or
//! closes emphasis. Those languages have no spaces, so a run between their punctuation and a letter
//! does neither. If the parser sees a letter instead of the punctuation, the run can do both, which
//! is the rule that other programs have adopted
//! (<https://github.com/tats-u/markdown-cjk-friendly/blob/main/specification.md>).

/// The sides of a run of marks on which the parser should see a letter.
#[derive(Debug, PartialEq)]
pub(super) struct Joints {
    pub(super) before: bool,
    pub(super) behind: bool,
}

/// The joints for a run of marks between two characters; `None` is the beginning or end of a text.
pub(super) fn joints(before: Option<char>, behind: Option<char>) -> Joints {
    let punctuation =
        |c: Option<char>| c.is_some_and(|c| !c.is_alphanumeric() && !c.is_whitespace());
    let unspaced = before.is_some_and(is_unspaced) || behind.is_some_and(is_unspaced);
    Joints { before: unspaced && punctuation(before), behind: unspaced && punctuation(behind) }
}

/// Letters and punctuation of languages without spaces between words.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{2E80}'..='\u{9FFF}' | '\u{A960}'..='\u{A97F}'
        | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE4F}'
        | '\u{FF00}'..='\u{FFEF}' | '\u{1B000}'..='\u{1B16F}' | '\u{20000}'..='\u{3FFFF}')
}
