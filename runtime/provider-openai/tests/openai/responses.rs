//! The provider with OpenAI's Responses API: the same outputs, refusals and ends.

use protocol::Adjustment;
use protocol::ProviderKind::Api as ApiFault;
use protocol::api::InputRole::{Assistant, User};
use provider_openai::Api;
use upstream::{Rule, When};

use super::*;

async fn by_responses(steps: impl Into<Vec<Step>>) -> (Upstream, Openai) {
    let (upstream, _) = start(steps).await;
    let config = OpenaiConfig { api: Api::Responses, ..config(&upstream.base_url()) };
    (upstream, Openai::new(config).unwrap())
}

fn events(events: &[serde_json::Value]) -> Vec<Step> {
    stream(events.iter().map(|json| Step::Data { json: json.clone() }))
}

fn delta(text: &str) -> serde_json::Value {
    json!({ "type": "response.output_text.delta", "output_index": 0, "delta": text })
}

fn completed() -> serde_json::Value {
    json!({ "type": "response.completed", "response": { "status": "completed", "output": [] } })
}

#[tokio::test]
async fn an_answer_streams_with_its_reasoning_and_its_usage() {
    let thinks = Answer { reasoning: Some("Hm.".into()), ..Answer::pieces(["日本", "語"]) };
    let (upstream, provider) = by_responses([Step::Answer(thinks)]).await;
    let mut asked = request("hello");
    asked.sampling = Sampling { temperature: Some(0.5), seed: Some(7), ..Sampling::default() };
    let outputs = ask(&provider, asked).await;
    let Output::Asking(shown) = &outputs[0] else { panic!("{outputs:?}") };
    assert_eq!(shown.adjustments, [Adjustment::WithoutSeed]);
    assert_eq!(outputs[1], Output::Began);
    assert_eq!(outputs[2], Output::Reasoning("Hm.".into()));
    let (text, end) = fold(&outputs);
    assert_eq!(text, "日本語");
    let usage = Usage {
        prompt_tokens: 1,
        completion_tokens: 2,
        cached_tokens: None,
        reasoning_tokens: None,
    };
    assert_eq!(end, Output::Finished { finish: Finish::Stop, usage: Some(usage) });

    let log = upstream.log();
    let sent = &log.requests[0];
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/v1/responses"));
    assert!(sent.done_ms.is_some() && sent.gone_ms.is_none(), "read to its end: {sent:?}");
    let expected = json!({
        "model": "m", "instructions": "Be brief.", "stream": true, "store": false,
        "input": [{ "role": "user", "content": "hello" }],
        "temperature": 0.5, "reasoning": { "summary": "auto" },
    });
    assert_eq!(sent.body, Some(expected));
}

#[tokio::test]
async fn minimal_streams_of_other_servers_are_read() {
    let message =
        json!({ "type": "message", "content": [{ "type": "output_text", "text": "ab" }] });
    let whole = json!({ "object": "response", "status": "completed", "output": [message] });
    let end = json!({ "type": "response.completed", "response": whole });
    let done = || Step::Text { text: "data: [DONE]\n\n".into() };
    let large = json!({ "type": "response.output_item.done",
        "item": { "type": "reasoning", "encrypted_content": "x".repeat(2 << 20) } });
    let named = |event: &serde_json::Value| {
        let kind = event["type"].as_str().unwrap();
        text(&format!("event: {kind}\ndata: {event}\n\n"))
    };
    for (name, steps) in [
        ("deltas and the end", events(&[delta("a"), delta("b"), completed()])),
        ("only the end", events(std::slice::from_ref(&end))),
        ("with names", stream([named(&delta("a")), named(&delta("b")), named(&completed())])),
        ("with [DONE]", [events(&[delta("ab"), completed()]), vec![done()]].concat()),
        ("never closed", [events(&[delta("ab"), completed()]), vec![Step::Silent]].concat()),
        ("a whole answer", vec![Step::json(200, &whole)]),
        (
            "a whole answer as a stream",
            respond(200, &[("content-type", "text/event-stream")], &whole.to_string()),
        ),
        (
            "what only its maker can read",
            stream([named(&delta("ab")), named(&large), named(&completed())]),
        ),
    ] {
        let (_upstream, provider) = by_responses(steps).await;
        let (said, end) = fold(&ask(&provider, request("?")).await);
        assert_eq!(said, "ab", "{name}");
        assert!(matches!(end, Output::Finished { finish: Finish::Stop, .. }), "{name}: {end:?}");
    }
}

#[tokio::test]
async fn missing_ends_and_failures_have_their_error_kinds() {
    let failed = |code: &str| {
        json!({ "type": "response.failed",
                "response": { "status": "failed", "error": { "code": code, "message": "boom" } } })
    };
    let error = json!({ "error": { "message": "boom", "code": "invalid_api_key" } });
    let whole = json!({ "object": "response", "status": "failed", "output": [],
                        "error": { "code": "rate_limit_exceeded", "message": "boom" } });
    let cut = |finish: &str| {
        vec![Step::Answer(Answer { finish: finish.into(), ..Answer::pieces(["a"]) })]
    };
    let detail = json!({ "detail": "Not Found" });
    for (name, steps, kind, said) in [
        ("no end", events(&[delta("a")]), Cut, "a"),
        (
            "[DONE] alone",
            [events(&[delta("a")]), vec![text("data: [DONE]\n\n")]].concat(),
            Cut,
            "a",
        ),
        ("a filter", cut("content_filter"), ContentFilter, "a"),
        ("failed", events(&[delta("a"), failed("server_error")]), UpstreamFault, "a"),
        ("a limit", events(&[failed("rate_limit_exceeded")]), RateLimited, ""),
        ("a whole failure", vec![Step::json(200, &whole)], RateLimited, ""),
        ("a wrong key", vec![Step::json(401, &error)], Auth, ""),
        ("no such place", vec![Step::json(404, &detail)], ApiFault, ""),
        ("no such place, in HTML", respond(404, &[], "<html>404 Not Found</html>"), ApiFault, ""),
        ("no such method", respond(405, &[], ""), ApiFault, ""),
    ] {
        let (_upstream, provider) = by_responses(steps).await;
        let outputs = ask(&provider, request("?")).await;
        assert_eq!((failure(&outputs).0, fold(&outputs).0.as_str()), (kind, said), "{name}");
    }
    let (_upstream, provider) = by_responses(cut("max_output_tokens")).await;
    let (_, end) = fold(&ask(&provider, request("?")).await);
    assert!(matches!(end, Output::Finished { finish: Finish::Length, .. }), "{end:?}");

    // In the opposite case, the hint names the same setting.
    let only = json!({ "error": { "message":
        "This model is only supported in v1/responses and not in v1/chat/completions." } });
    let (_upstream, provider) = start([Step::json(404, &only)]).await;
    let (kind, error) = failure(&ask(&provider, request("?")).await);
    assert_eq!(kind, ApiFault);
    assert!(error.hint.unwrap().contains("COMPANION_API to \"responses\""));
}

/// OpenAI itself refuses these (<https://github.com/continuedev/continue/issues/12031> for the
/// summary).
#[tokio::test]
async fn refused_parameters_are_left_out_from_then_on() {
    let (upstream, provider) = by_responses([]).await;
    let refuses = |field: &str, param: &str, message: &str| Rule {
        when: When::Has(field.into()),
        reply: vec![Step::json(
            400,
            &json!({ "error": {
            "message": message, "type": "invalid_request_error", "param": param,
            "code": "unsupported_value",
        } }),
        )],
    };
    let rules = vec![
        refuses(
            "temperature",
            "temperature",
            "Unsupported parameter: 'temperature' is not supported with this model.",
        ),
        refuses(
            "reasoning",
            "reasoning.summary",
            "Your organization must be verified to generate reasoning summaries.",
        ),
        refuses(
            "max_output_tokens",
            "max_output_tokens",
            "Unknown parameter: 'max_output_tokens'.",
        ),
    ];
    upstream.script(Script { rules, ..Script::default() });
    let mut wish = request("?");
    wish.sampling = Sampling { temperature: Some(0.5), max_tokens: Some(9), ..Sampling::default() };
    let mut made = Vec::new();
    let outputs = loop {
        let outputs = ask(&provider, wish.clone()).await;
        match outputs.last() {
            Some(Output::Refused { adjustment, .. }) if made.len() < 4 => made.push(*adjustment),
            _ => break outputs,
        }
    };
    let expected = [
        Adjustment::WithoutTemperature,
        Adjustment::WithoutReasoningSummary,
        Adjustment::WithoutMaxTokens,
    ];
    assert_eq!(made, expected);
    assert_eq!(fold(&outputs).0, "You said: ?");
    assert!(matches!(&outputs[0], Output::Asking(shown) if shown.adjustments == expected));
    let before = requested(&upstream.log()).len();
    ask(&provider, wish).await;
    assert_eq!(requested(&upstream.log()).len(), before + 1);
}

#[tokio::test]
async fn an_answer_is_not_continued_and_this_is_reported() {
    let (upstream, provider) = by_responses([]).await;
    let message = |role, text: &str| InputMessage::new(role, text);
    let messages = vec![message(User, "q"), message(Assistant, "It was ")];
    let outputs = ask(&provider, Request { messages, ..request("") }).await;
    let said = [Adjustment::WithoutBeginning];
    assert!(matches!(&outputs[0], Output::Asking(shown) if shown.adjustments == said));
    assert_eq!(requested(&upstream.log())[0]["input"], json!([{ "role": "user", "content": "q" }]));
}

#[tokio::test]
async fn a_stop_closes_the_connection_before_it_is_acknowledged() {
    let held = Answer { hold_after: Some(1), ..Answer::pieces(["a", "b"]) };
    let (upstream, provider) = by_responses([Step::Answer(held)]).await;
    let stop = CancellationToken::new();
    let mut outputs = provider.generate(request("?"), stop.clone());
    for _ in 0..3 {
        next(&mut outputs).await;
    }
    stop.cancel();
    assert_eq!(next(&mut outputs).await, Some(Output::Halted));
    assert!(upstream.log().requests[0].gone_ms.is_some());
}

/// `stream/03`, `stream/07` and halves of a character, as with chat completions.
#[tokio::test]
async fn both_apis_handle_the_same_peculiarities() {
    let half = |half: &str| {
        text(&format!("data: {{\"type\":\"response.output_text.delta\",\"delta\":\"{half}\"}}\n\n"))
    };
    let end = text(&format!(": ping\r\n\r\ndata:{}\r\n\r\n", completed()));
    let steps = stream([text(": keep-alive\n\n"), half("\\ud83d"), half("\\ude00"), end]);
    let (_upstream, provider) = by_responses(steps).await;
    assert_eq!(fold(&ask(&provider, request("?")).await).0, "😀");

    let array = json!([{ "error": { "code": 400, "message": "API key not valid.",
        "status": "INVALID_ARGUMENT", "details": [{ "reason": "API_KEY_INVALID" }] } }]);
    let (_upstream, provider) = by_responses([Step::json(400, &array)]).await;
    let (kind, error) = failure(&ask(&provider, request("?")).await);
    assert_eq!((kind, error.said.as_deref()), (Auth, Some("API key not valid.")));

    let (_upstream, provider) =
        by_responses(stream([Step::Bytes { bytes: vec![0x1f, 0x8b, 8, 0] }])).await;
    assert_eq!(failure(&ask(&provider, request("?")).await).0, Compressed);
}
