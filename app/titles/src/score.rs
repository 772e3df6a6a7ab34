//! Rates how well a text matches a query.

/// How many letters per letter of a word may be between its letters; with more, almost any text
/// would match.
const APART: u32 = 2;

/// The lowest score of a word that the text contains; scattered letters score less.
const SAID: u32 = 600;

/// The score of a text, greater for a better match; `None` if a word of `query` does not match at
/// all. Both must be in lowercase.
///
/// A word that the text contains scores most, more at the beginning of the text or of one of its
/// words. A word whose letters only occur in order scores less, the less the further apart they
/// are.
pub fn score(text: &str, query: &str) -> Option<u32> {
    query.split_whitespace().map(|word| of_word(text, word)).sum()
}

/// Whether a score means that the text contains every word of the query.
pub fn is_said(score: u32, query: &str) -> bool {
    let words = u32::try_from(query.split_whitespace().count()).unwrap_or(u32::MAX);
    score >= SAID.saturating_mul(words)
}

fn of_word(text: &str, word: &str) -> Option<u32> {
    if text.starts_with(word) {
        return Some(1000);
    }
    let starts = |at: usize| text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    if let Some((first, _)) = text.match_indices(word).next() {
        let at_word = text.match_indices(word).any(|(at, _)| starts(at));
        let late = u32::try_from(first / 4).unwrap_or(u32::MAX).min(100);
        return Some(if at_word { 900 } else { 700 } - late);
    }
    let most = APART * u32::try_from(word.chars().count()).unwrap_or(0);
    scattered(text, word).filter(|gaps| *gaps <= most).map(|gaps| 400 - gaps.min(399))
}

/// How many letters are between those of the word, at its closest occurrence.
fn scattered(text: &str, word: &str) -> Option<u32> {
    let mut letters = word.chars();
    let first = letters.next()?;
    let starts = text.match_indices(first);
    starts.filter_map(|(at, found)| gaps(&text[at + found.len()..], letters.clone())).min()
}

fn gaps(text: &str, word: impl Iterator<Item = char>) -> Option<u32> {
    let mut letters = text.chars();
    let mut gaps = 0;
    for letter in word {
        let skipped = letters.by_ref().position(|c| c == letter)?;
        gaps += u32::try_from(skipped).unwrap_or(u32::MAX).min(100);
    }
    Some(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn better_matches_score_higher() {
        let ordered = ["tides of the sea", "high tides", "the intidesque", "the inner deserts"];
        let scores: Vec<_> = ordered.iter().map(|text| score(text, "tides")).collect();
        assert!(scores.windows(2).all(|two| two[0] > two[1]), "{scores:?}");
        assert!(scores.iter().all(Option::is_some), "{scores:?}");
        assert_eq!(score("tide", "tides"), None);
        assert_eq!(score("aab", "ba"), None);
        // The closest occurrence counts, and letters that are too far apart do not match.
        assert!(score("many a high tide and moon", "mon").is_some());
        assert_eq!(score("export this conversation as markdown", "tid"), None);
    }

    #[test]
    fn all_words_have_to_match_in_any_order() {
        assert!(score("notes on the moon", "moon notes").is_some());
        assert_eq!(score("notes on the moon", "moon sun"), None);
        assert_eq!(score("anything", ""), Some(0));
        assert_eq!(score("anything", "  "), Some(0));
    }

    #[test]
    fn texts_in_any_script_are_scored() {
        assert!(score("東京の天気について", "天気") > score("東京の天空と気温", "天気"));
        assert!(score("東京の天空と気温", "天気").is_some());
        assert_eq!(score("天気", "気天"), None);
        assert_eq!(score("🦀", "🦀"), Some(1000));
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_and_no_input_panics(text in ".{0,20}", query in ".{0,8}") {
            let _ = score(&text, &query);
            prop_assert!(score(&text, &text).is_some());
        }

        #[test]
        fn letters_in_the_same_order_match(text in "[a-e ]{1,30}", mask: u32) {
            let picked = text.chars().enumerate().filter(|(n, _)| mask >> n & 1 == 1);
            let query: String = picked.map(|(_, c)| c).filter(|c| *c != ' ').collect();
            prop_assert!(query.is_empty() || scattered(&text, &query).is_some());
        }

        #[test]
        fn missing_letters_do_not_match(text in "[a-e ]{0,30}", query in "[a-e]{0,4}f[a-e]{0,4}") {
            prop_assert_eq!(score(&text, &query), None);
        }
    }
}
