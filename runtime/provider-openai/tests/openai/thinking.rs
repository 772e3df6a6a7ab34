//! Thinking in each shape in which endpoints send it, and its signs of life.

use std::time::Duration;

use super::*;

/// What was shown of an answer: its reasoning, its text and its end.
fn parts(outputs: &[Output]) -> (String, String, Output) {
    let (last, before) = outputs.split_last().expect("an end");
    let (mut reasoning, mut text) = (String::new(), String::new());
    for output in before {
        match output {
            Output::Reasoning(piece) => reasoning.push_str(piece),
            Output::Text(piece) => text.push_str(piece),
            Output::TextWasReasoning => reasoning.push_str(&std::mem::take(&mut text)),
            Output::Asking(_) | Output::Began => {}
            other => panic!("{other:?} before the end"),
        }
    }
    (reasoning, text, last.clone())
}

async fn answers(steps: Vec<Step>) -> (String, String) {
    let (_upstream, provider) = start(steps).await;
    let (reasoning, text, end) = parts(&ask(&provider, request("?")).await);
    assert!(matches!(end, Output::Finished { finish: Finish::Stop, .. }), "{end:?}");
    (reasoning, text)
}

fn deltas(deltas: &[serde_json::Value]) -> Vec<Step> {
    let data = |delta: &serde_json::Value| Step::Data {
        json: json!({ "choices": [{ "index": 0, "delta": delta }] }),
    };
    stream(deltas.iter().map(data).chain([text(STOP), text("data: [DONE]\n\n")]))
}

/// Inputs that failed in the field, unchanged: sent at once, and byte by byte.
#[tokio::test]
async fn recorded_streams_are_read() {
    let rows = [
        // Mistral's Magistral: thinking and text as parts of the content.
        (include_str!("cases/01-content-parts.sse"), "Two and two.", "The answer is four."),
        // Ollama and llama.cpp without a parser for the model's thinking.
        (include_str!("cases/02-think-inline.sse"), "I should greet back.", "Hello there!"),
        // Gateways that write every field of OpenAI's type, even those without a value.
        (include_str!("cases/11-null-index.sse"), "", "Null index."),
    ];
    for (case, reasoning, answer) in rows {
        let bytes = case.bytes().map(|byte| Step::Bytes { bytes: vec![byte] });
        for steps in [stream([text(case)]), stream(bytes)] {
            assert_eq!(answers(steps).await, (reasoning.into(), answer.into()), "{case}");
        }
    }
}

/// Some gateways do not stream although streaming was requested.
#[tokio::test]
async fn an_answer_that_is_not_streamed_is_read() {
    let case = include_str!("cases/08-whole-json-answer.json");
    let json_type = [("content-type", "application/json")];
    let shown = answers(respond(200, &json_type, case)).await;
    assert_eq!(shown, (String::new(), "A whole answer at once.".into()));
    // The same as an event of a stream, and then with thinking.
    let shown = answers(stream([text(&format!("data: {case}\n\n"))])).await;
    assert_eq!(shown.1, "A whole answer at once.");
    let thinking = json!({
        "object": "chat.completion", "usage": { "prompt_tokens": 1.0, "completion_tokens": 2 },
        "choices": [{ "finish_reason": "stop", "message": {
            "content": "<think>hm</think>\n\nSo.", "role": "assistant", "refusal": null,
        } }],
    });
    let shown = answers(vec![Step::json(200, &thinking)]).await;
    assert_eq!(shown, ("hm".into(), "So.".into()));
}

#[tokio::test]
async fn reasoning_in_its_own_fields_is_read() {
    let details = |text: &str| json!([{ "type": "reasoning.text", "text": text, "index": 0 }]);
    let summary = json!([{ "type": "reasoning.summary", "summary": "hm" }]);
    let sealed = json!([{ "type": "reasoning.encrypted", "data": "c2VhbGVk" }]);
    let a = json!({ "content": "a" });
    let rows: Vec<(&str, Vec<serde_json::Value>)> = vec![
        // DeepSeek, vLLM, SGLang, llama.cpp.
        (
            "reasoning_content",
            vec![
                json!({ "reasoning_content": "h" }),
                json!({ "reasoning_content": "m", "content": null }),
                a.clone(),
            ],
        ),
        // Ollama, newer vLLM.
        ("reasoning", vec![json!({ "reasoning": "hm", "content": "" }), a.clone()]),
        // OpenRouter sends the same text in both.
        (
            "reasoning_details beside it",
            vec![
                json!({ "reasoning": "h", "reasoning_details": details("h") }),
                json!({ "reasoning": "m", "reasoning_details": details("m") }),
                a.clone(),
            ],
        ),
        (
            "reasoning_details alone",
            vec![json!({ "reasoning": null, "reasoning_details": details("hm") }), a.clone()],
        ),
        (
            "a summary",
            vec![
                json!({ "reasoning_details": summary }),
                json!({ "reasoning_details": sealed }),
                a.clone(),
            ],
        ),
        // LiteLLM.
        (
            "thinking_blocks",
            vec![
                json!({ "reasoning_content": "hm", "thinking_blocks": [{ "type": "thinking", "thinking": "hm" }] }),
                a.clone(),
            ],
        ),
        // Another field repeats all of it at the end.
        (
            "another field later",
            vec![json!({ "reasoning_content": "hm" }), a.clone(), json!({ "reasoning": "hm" })],
        ),
        (
            "parts",
            vec![
                json!({ "content": [{ "type": "reasoning", "text": "h" }, { "type": "thinking", "thinking": "m" }, { "type": "text", "text": "a" }, { "type": "reference", "reference_ids": [1] }] }),
            ],
        ),
        (
            "a twin in a later event",
            vec![
                json!({ "reasoning": "hm" }),
                json!({ "reasoning_details": details("hm") }),
                a.clone(),
            ],
        ),
        (
            "marks that say it again",
            vec![
                json!({ "reasoning_content": "h", "content": "<think>h" }),
                json!({ "reasoning_content": "m", "content": "m" }),
                json!({ "content": "</think>a" }),
            ],
        ),
        // MiniMax.
        (
            "details that are told whole",
            vec![
                json!({ "reasoning_details": [{ "text": "h" }] }),
                json!({ "reasoning_details": [{ "text": "hm" }] }),
                json!({ "reasoning_details": [{ "text": "hm" }] }),
                a.clone(),
            ],
        ),
        (
            "an effort that comes back",
            vec![
                json!({ "reasoning_content": "hm", "reasoning": { "summary": "auto" } }),
                json!({ "reasoning": { "summary": "auto" }, "content": "a" }),
            ],
        ),
        // Gemini.
        (
            "thought as a flag",
            vec![
                json!({ "content": "<thought>h", "extra_content": { "google": { "thought": true } } }),
                json!({ "content": "m", "extra_content": { "google": { "thought": true } } }),
                json!({ "content": "</thought>a" }),
            ],
        ),
    ];
    for (name, rows) in rows {
        assert_eq!(answers(deltas(&rows)).await, ("hm".into(), "a".into()), "{name}");
    }
}

#[tokio::test]
async fn reasoning_between_think_tags_is_read() {
    let pieces = |pieces: &[&str]| -> Vec<serde_json::Value> {
        pieces.iter().map(|piece| json!({ "content": piece })).collect()
    };
    for (rows, reasoning, answer) in [
        (pieces(&["<th", "ink>h", "m</", "think>", "\n\na"]), "hm", "a"),
        // DeepSeek-R1's template opens the thought, so only the closing mark is sent.
        (pieces(&["h", "m\n", "</thi", "nk>\n\n", "a"]), "hm\n", "a"),
        (pieces(&["a `</thi", "nk>`"]), "", "a `</think>`"),
        (pieces(&["a <"]), "", "a <"),
    ] {
        let shown = answers(deltas(&rows)).await;
        assert_eq!(shown, (reasoning.into(), answer.into()), "{rows:?}");
    }
}

/// Fields that are not needed are ignored, whatever their type.
#[tokio::test]
async fn unusual_but_valid_shapes_are_read() {
    let rows: Vec<(&str, serde_json::Value)> = vec![
        ("an empty error", json!({ "error": {}, "choices": [{ "delta": { "content": "a" } }] })),
        ("a blank error", json!({ "error": "", "choices": [{ "delta": { "content": "a" } }] })),
        (
            "an error of nothing",
            json!({ "error": { "message": null, "code": null }, "choices": [{ "delta": { "content": "a" } }] }),
        ),
        (
            "unknown fields",
            json!({ "id": 7, "created": "now", "model": {}, "system_fingerprint": [], "choices": [{ "index": 0.0, "logprobs": 3, "delta": { "role": 1, "content": "a", "audio": false, "tool_calls": [] }, "finish_reason": null }], "usage": "none" }),
        ),
        (
            "a finish that is no text",
            json!({ "choices": [{ "index": null, "delta": { "content": "a" }, "finish_reason": 0 }] }),
        ),
        ("a part that is a text", json!({ "choices": [{ "delta": { "content": ["a"] } }] })),
        (
            "one part",
            json!({ "choices": [{ "delta": { "content": { "type": "text", "text": "a" } } }] }),
        ),
    ];
    for (name, json) in rows {
        let shown = answers(stream([Step::Data { json }, text(STOP)])).await;
        assert_eq!(shown, (String::new(), "a".into()), "{name}");
    }
    // A character in two events.
    let half = |half: &str| {
        text(&format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{half}\"}}}}]}}\n\n"))
    };
    let shown = answers(stream([half("\\ud83d"), half("\\ude00"), text(STOP)])).await;
    assert_eq!(shown.1, "😀");
}

#[tokio::test]
async fn reasoning_tokens_are_counted_if_only_reasoning_was_sent() {
    let usage = json!({ "choices": [], "usage": {
        "prompt_tokens": 3, "completion_tokens": 9,
        "completion_tokens_details": { "reasoning_tokens": 8 },
    } });
    let length = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "length" }] });
    let thinking = json!({ "choices": [{ "index": 0, "delta": { "reasoning_content": "hm" } }] });
    let steps = [thinking, length, usage].map(|json| Step::Data { json });
    let (_upstream, provider) =
        start(stream(steps.into_iter().chain([text("data: [DONE]\n\n")]))).await;
    let (reasoning, said, end) = parts(&ask(&provider, request("?")).await);
    assert_eq!((reasoning.as_str(), said.as_str()), ("hm", ""));
    let Output::Finished { finish, usage: Some(usage) } = end else { panic!("{end:?}") };
    assert_eq!((finish, usage.reasoning_tokens), (Finish::Length, Some(8)));
}

#[tokio::test]
async fn too_long_reasoning_is_cut_and_the_answer_continues() {
    let piece = json!({ "reasoning_content": "日本語日本語" });
    let rows: Vec<_> = std::iter::repeat_n(piece, 50).chain([json!({ "content": "a" })]).collect();
    let (upstream, _) = start(deltas(&rows)).await;
    let mut config = config(&upstream.base_url());
    config.max_reasoning_bytes = 100;
    let provider = Openai::new(config).unwrap();
    let (reasoning, said, _) = parts(&ask(&provider, request("?")).await);
    assert_eq!(reasoning, "日本語".repeat(11) + "\n\n[…]");
    assert_eq!(said, "a");
}

/// `stream/03`: any data is a sign of life, and `Alive` is sent now and then.
#[tokio::test]
async fn comments_and_empty_events_are_signs_of_life() {
    let empty = json!({ "choices": [{ "index": 0, "delta": { "content": "" } }] });
    for sign in [": keep-alive\n\n".to_owned(), format!("data: {empty}\n\n"), "data: {\"cho".into()]
    {
        let drip = Step::Drip { text: sign.clone(), ms: 5 };
        let began = std::time::Instant::now();
        let (_upstream, provider) = start(stream([text(&chunk("a")), drip])).await;
        let stop = CancellationToken::new();
        let mut outputs = provider.generate(request("?"), stop.clone());
        let mut heard = Vec::new();
        while heard.iter().filter(|output| **output == Output::Alive).count() < 4 {
            heard.extend(tokio::time::timeout(LIMIT, outputs.recv()).await.expect("in time"));
        }
        assert!(began.elapsed() >= Duration::from_millis(200), "not for each of them");
        stop.cancel();
        assert_eq!(rest(&mut outputs).await.last(), Some(&Output::Halted));
    }
}
