//! Defines when a text matches a search query. Pure: a store keeps an index of [`grams`] so that
//! only few texts need to be checked, and checks each of those with [`Query::is_in`].
//!
//! A query is words separated by spaces. A text has to contain each word somewhere, whatever the
//! case, the width and the composition of the letters. There is no query syntax. A word is also
//! found inside of other words, since Japanese has no spaces; but one or two Latin letters or
//! digits, which are inside of nearly every text, are found only where a word begins.

use protocol::limits;

mod grams;
mod normalize;
mod snippet;

pub use grams::{at_most as grams, of_query};
pub use snippet::snippet;

/// A parsed search query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Invariant: normalized, at least one, and none is empty.
    words: Vec<String>,
}

/// Why a text is no valid query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The text has no word: only spaces, or characters that normalizing removes.
    #[error("there is nothing to search for")]
    Empty,
    /// The text exceeds [`limits::QUERY_CHARS`] or [`limits::QUERY_WORDS`].
    #[error("it is too long to be searched for")]
    TooLong,
}

impl Query {
    /// Parses what the user typed.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.chars().count() > limits::QUERY_CHARS {
            return Err(QueryError::TooLong);
        }
        let mut words: Vec<String> = Vec::new();
        for word in normalize::normalize(text).split_whitespace() {
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        match words.len() {
            0 => Err(QueryError::Empty),
            1..=limits::QUERY_WORDS => Ok(Self { words }),
            _ => Err(QueryError::TooLong),
        }
    }

    /// Whether the text holds all the words.
    pub fn is_in(&self, text: &str) -> bool {
        let text = normalize::normalize(text);
        self.words.iter().all(|word| occurrences(&text, word).next().is_some())
    }
}

/// The positions of `word` in `text`; both are normalized.
fn occurrences<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let at_beginnings = grams::is_short(word);
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| !at_beginnings || begins_word(text, *at))
}

/// Whether the character before `at` is not a Latin letter or digit.
fn begins_word(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(query: &str, text: &str) -> bool {
        Query::parse(query).unwrap().is_in(text)
    }

    #[test]
    fn all_words_have_to_match_in_any_order_and_case() {
        assert!(finds("WORLD hello", "Hello, world"));
        assert!(finds("京都 東京", "東京と京都"));
        // A full-width space separates words, too.
        assert!(finds("京都　東京", "東京と京都"));
        assert!(!finds("hello moon", "Hello, world"));
        assert!(finds("orl", "Hello, world"));
    }

    #[test]
    fn width_and_composition_of_letters_do_not_matter() {
        for (query, text) in [
            ("ａｐｉ", "the API"),
            ("api", "ＡＰＩの"),
            ("ガイド", "ｶﾞｲﾄﾞを読む"),
            ("ｶﾞｲﾄﾞ", "ガイド"),
            ("か\u{3099}", "が"),
            ("café", "CAFE\u{301}"),
            ("ÜBER", "über"),
            ("１２３", "123"),
        ] {
            assert!(finds(query, text), "{query} in {text}");
        }
        assert!(!finds("か", "が") && !finds("か", "か\u{3099}"));
    }

    #[test]
    fn one_or_two_latin_letters_match_only_the_beginning_of_a_word() {
        assert!(finds("c", "C and C++") && finds("go", "(Go)") && finds("ai", "生成AIの"));
        assert!(!finds("ai", "the main thing") && !finds("c", "abc"));
        assert!(finds("mai", "the main thing"));
        // Other short words are found anywhere.
        assert!(finds("犬", "子犬が") && finds("++", "C++") && finds("б", "абв"));
    }

    #[test]
    fn no_character_of_a_query_is_an_operator() {
        for text in ["\"a\" OR b*", "NEAR(a b, 2)", "x AND NOT y", "-a:b^c{d}'", "\0"] {
            assert!(finds(text, &format!("so {text} it is")), "{text}");
        }
    }

    #[test]
    fn empty_and_too_long_queries_are_refused() {
        for empty in ["", "  \u{3000}\n"] {
            assert_eq!(Query::parse(empty), Err(QueryError::Empty));
        }
        assert!(Query::parse(&"犬".repeat(limits::QUERY_CHARS)).is_ok());
        assert_eq!(Query::parse(&"犬".repeat(limits::QUERY_CHARS + 1)), Err(QueryError::TooLong));
        let words = |n: usize| (0..n).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
        assert!(Query::parse(&words(limits::QUERY_WORDS)).is_ok());
        assert_eq!(Query::parse(&words(limits::QUERY_WORDS + 1)), Err(QueryError::TooLong));
        // A repeated word counts once.
        assert_eq!(Query::parse("a A ａ"), Query::parse("a"));
    }

    proptest! {
        /// The index never misses a text that contains the query.
        #[test]
        fn every_text_that_matches_a_query_has_all_of_its_grams(
            text in "[aAbB1 .\u{3000}犬猫がかｶﾞé\u{301}\u{3099}]{0,40}", from in 0usize..40, length in 1usize..9,
        ) {
            let part: String = text.chars().skip(from).take(length).collect();
            for query in [part.as_str(), "ab", "b", "犬", "が猫"] {
                let Ok(query) = Query::parse(query) else { continue };
                let grams = grams::at_most(usize::MAX, &text).unwrap();
                let indexed = of_query(&query).iter().all(|gram| grams.contains(gram));
                prop_assert!(indexed || !query.is_in(&text), "{query:?}");
                // The snippet marks a hit whenever the query matches.
                let marked = snippet(&text, &query).iter().any(|piece| piece.hit);
                prop_assert!(marked || !query.is_in(&text));
            }
        }
    }
}
