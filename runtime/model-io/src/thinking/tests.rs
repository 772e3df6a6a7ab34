use proptest::prelude::*;

use super::*;

/// The reasoning and the text that the pieces add up to.
fn sum(pieces: Vec<Piece>) -> (String, String) {
    let (mut reasoning, mut text) = (String::new(), String::new());
    for piece in pieces {
        match piece {
            Piece::Text(piece) => text.push_str(&piece),
            Piece::Reasoning(piece) => reasoning.push_str(&piece),
            Piece::TextWasReasoning => reasoning.push_str(&std::mem::take(&mut text)),
        }
    }
    (reasoning, text)
}

fn read<'a>(mut reader: Thinking, parts: impl IntoIterator<Item = &'a str>) -> (String, String) {
    let mut pieces = Vec::new();
    for part in parts {
        let new = reader.push(part);
        assert!(!new.contains(&Piece::Text(String::new())), "{new:?}");
        assert!(!new.contains(&Piece::Reasoning(String::new())), "{new:?}");
        pieces.extend(new);
    }
    pieces.extend(reader.end());
    sum(pieces)
}

/// Reads a text whole, cut in two at each place, and letter by letter.
#[track_caller]
fn reads(text: &str, reasoning: &str, answer: &str) {
    let expected = (reasoning.to_owned(), answer.to_owned());
    assert_eq!(read(Thinking::new(), [text]), expected, "{text}");
    for (at, letter) in text.char_indices() {
        let cut = [&text[..at], &text[at..at + letter.len_utf8()], &text[at + letter.len_utf8()..]];
        assert_eq!(read(Thinking::new(), cut), expected, "{cut:?}");
    }
    let letters = text.split("").filter(|letter| !letter.is_empty());
    assert_eq!(read(Thinking::new(), letters), expected, "{text}, letter by letter");
}

#[test]
fn text_between_think_tags_at_the_beginning_is_reasoning() {
    reads(
        "<think>\nI should greet back.\n</think>\n\nHello there!",
        "I should greet back.",
        "Hello there!",
    );
    reads(" \n<thinking>hm</thinking>a", "hm", "a");
    reads("<thought>a < b, </thin\n\nb</thought> c", "a < b, </thin\n\nb", "c");
    reads("[THINK]hm[/THINK]日本", "hm", "日本");
    reads("<reasoning>日本</reasoning>\n", "日本", "");
    // Qwen3 writes this when it does not think.
    reads("<think>\n\n</think>\n\nHi", "", "Hi");
    reads("<think>a</think>\n<think>b</think>c", "a\n\nb", "c");
    reads("<Think>hm</THINK>a", "hm", "a");
    reads("<think><think>\nhm</think>a", "hm", "a");
    reads("◁think▷hm◁/think▷a", "hm", "a");
    reads("<|channel>thought\nhm<channel|>a", "hm", "a");
}

/// gpt-oss writes this where the server does not remove its marks.
#[test]
fn harmony_channels_are_separated() {
    reads(
        "<|channel|>analysis<|message|>Add.<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
        "Add.",
        "4",
    );
    reads("<|channel|>final<|message|>4", "", "4");
    reads("<|channel|>analysis<|message|>Add.<|channel|>final<|message|>\n4", "Add.", "4");
    reads(
        "<|channel|>commentary<|message|>So: <|end|><|start|>assistant<|channel|>analysis<|message|>hm\
         <|end|><|start|>assistant<|channel|>final<|message|>4",
        "hm",
        "So: 4",
    );
}

#[test]
fn an_unclosed_think_tag_makes_all_text_reasoning() {
    reads("<think>so much", "so much", "");
    reads("<think>so </thi", "so </thi", "");
    reads("<think>", "", "");
}

/// <https://github.com/ggml-org/llama.cpp/issues/28679>,
/// <https://github.com/UKGovernmentBEIS/inspect_ai/issues/4385>.
#[test]
fn think_tags_within_reasoning_are_reasoning() {
    reads("<think>strip `</think>` from s</think>Done", "strip `</think>` from s", "Done");
    reads("<think>it ends in `</think>", "it ends in `", "");
    reads(
        "<think>Outer <think>inner</think> goes on</think>Visible",
        "Outer <think>innergoes on",
        "Visible",
    );
    reads("<think>What is <think>?</think>A mark.", "What is <think>?", "A mark.");
}

#[test]
fn a_lone_closing_tag_makes_the_text_before_it_reasoning() {
    reads("I should greet.\n</think>\n\nHello!", "I should greet.\n", "Hello!");
    reads("hm</think>a", "hm", "a");
    reads("it`s\n</think>a", "it`s\n", "a");
    reads("```\ncode\n```\n</think>a", "```\ncode\n```\n", "a");
    // A second closing mark is text.
    reads("hm</think>a</think>b", "hm", "a</think>b");
}

#[test]
fn think_tags_in_code_or_later_in_an_answer_are_text() {
    for text in [
        "Hello <think>no</thi",
        "```\n</think>\n```\n",
        "```html\n<think>x</think>\n```",
        "~~~\n```\n</think>\n~~~\n",
        "Close it with `</think>`, or ``a ` </think>``.",
        "<thinks>a",
        "<",
        "</thin",
        "",
    ] {
        reads(text, "", text);
    }
    reads("<think>a</think>Write <think>b</think>.", "a", "Write <think>b</think>.");
}

#[test]
fn a_thought_that_the_prompt_opened_is_reasoning_up_to_its_end() {
    let read = |parts: &[&str]| read(Thinking::opened(), parts.iter().copied());
    assert_eq!(read(&["hm</th", "ink>\n\na"]), ("hm".into(), "a".into()));
    assert_eq!(read(&["hm"]), ("hm".into(), String::new()));
}

#[test]
fn a_lone_closing_tag_is_text_if_reasoning_comes_in_its_own_field() {
    let mut reader = Thinking::new();
    reader.comes_apart();
    assert_eq!(read(reader, ["\n\nhm</think>a"]), (String::new(), "hm</think>a".into()));
}

#[test]
fn text_is_held_back_only_briefly() {
    let mut reader = Thinking::new();
    for piece in ["Hello ", "th", "ere", " a < b"] {
        assert_eq!(reader.push(piece), [Piece::Text(piece.to_owned())]);
    }
    let mut reader = Thinking::new();
    assert_eq!(reader.push(&" ".repeat(MAX_SPACE_BYTES)), []);
    assert_ne!(reader.push(" "), []);
}

proptest! {
    #[test]
    fn the_result_does_not_depend_on_how_the_text_is_split(
        parts in prop::collection::vec(prop::sample::select(vec![
            "<think>", "</think>", "<Think>", "◁/think▷", "<thinking>", "</thinking>", "[THINK]", "[/THINK]", "</", "<",
            "<|channel|>analysis<|message|>", "<|channel|>final<|message|>", "<|end|>", "<|",
            "<|start|>assistant", "<|return|>", "`", "```", "~~~", "\n", " ", "a", "日本", "word. ",
        ]), 0..16),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        opened: bool,
    ) {
        let new = || if opened { Thinking::opened() } else { Thinking::new() };
        let text = parts.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.retain(|cut| text.is_char_boundary(*cut));
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]);
        prop_assert_eq!(read(new(), pieces), read(new(), [text.as_str()]), "{:?}", text);
    }
}
