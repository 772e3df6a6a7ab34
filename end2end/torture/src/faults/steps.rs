//! The steps of the scripted endpoint for single rows of the table.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use upstream::{Answer, Step};

pub(super) fn stream<const N: usize>(steps: [Step; N]) -> Vec<Step> {
    std::iter::once(Step::Stream).chain(steps).collect()
}

pub(super) fn text(text: &str) -> Step {
    Step::Text { text: text.to_owned() }
}

pub(super) fn wire(text: &str) -> Step {
    Step::Wire { text: text.to_owned() }
}

pub(super) fn endless(text: &str) -> Step {
    Step::EndlessWire { text: text.to_owned() }
}

pub(super) fn drip(text: &str, ms: u64) -> Step {
    Step::Drip { text: text.to_owned(), ms }
}

pub(super) fn refusal(status: u16, message: &str) -> Vec<Step> {
    vec![Step::json(status, &json!({ "error": { "message": message } }))]
}

pub(super) fn respond(status: u16, header: (&str, &str), body: &str) -> Vec<Step> {
    let headers = BTreeMap::from([(header.0.to_owned(), header.1.to_owned())]);
    vec![Step::Respond { status, headers, body: body.to_owned() }]
}

pub(super) fn waiting(status: u16, retry_after: &str) -> Vec<Step> {
    respond(status, ("retry-after", retry_after), "")
}

pub(super) fn html(status: u16) -> Vec<Step> {
    respond(status, ("content-type", "text/html"), "<html><h1>internal.example</h1></html>")
}

pub(super) fn redirect(to: &str) -> Vec<Step> {
    respond(307, ("location", &format!("{to}/chat/completions")), "")
}

pub(super) fn said(text: &str) -> Answer {
    Answer { pieces: vec![text.to_owned()], ..Answer::default() }
}

pub(super) fn whole(answer: Answer) -> Vec<Step> {
    vec![Step::Answer(answer)]
}

fn choice(index: u32, delta: Value, finish: Value) -> Value {
    json!({ "index": index, "delta": delta, "finish_reason": finish })
}

pub(super) fn delta(text: &str) -> Step {
    Step::Data { json: json!({ "choices": [choice(0, json!({ "content": text }), Value::Null)] }) }
}

pub(super) fn finish(reason: &str) -> Step {
    Step::Data { json: json!({ "choices": [choice(0, json!({}), json!(reason))] }) }
}

pub(super) fn tool_call() -> Step {
    let call = json!({ "index": 0, "function": { "name": "rm", "arguments": "{}" } });
    Step::Data {
        json: json!({ "choices": [choice(0, json!({ "tool_calls": [call] }), Value::Null)] }),
    }
}

pub(super) fn two_choices() -> Vec<Step> {
    let both = [
        choice(1, json!({ "content": "Bad." }), Value::Null),
        choice(0, json!({ "content": "Good." }), Value::Null),
    ];
    stream([
        Step::Data { json: json!({ "choices": both }) },
        finish("stop"),
        text("data: [DONE]\n\n"),
    ])
}

/// One event, byte by byte: split within characters, within the line and within the CRLF.
pub(super) fn split_everywhere() -> Vec<Step> {
    let event = json!({ "choices": [choice(0, json!({ "content": "日本🦀語" }), Value::Null)] });
    let bytes = format!("data: {event}\r\n\r\ndata: [DONE]\r\n\r\n").into_bytes();
    let pieces = bytes.into_iter().map(|byte| Step::Bytes { bytes: vec![byte] });
    std::iter::once(Step::Stream).chain(pieces).collect()
}

pub(super) fn odd_but_good() -> Vec<Step> {
    let event = json!({ "choices": [choice(0, json!({ "content": "Good.", "mood": [1] }), Value::Null)], "x": {} });
    let odd =
        format!(": a comment\n\nevent: message\nid: 7\nretry: 1\nfoo: bar\ndata: {event}\n\n");
    stream([text(&odd), finish("stop"), text("data: [DONE]\n\n")])
}
