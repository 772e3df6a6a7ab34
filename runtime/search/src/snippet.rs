//! The excerpt of a text that shows why it was found.

use std::ops::Range;

use protocol::api::SnippetPiece;
use protocol::limits::SNIPPET_CHARS;

use super::normalize::Normalized;
use super::{Query, occurrences};

/// The most letters before the first hit.
const BEFORE: usize = 40;

/// How many bytes at the beginning of a text are searched for a hit; a text whose first hit comes
/// later shows its beginning. Normalizing a text with its positions is the expensive part.
const LOOKED_AT: usize = 1 << 20;

/// The excerpt around the first hit, with all its hits marked. Runs of white space become one
/// space.
pub fn snippet(text: &str, query: &Query) -> Vec<SnippetPiece> {
    let text = &text[..text.floor_char_boundary(LOOKED_AT)];
    let normalized = Normalized::of(text);
    let first =
        query.words.iter().filter_map(|word| occurrences(&normalized.text, word).next()).min();
    let first = normalized.origin(first.unwrap_or(0)..first.unwrap_or(0)).start;
    let shown = around(text, first);
    let mut pieces = Pieces::default();
    if shown.start > 0 {
        pieces.push("…", false);
    }
    let mut at = shown.start;
    for hit in hits(&normalized, query, &shown) {
        pieces.push(&text[at..hit.start], false);
        pieces.push(&text[hit.clone()], true);
        at = hit.end;
    }
    pieces.push(&text[at..shown.end], false);
    if shown.end < text.len() {
        pieces.push("…", false);
    }
    pieces.done
}

/// The range of the text that is shown.
fn around(text: &str, first: usize) -> Range<usize> {
    let before = text[..first].char_indices().rev().take(BEFORE).last();
    let mut start = before.map_or(first, |(at, _)| at);
    // Begin at a word if there is a space before the hit.
    if start > 0
        && let Some(space) = text[start..first].find(char::is_whitespace)
    {
        start += space;
    }
    let after = text[start..].char_indices().nth(SNIPPET_CHARS);
    start..after.map_or(text.len(), |(at, _)| start + at)
}

/// The hits within the shown range, in order and without overlaps.
fn hits(normalized: &Normalized, query: &Query, shown: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for word in &query.words {
        let hits =
            occurrences(&normalized.text, word).map(|at| normalized.origin(at..at + word.len()));
        let inside = hits.skip_while(|hit| hit.start < shown.start);
        found.extend(inside.take_while(|hit| hit.start < shown.end).map(|hit| {
            // The first hit may be longer than the excerpt.
            hit.start..hit.end.min(shown.end)
        }));
    }
    found.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
    let mut end = 0;
    found.retain(|hit| {
        let apart = hit.start >= end;
        if apart {
            end = hit.end;
        }
        apart
    });
    found
}

#[derive(Default)]
struct Pieces {
    done: Vec<SnippetPiece>,
}

impl Pieces {
    fn push(&mut self, text: &str, hit: bool) {
        let mut plain = String::with_capacity(text.len());
        for letter in text.chars() {
            match letter {
                space if space.is_whitespace() || space.is_control() => {
                    let last = plain.chars().next_back().or_else(|| self.last());
                    if last.is_some_and(|last| last != ' ') {
                        plain.push(' ');
                    }
                }
                letter => plain.push(letter),
            }
        }
        match self.done.last_mut().filter(|last| last.hit == hit) {
            _ if plain.is_empty() => {}
            Some(last) => last.text.push_str(&plain),
            None => self.done.push(SnippetPiece { text: plain, hit }),
        }
    }

    fn last(&self) -> Option<char> {
        self.done.last()?.text.chars().next_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, query: &str) -> String {
        let pieces = snippet(text, &Query::parse(query).unwrap());
        pieces
            .iter()
            .map(|p| if p.hit { format!("[{}]", p.text) } else { p.text.clone() })
            .collect()
    }

    #[test]
    fn hits_are_marked_in_the_original_text() {
        assert_eq!(marked("The ＡＰＩ of\n\n the API", "api"), "The [ＡＰＩ] of the [API]");
        assert_eq!(marked("ｶﾞｲﾄﾞ", "イ"), "ｶﾞ[ｲ]ﾄﾞ");
        assert_eq!(marked("abcdef", "bcd cde"), "a[bcd]ef");
        assert_eq!(marked("main ai", "ai"), "main [ai]");
        assert_eq!(marked("<b>\u{0}x</b>", "b>"), "<[b>] x</[b>]");
    }

    #[test]
    fn a_long_text_is_cut_around_its_first_hit() {
        let text = format!("{} here {}", "word ".repeat(100), "犬".repeat(1_000));
        let shown = marked(&text, "here");
        assert!(shown.starts_with("… word ") && shown.contains("word [here] 犬"), "{shown}");
        assert!(shown.ends_with("犬…"), "{shown}");
        let chars = shown.chars().count();
        assert!((SNIPPET_CHARS..SNIPPET_CHARS + 6).contains(&chars), "{chars}");
        assert!(marked(&text, "word").starts_with("[word] [word]"));
    }

    #[test]
    fn a_hit_longer_than_the_snippet_is_cut() {
        let text = "犬".repeat(150) + &"猫".repeat(150);
        let shown = marked(&text, &"犬".repeat(120));
        assert!(shown.chars().count() < SNIPPET_CHARS + 6, "{shown}");
    }
}
