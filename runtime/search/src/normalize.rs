//! Normalizes letters, so that different spellings of one letter compare equal: case, width and
//! composition.

use std::ops::Range;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;

/// Normalizes a text.
pub(super) fn normalize(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut normalized = String::with_capacity(text.len());
    for range in clusters(text) {
        normalize_cluster(&text[range], &mut normalized);
    }
    normalized
}

/// A normalized text that maps back to the original one.
pub(super) struct Normalized {
    pub(super) text: String,
    /// For each cluster: its start in `text`, and its range in the original text.
    places: Vec<(usize, Range<usize>)>,
}

impl Normalized {
    pub(super) fn of(text: &str) -> Self {
        let mut normalized = Self { text: String::with_capacity(text.len()), places: Vec::new() };
        for range in clusters(text) {
            normalized.places.push((normalized.text.len(), range.clone()));
            normalize_cluster(&text[range], &mut normalized.text);
        }
        normalized
    }

    /// The range of the original text that `part` of the normalized text comes from.
    pub(super) fn origin(&self, part: Range<usize>) -> Range<usize> {
        let cluster = |at: usize| {
            let after = self.places.partition_point(|(begin, _)| *begin <= at);
            after.checked_sub(1).map_or(0..0, |index| self.places[index].1.clone())
        };
        let last = part.end.saturating_sub(1).max(part.start);
        cluster(part.start).start..cluster(last).end
    }
}

/// The smallest parts that can be normalized on their own, in order.
fn clusters(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (begin, first) = chars.next()?;
        let mut end = begin + first.len_utf8();
        while let Some((at, next)) = chars.next_if(|(_, next)| joins(*next)) {
            end = at + next.len_utf8();
        }
        Some(begin..end)
    })
}

/// Whether a letter may combine with the letter before it.
fn joins(letter: char) -> bool {
    match letter {
        '\0'..'\u{300}' => false,
        // Kana and ideographs, which make up most of a Japanese text.
        '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' => false,
        // Half-width voiced sound marks, and the parts of Korean syllables.
        '\u{ff9e}' | '\u{ff9f}' | '\u{1160}'..='\u{11ff}' => true,
        _ => CanonicalCombiningClassMapBorrowed::new().get_u8(letter) != 0,
    }
}

fn normalize_cluster(cluster: &str, normalized: &mut String) {
    let mut chars = cluster.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        match only {
            '\0'..='\x7f' => return normalized.push(only.to_ascii_lowercase()),
            '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' => {
                return normalized.push(only);
            }
            _ => {}
        }
    }
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize_iter(cluster.chars());
    normalized.extend(composed.flat_map(char::to_lowercase));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_normalizations_agree_and_the_origin_covers_the_whole_text(text in "\\PC*") {
            let normalized = Normalized::of(&text);
            prop_assert_eq!(&normalized.text, &normalize(&text));
            prop_assert_eq!(normalized.origin(0..normalized.text.len()), 0..text.len());
        }
    }

    #[test]
    fn a_normalized_range_maps_back_to_its_original_letters() {
        let text = "Aｶﾞ㍿!";
        let normalized = Normalized::of(text);
        assert_eq!(normalized.text, "aガ株式会社!");
        let part = |word: &str| {
            let at = normalized.text.find(word).unwrap();
            &text[normalized.origin(at..at + word.len())]
        };
        assert_eq!(part("ガ"), "ｶﾞ");
        assert_eq!(part("a"), "A");
        // A single letter that stands for several is marked as a whole.
        assert_eq!(part("式会"), "㍿");
        assert_eq!(part("社!"), "㍿!");
    }
}
