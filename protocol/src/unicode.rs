//! What of a text can be seen, and what only shapes or hides what can.
//!
//! Source: Unicode 16, `Default_Ignorable_Code_Point` of DerivedCoreProperties.txt, which is
//! what a program that shows text shows nothing for, with the annotation marks U+FFF9 to U+FFFB.
//! Format characters that are drawn, as the Arabic number signs, are not among them.

use std::ops::RangeInclusive;

const INVISIBLE: [RangeInclusive<char>; 18] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fff8}',
    '\u{fff9}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// The flag that tags follow, as in those of England and Scotland.
const TAGGED_FLAG: char = '\u{1f3f4}';

/// Whether a reader sees anything of it.
pub fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !is_invisible(c)
}

/// Whether it takes no place at all.
pub fn is_invisible(c: char) -> bool {
    INVISIBLE.iter().any(|range| range.contains(&c))
}

/// Whether it joins letters or parts of a sign, or keeps them apart.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether something invisible makes a sign what it is, where it comes right after `before`:
/// the parts of an emoji, the form of a character, letters that join.
pub fn shapes(c: char, before: char) -> bool {
    let selector = |c| {
        matches!(c, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0100}'..='\u{e01ef}')
    };
    let tag = |c| ('\u{e0020}'..='\u{e007f}').contains(&c);
    if tag(c) {
        return before == TAGGED_FLAG || tag(before);
    }
    if is_joiner(c) {
        return !is_joiner(before);
    }
    selector(c) && is_visible(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_drawn_is_visible() {
        for c in ['a', 'あ', '\u{600}', '\u{301}', '👍', '\u{e000}', '…', '\u{fffd}'] {
            assert!(is_visible(c), "{c:?}");
        }
        for c in [' ', '\u{3000}', '\n', '\u{1}', '\u{7f}', '\u{200b}', '\u{feff}', '\u{202e}'] {
            assert!(!is_visible(c), "{c:?}");
        }
        assert!(INVISIBLE.iter().is_sorted_by_key(|range| *range.start()));
    }
}
