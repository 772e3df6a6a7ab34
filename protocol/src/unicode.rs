//! Classifies characters as visible, invisible, and parts of visible ones.
//!
//! Source: Unicode 16, `Default_Ignorable_Code_Point` of DerivedCoreProperties.txt, for which
//! programs display nothing, and the annotation marks U+FFF9 to U+FFFB. Format characters that are
//! displayed, such as the Arabic number signs, are not among them.

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

/// The flag that is followed by tags, as in the flags of England and Scotland.
const TAGGED_FLAG: char = '\u{1f3f4}';

/// Whether the character is displayed.
pub fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !is_invisible(c)
}

/// Whether the character is displayed as nothing at all.
pub fn is_invisible(c: char) -> bool {
    INVISIBLE.iter().any(|range| range.contains(&c))
}

/// Whether the character joins its neighbours or keeps them apart.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether the invisible character `c`, right after `before`, belongs to a visible one: a part of
/// an emoji, a variant of a character, a joiner between letters.
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
    fn only_characters_that_are_drawn_are_visible() {
        for c in ['a', 'あ', '\u{600}', '\u{301}', '👍', '\u{e000}', '…', '\u{fffd}'] {
            assert!(is_visible(c), "{c:?}");
        }
        for c in [' ', '\u{3000}', '\n', '\u{1}', '\u{7f}', '\u{200b}', '\u{feff}', '\u{202e}'] {
            assert!(!is_visible(c), "{c:?}");
        }
        assert!(INVISIBLE.iter().is_sorted_by_key(|range| *range.start()));
    }
}
