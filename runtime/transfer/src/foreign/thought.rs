//! Separates reasoning between marks from an answer's text, with the parser that is also used for
//! streams.

use model_io::thinking::{Piece, Thinking};

/// Moves the reasoning from `text` to `reasoning`, unless it is there already: some servers send it
/// both ways.
pub(super) fn take(text: &mut String, reasoning: &mut String) {
    let mut reader = Thinking::new();
    if !reasoning.is_empty() {
        reader.comes_apart();
    }
    let (mut words, mut thinking) = (String::new(), String::new());
    let pieces = reader.push(text);
    for piece in pieces.into_iter().chain(reader.end()) {
        match piece {
            Piece::Text(piece) => words.push_str(&piece),
            Piece::Reasoning(piece) => thinking.push_str(&piece),
            Piece::TextWasReasoning => thinking.push_str(&std::mem::take(&mut words)),
        }
    }
    let found = thinking.trim();
    if found.is_empty() && words.len() == text.len() {
        return;
    }
    *text = words;
    if found.is_empty() || reasoning.contains(found) {
        return;
    }
    if !reasoning.is_empty() {
        reasoning.push_str("\n\n");
    }
    reasoning.push_str(found);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_between_think_marks_becomes_reasoning_without_repetition() {
        for (text, before, words, thinking) in [
            ("<think>\nhm\n</think>\n\nYes.", "", "Yes.", "hm"),
            ("hm\n</think>\n\nYes.", "", "Yes.", "hm"),
            ("<think>hm</think>Yes.", "hm", "Yes.", "hm"),
            ("<think>more</think>Yes.", "hm", "Yes.", "hm\n\nmore"),
            ("Yes, `<think>` is a mark.", "", "Yes, `<think>` is a mark.", ""),
            ("Yes.", "hm", "Yes.", "hm"),
        ] {
            let (mut found, mut reasoning) = (text.to_owned(), before.to_owned());
            take(&mut found, &mut reasoning);
            assert_eq!((found.as_str(), reasoning.as_str()), (words, thinking), "{text}");
        }
    }
}
