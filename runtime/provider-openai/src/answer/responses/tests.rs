use model_io::thinking::Piece;
use protocol::{ErrorCode, Finish, ProviderKind};
use serde_json::json;

use super::super::{Answer, Bounds};
use super::*;
use crate::config::Api;

type End = Result<Finish, ProviderKind>;

/// The thinking, the text and the end that the events add up to.
fn fold(events: &[Value]) -> (String, String, End) {
    let mut answer = Answer::new(Bounds { text: 1000, reasoning: 1000 }, Api::Responses);
    let (mut thinking, mut text) = (String::new(), String::new());
    let mut say = |pieces: Vec<Piece>| {
        for piece in pieces {
            match piece {
                Piece::Text(piece) => text.push_str(&piece),
                Piece::Reasoning(piece) => thinking.push_str(&piece),
                Piece::TextWasReasoning => thinking.push_str(&std::mem::take(&mut text)),
            }
        }
    };
    let kind = |code| match code {
        ErrorCode::Provider(kind) => kind,
        _ => panic!("{code:?}"),
    };
    for event in events {
        match answer.event(&event.to_string().replace("\"[DONE]\"", "[DONE]")) {
            Ok(pieces) => say(pieces),
            Err(error) => return (thinking, text, Err(kind(error.code))),
        }
        if answer.is_complete() {
            break;
        }
    }
    say(answer.rest());
    let end = answer.end().map(|(finish, _)| finish).map_err(|error| kind(error.code));
    (thinking, text, end)
}

fn delta(kind: &str, item: u64, delta: &str) -> Value {
    json!({ "type": format!("response.{kind}.delta"), "output_index": item, "delta": delta,
            "summary_index": 0, "content_index": 0, "obfuscation": "x7" })
}

fn summary(part: u64, delta: &str) -> Value {
    json!({ "type": "response.reasoning_summary_text.delta", "output_index": 0,
            "summary_index": part, "delta": delta })
}

fn end(kind: &str, more: Value) -> Value {
    json!({ "type": format!("response.{kind}"), "response": more })
}

fn completed() -> Value {
    end("completed", json!({ "status": "completed", "output": [] }))
}

fn message(text: &str) -> Value {
    json!({ "type": "message", "content": [{ "type": "output_text", "text": text }] })
}

#[test]
fn streams_give_the_expected_text_and_end() {
    let text = |text| delta("output_text", 1, text);
    let done = json!({ "type": "response.output_text.done", "output_index": 1, "text": "ab" });
    let added = json!({ "type": "response.output_item.added", "item": { "type": "reasoning" } });
    let whole = json!({ "status": "completed", "output": [
        { "type": "reasoning", "summary": [{ "text": "One." }, { "text": "Two." }] }, message("ab"),
    ] });
    let raw = json!({ "object": "response", "output": [
        { "type": "reasoning", "summary": [], "content": [{ "text": "hm" }] }, message("ab"),
    ] });
    let call = json!({ "type": "response.output_item.done", "item": { "type": "function_call" } });
    let incomplete =
        |reason| end("incomplete", json!({ "incomplete_details": { "reason": reason } }));
    let flat = json!({ "type": "error", "code": "rate_limit_exceeded", "message": "Slow down" });
    let nested =
        json!({ "type": "error", "error": { "code": "invalid_api_key", "message": "no" } });
    let failed = |code| end("failed", json!({ "error": { "code": code, "message": "boom" } }));
    let (stop, length) = (Ok(Finish::Stop), Ok(Finish::Length));
    let broken = Err(ProviderKind::Cut);
    let rows: Vec<(&str, Vec<Value>, &str, &str, End)> = vec![
        (
            "everything",
            vec![
                end("created", json!({ "error": null })),
                added,
                summary(0, "On"),
                summary(0, "e."),
                summary(1, "Two."),
                text("a"),
                text("b"),
                done.clone(),
                end("completed", whole.clone()),
            ],
            "One.\n\nTwo.",
            "ab",
            stop,
        ),
        ("only deltas and the end", vec![text("a"), text("b"), completed()], "", "ab", stop),
        ("only the end", vec![end("completed", whole.clone())], "One.\n\nTwo.", "ab", stop),
        ("only what is done", vec![done.clone(), end("completed", whole)], "", "ab", stop),
        ("[DONE] behind it", vec![text("a"), completed(), json!("[DONE]")], "", "a", stop),
        ("a whole answer", vec![raw.clone()], "hm", "ab", stop),
        (
            "thinking in the open",
            vec![delta("reasoning_text", 0, "hm"), text("a"), completed()],
            "hm",
            "a",
            stop,
        ),
        (
            "the same as a summary too",
            vec![delta("reasoning_text", 0, "hm"), summary(0, "Hm."), text("a"), completed()],
            "hm",
            "a",
            stop,
        ),
        (
            "two messages",
            vec![delta("output_text", 1, "a"), delta("output_text", 2, "b"), completed()],
            "",
            "a\n\nb",
            stop,
        ),
        ("a refusal", vec![delta("refusal", 1, "No."), completed()], "", "No.", stop),
        (
            "a text and then a refusal",
            vec![
                text("a"),
                text("b"),
                delta("refusal", 1, "I "),
                delta("refusal", 1, "can't."),
                completed(),
            ],
            "",
            "ab\n\nI can't.",
            stop,
        ),
        (
            "a refusal that comes whole",
            vec![
                text("a"),
                json!({ "type": "response.refusal.done", "output_index": 1, "refusal": "No." }),
                completed(),
            ],
            "",
            "a\n\nNo.",
            stop,
        ),
        (
            "both only at the end",
            vec![end(
                "completed",
                json!({ "output": [{ "type": "message", "content": [
                { "type": "output_text", "text": "a" }, { "type": "output_text", "text": "b" },
                { "type": "refusal", "refusal": "No." },
            ] }] }),
            )],
            "",
            "ab\n\nNo.",
            stop,
        ),
        ("marks in the text", vec![text("<think>hm</think>a"), completed()], "hm", "a", stop),
        (
            "what is not known",
            vec![json!({ "type": "response.x" }), text("a"), completed()],
            "",
            "a",
            stop,
        ),
        ("too long", vec![text("a"), incomplete("max_output_tokens")], "", "a", length),
        ("all thinking", vec![summary(0, "hm"), incomplete("max_output_tokens")], "hm", "", length),
        (
            "a filter",
            vec![text("a"), incomplete("content_filter")],
            "",
            "a",
            Err(ProviderKind::ContentFilter),
        ),
        (
            "another reason",
            vec![text("a"), incomplete("steered")],
            "",
            "a",
            Err(ProviderKind::Upstream),
        ),
        (
            "cancelled",
            vec![text("a"), end("cancelled", json!({}))],
            "",
            "a",
            Err(ProviderKind::Upstream),
        ),
        ("no end", vec![text("a"), done], "", "a", broken),
        ("[DONE] alone is no end", vec![text("a"), json!("[DONE]")], "", "a", broken),
        ("an error", vec![text("a"), flat], "", "a", Err(ProviderKind::RateLimited)),
        ("an error in an error", vec![nested], "", "", Err(ProviderKind::Auth)),
        ("failed", vec![text("a"), failed("server_error")], "", "a", Err(ProviderKind::Upstream)),
        (
            "failed without a word",
            vec![end("failed", json!({ "error": null }))],
            "",
            "",
            Err(ProviderKind::Upstream),
        ),
        (
            "a gateway's error",
            vec![json!({ "error": { "message": "boom" } })],
            "",
            "",
            Err(ProviderKind::Upstream),
        ),
        ("only a call", vec![call, completed()], "", "", Err(ProviderKind::Unfit)),
        ("no object", vec![json!(7)], "", "", Err(ProviderKind::Malformed)),
    ];
    for (name, events, thinking, text, end) in rows {
        assert_eq!(fold(&events), (thinking.to_owned(), text.to_owned(), end), "{name}");
    }
}

#[test]
fn usage_includes_reasoning_tokens() {
    let usage = json!({ "input_tokens": 11, "input_tokens_details": { "cached_tokens": 4 },
        "output_tokens": 9.0, "output_tokens_details": { "reasoning_tokens": 7 }, "total_tokens": 20 });
    let counted = Usage {
        prompt_tokens: 11,
        completion_tokens: 9,
        cached_tokens: Some(4),
        reasoning_tokens: Some(7),
    };
    for kind in ["completed", "incomplete"] {
        let mut answer = Answer::new(Bounds { text: 10, reasoning: 10 }, Api::Responses);
        answer.event(&end(kind, json!({ "usage": usage })).to_string()).unwrap();
        assert_eq!(answer.end().unwrap().1, Some(counted));
    }
}

#[test]
fn a_too_long_event_is_skipped_if_its_content_is_not_needed() {
    for (beginning, end) in [
        (r#"{"type":"response.output_item.done","item":{"encrypted_content":"aaa"#, None),
        (r#"{"type":"response.output_text.done","text":"aaa"#, None),
        (r#"{"type":"response.completed","response":{"output":["#, Some(Finish::Stop)),
        (r#"{"type":"response.incomplete","response":{"output":["#, Some(Finish::Length)),
    ] {
        let mut answer = Answer::new(Bounds { text: 10, reasoning: 10 }, Api::Responses);
        answer.event(&delta("output_text", 1, "a").to_string()).unwrap();
        answer.too_long(beginning).unwrap();
        assert_eq!(answer.is_complete(), end.is_some());
        let expected = end.map(|finish| (finish, None));
        assert_eq!(answer.end().ok(), expected, "{beginning}");
    }
    for (api, beginning, taken) in [
        (Api::Responses, r#"{"type":"response.output_text.delta","delta":"aaa"#, false),
        (Api::Responses, r#"{"type":"response.reasoning_summary_text.delta","delta":"a"#, false),
        (Api::Responses, "xxxxxxx", false),
        (Api::Chat, r#"{"choices":[{"delta":{"content":"aaa"#, false),
        (
            Api::Chat,
            r#"{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"#,
            true,
        ),
    ] {
        let mut answer = Answer::new(Bounds { text: 10, reasoning: 10 }, api);
        assert_eq!(answer.too_long(beginning).is_ok(), taken, "{beginning}");
    }
}
