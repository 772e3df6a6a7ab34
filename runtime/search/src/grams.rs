//! The grams that texts are indexed by: three letters in a row, and one or two where such short
//! words can be searched for.
//!
//! A gram is written as a word that no database tokenizer takes apart: ASCII characters that are
//! neither letters nor digits are shifted up by 128. Two grams may become the same by that, so each
//! text found by its grams has to be checked with [`Query::is_in`].

use std::collections::BTreeSet;

use super::Query;
use super::normalize::normalize;

/// The number of letters of the longest gram.
const LONGEST: usize = 3;

/// The most grams that are looked up for one word; checking the text itself covers the rest.
const OF_WORD: usize = 24;

/// The distinct grams of a text; `None` if there are more than `most`.
pub fn at_most(most: usize, text: &str) -> Option<BTreeSet<String>> {
    let mut grams = BTreeSet::new();
    for run in normalize(text).split_whitespace() {
        let letters: Vec<char> = run.chars().collect();
        for at in 0..letters.len() {
            let inside = at > 0 && letters[at - 1].is_ascii_alphanumeric();
            let only_long = inside && letters[at].is_ascii_alphanumeric();
            let shortest = if only_long { LONGEST } else { 1 };
            for length in shortest..=LONGEST {
                if let Some(letters) = letters.get(at..at + length) {
                    grams.insert(gram(letters));
                }
            }
            if grams.len() > most {
                return None;
            }
        }
    }
    Some(grams)
}

/// Grams that every text containing the query has.
pub fn of_query(query: &Query) -> BTreeSet<String> {
    let mut grams = BTreeSet::new();
    for word in &query.words {
        let letters: Vec<char> = word.chars().collect();
        if letters.len() <= LONGEST {
            grams.insert(gram(&letters));
            continue;
        }
        // Take grams from all over the word.
        let count = letters.len() - LONGEST + 1;
        let some = count.min(OF_WORD);
        for number in 0..some {
            let at = number * count / some;
            grams.insert(gram(&letters[at..at + LONGEST]));
        }
    }
    grams
}

/// Whether a normalized word is found only where a word begins.
pub(super) fn is_short(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && letters.count() + 1 < LONGEST
}

fn gram(letters: &[char]) -> String {
    let plain = |&letter: &char| match letter {
        '0'..='9' | 'a'..='z' | '\u{80}'.. => letter,
        other => char::from(other as u8 + 0x80),
    };
    letters.iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> BTreeSet<String> {
        at_most(usize::MAX, text).unwrap()
    }

    #[test]
    fn a_text_with_too_many_grams_is_not_indexed() {
        assert_eq!(at_most(6, "Abcd 犬a").unwrap().len(), 6);
        assert_eq!(at_most(5, "Abcd 犬a"), None);
    }

    #[test]
    fn latin_words_have_short_grams_only_at_their_beginning() {
        let grams: Vec<_> = all("Abcd 犬a").into_iter().collect();
        assert_eq!(grams, ["a", "ab", "abc", "bcd", "犬", "犬a"]);
    }

    #[test]
    fn no_gram_contains_a_token_separator() {
        for gram in all("a-b \"c\" (d)\0e f\u{7f} é! *") {
            assert!(gram.chars().all(|c| c.is_ascii_alphanumeric() || c >= '\u{80}'), "{gram:?}");
        }
    }

    #[test]
    fn a_long_word_is_searched_by_a_bounded_number_of_grams() {
        let word: String = ('\u{4e00}'..).take(200).collect();
        assert_eq!(of_query(&Query { words: vec![word] }).len(), OF_WORD);
    }
}
