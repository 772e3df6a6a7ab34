use protocol::{ErrorCode, ProviderKind};

use super::*;

type End = Result<(Finish, Option<Usage>), ProviderKind>;

fn kind(error: Error) -> ProviderKind {
    let ErrorCode::Provider(kind) = error.code else { panic!("{error:?}") };
    kind
}

fn say(text: &mut String, pieces: Vec<Piece>) {
    for piece in pieces {
        match piece {
            Piece::Text(piece) => text.push_str(&piece),
            Piece::TextWasReasoning => text.clear(),
            Piece::Reasoning(_) => {}
        }
    }
}

/// The text without the reasoning, and the end.
fn fold(max_bytes: usize, events: &[&str]) -> (String, End) {
    let mut answer = Answer::new(Bounds { text: max_bytes, reasoning: max_bytes }, Api::Chat);
    let mut text = String::new();
    for event in events {
        match answer.event(event) {
            Ok(pieces) => say(&mut text, pieces),
            Err(error) => return (text, Err(kind(error))),
        }
        if answer.is_complete() {
            break;
        }
    }
    say(&mut text, answer.rest());
    (text, answer.end().map_err(kind))
}

/// Half a character that nothing completes is no answer without a sign of it.
#[test]
fn a_lone_surrogate_in_an_answer_becomes_a_replacement_character() {
    let said = |content: &str| {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{content}"}}}}]}}"#)
    };
    let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let (half, whole, text) = (said(r"a\ud83d"), said(r"\ude00b"), said("c"));
    for (events, expected) in [
        (&[&*half, &*whole, stop, "[DONE]"][..], "a😀b"),
        (&[&*half, &*text, stop, "[DONE]"], "a\u{fffd}c"),
        (&[&*half, stop, "[DONE]"], "a\u{fffd}"),
        (&[&*half, "[DONE]"], "a\u{fffd}"),
        (&[&*half], "a\u{fffd}"),
        (&[&*text, &*half, &*text, &*text], "ca\u{fffd}cc"),
    ] {
        assert_eq!(fold(100, events).0, expected, "{events:?}");
    }
}

#[test]
fn streams_give_the_expected_text_and_end() {
    let a = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#;
    let b = r#"{"choices":[{"delta":{"content":"b","role":null}}],"usage":null}"#;
    let two =
        r#"{"choices":[{"index":1,"delta":{"content":"x"}},{"index":0,"delta":{"content":"a"}}]}"#;
    let other = r#"{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#;
    let thinking = r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hm","content":null}}]}"#;
    let tool = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"rm"}}]}}]}"#;
    let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let late = r#"{"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}]}"#;
    let length = r#"{"choices":[{"index":0,"delta":null,"finish_reason":"length"}]}"#;
    let calls = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    let filter = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}"#;
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":1}}}"#;
    let refusal = r#"{"choices":[{"index":0,"delta":{"refusal":"No."}}]}"#;
    let error = r#"{"error":{"message":"boom"}}"#;
    let all = r#"{"choices":[{"index":0,"message":{"content":"ab"},"finish_reason":"stop"}]}"#;
    let model_length = r#"{"choices":[{"delta":{},"finish_reason":"model_length"}]}"#;
    let safety = r#"{"choices":[{"delta":{},"finish_reason":"SAFETY"}]}"#;
    let completion = r#"{"object":"text_completion","choices":[{"text":"a","index":0}]}"#;
    let (done, ok) = ("[DONE]", (Finish::Stop, None));
    let counted = Usage {
        prompt_tokens: 3,
        completion_tokens: 2,
        cached_tokens: Some(1),
        reasoning_tokens: Some(1),
    };
    let rows: [(&[&str], &str, End); 29] = [
        (&[a, b, stop, usage, done], "ab", Ok((Finish::Stop, Some(counted)))),
        (&[a, b, stop, done], "ab", Ok(ok)),
        (&[a, late], "ab", Ok(ok)),
        (&[completion, stop, done], "a", Ok(ok)),
        (&[a, stop, b], "a", Ok(ok)),
        (&[a, stop, "{oops", error], "a", Ok(ok)),
        (&[a, length], "a", Ok((Finish::Length, None))),
        (&[a, model_length], "a", Ok((Finish::Length, None))),
        (&[a, safety], "a", Err(ProviderKind::ContentFilter)),
        (&[a, done], "a", Ok(ok)),
        (&[a], "a", Err(ProviderKind::Cut)),
        (&[], "", Err(ProviderKind::Cut)),
        (&[done], "", Err(ProviderKind::Malformed)),
        (&[stop, done], "", Ok(ok)),
        (&[thinking, a, stop], "a", Ok(ok)),
        (&[two, other, b, stop], "ab", Ok(ok)),
        (&[tool, calls, done], "", Err(ProviderKind::Unfit)),
        (&[a, tool, calls, done], "a", Ok(ok)),
        (&[a, filter, b], "a", Err(ProviderKind::ContentFilter)),
        (&[a, "{oops"], "a", Err(ProviderKind::Malformed)),
        (&[a, "7"], "a", Err(ProviderKind::Malformed)),
        (&[a, error, stop], "a", Err(ProviderKind::Upstream)),
        (&[r#"{"type":"ping"}"#, a, stop], "a", Ok(ok)),
        (&[refusal, stop], "No.", Ok(ok)),
        (&[a, b, refusal, refusal, stop], "ab\n\nNo.No.", Ok(ok)),
        // Thinking alone is an answer, too.
        (&[thinking, done], "", Ok(ok)),
        (&[thinking, tool, calls, done], "", Err(ProviderKind::Unfit)),
        // The last event repeats all of the answer.
        (&[a, b, all], "ab", Ok(ok)),
        (&[all], "ab", Ok(ok)),
    ];
    for (events, text, end) in rows {
        assert_eq!(fold(100, events), (text.to_owned(), end), "{events:?}");
    }
}

#[test]
fn a_long_answer_is_cut_at_a_character_boundary() {
    let piece = r#"{"choices":[{"index":0,"delta":{"content":"日本"}}]}"#;
    let cut = (Finish::Length, None);
    assert_eq!(fold(8, &[piece, piece, piece]), ("日本".to_owned(), Ok(cut)));
    assert_eq!(fold(10, &[piece, piece, piece]), ("日本日".to_owned(), Ok(cut)));
}
