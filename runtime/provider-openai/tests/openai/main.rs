//! The `openai` provider against a scripted upstream, over a real socket.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::ProviderKind::{
    Auth, Compressed, ContentFilter, ContextLength, Cut, Malformed, ModelNotFound, Network,
    Permission, RateLimited, Unfit, Upstream as UpstreamFault,
};
use protocol::api::{InputMessage, InputRole, Sampling};
use protocol::{Error, ErrorCode, Finish, ProviderKind, TurnId, Usage};
use provider::{Output, Provider, Recorded, Request, Secret, Shown};
use provider_openai::{FIRST_MODEL, Openai, OpenaiConfig};
use serde_json::json;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;
use upstream::{Answer, Script, Step, Upstream};

mod cases;
mod connections;
mod doubles;
mod effort;
mod list;
mod proxies;
mod responses;
mod thinking;
mod tls;

/// The timeout of everything that is awaited; it is reached only if something is broken.
const LIMIT: Duration = Duration::from_secs(20);
const KEY: &str = "sk-test-1234";
const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

fn config(base_url: &str) -> OpenaiConfig {
    let mut config = OpenaiConfig::new(base_url);
    config.api_key = Some(Secret::new(KEY));
    config.model = Some("m".into());
    config
}

async fn start(steps: impl Into<Vec<Step>>) -> (Upstream, Openai) {
    let upstream = Upstream::start().await.unwrap();
    let steps = steps.into();
    if !steps.is_empty() {
        upstream.script(Script::always(steps));
    }
    let provider = Openai::new(config(&upstream.base_url())).unwrap();
    (upstream, provider)
}

fn request(text: &str) -> Request {
    Request {
        turn_id: TurnId::from_parts(0, [0; 10]),
        model: "m".into(),
        system: "Be brief.".into(),
        messages: vec![InputMessage::new(InputRole::User, text)],
        sampling: Sampling::default(),
        effort: None,
        send_reasoning: false,
        made: Vec::new(),
        recorded: Recorded::already(),
    }
}

/// The next output, without `Alive`, which depends on the speed of the machine.
async fn next(outputs: &mut Receiver<Output>) -> Option<Output> {
    loop {
        let output = tokio::time::timeout(LIMIT, outputs.recv()).await.expect("an output in time");
        if output != Some(Output::Alive) {
            return output;
        }
    }
}

/// Takes this number of outputs, and then as many as have this text. Pieces that arrive together are
/// one output.
async fn skip(outputs: &mut Receiver<Output>, count: usize, text: &str) {
    for _ in 0..count {
        next(outputs).await;
    }
    let mut read = String::new();
    while read != text {
        match next(outputs).await {
            Some(Output::Text(piece)) => read.push_str(&piece),
            other => panic!("{other:?} after {read:?}"),
        }
    }
}

async fn rest(outputs: &mut Receiver<Output>) -> Vec<Output> {
    let mut all = Vec::new();
    while let Some(output) = next(outputs).await {
        all.push(output);
    }
    all
}

async fn ask(provider: &Openai, request: Request) -> Vec<Output> {
    rest(&mut provider.generate(request, CancellationToken::new())).await
}

/// The text of a turn, without its reasoning, and its end; panics if the order of outputs is wrong.
fn fold(outputs: &[Output]) -> (String, Output) {
    let (last, before) = outputs.split_last().expect("an end");
    let mut text = String::new();
    for (n, output) in before.iter().enumerate() {
        match output {
            Output::Asking(_) => assert_eq!(n, 0),
            Output::Began => assert_eq!(n, 1),
            Output::Text(piece) => {
                assert!(n > 0 && !piece.is_empty());
                text.push_str(piece);
            }
            Output::Reasoning(_) => assert!(n > 0),
            other => panic!("{other:?} before the end"),
        }
    }
    (text, last.clone())
}

/// What was shown of a request, without the stored form of the request.
fn shown(output: &Output) -> Shown {
    let Output::Asking(shown) = output else { panic!("{output:?}") };
    assert!(shown.request.is_some());
    Shown { request: None, ..shown.clone() }
}

fn failure(outputs: &[Output]) -> (ProviderKind, Error) {
    match fold(outputs).1 {
        Output::Failed(error) => match error.code {
            ErrorCode::Provider(kind) => (kind, error),
            _ => panic!("{error:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> Step {
    Step::Text { text: text.into() }
}

fn chunk(content: &str) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": content } }] }))
}

fn respond(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<Step> {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    vec![Step::Respond { status, headers, body: body.into() }]
}

/// The bodies of requests for answers; the list may be requested beside them.
fn requested(log: &upstream::Log) -> Vec<serde_json::Value> {
    let answers = log.requests.iter().filter(|request| request.method == "POST");
    answers.filter_map(|request| request.body.clone()).collect()
}

fn stream(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    std::iter::once(Step::Stream).chain(steps).collect()
}

#[tokio::test]
async fn an_answer_streams_with_its_usage() {
    let (upstream, provider) = start([]).await;
    let mut asked = request("hello there");
    asked.sampling = Sampling { temperature: Some(0.5), seed: Some(7), ..Sampling::default() };
    let outputs = ask(&provider, asked).await;
    assert_eq!(shown(&outputs[0]), Shown::default());
    assert_eq!((&outputs[1], fold(&outputs).0.as_str()), (&Output::Began, "You said: hello there"));
    let usage = Usage {
        prompt_tokens: 2,
        completion_tokens: 4,
        cached_tokens: None,
        reasoning_tokens: None,
    };
    assert_eq!(fold(&outputs).1, Output::Finished { finish: Finish::Stop, usage: Some(usage) });

    let log = upstream.log();
    assert_eq!(requested(&log).len(), 1);
    let sent = &log.requests[0];
    assert!(sent.done_ms.is_some() && sent.gone_ms.is_none(), "read to its end: {sent:?}");
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(sent.authorization.as_deref(), Some("Bearer sk-test-1234"));
    let expected = json!({
        "model": "m", "stream": true, "stream_options": { "include_usage": true },
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "hello there" },
        ],
        "temperature": 0.5, "seed": 7,
    });
    assert_eq!(sent.body, Some(expected));
}

#[tokio::test]
async fn without_a_key_no_authorization_is_sent() {
    let (upstream, _) = start([]).await;
    let provider = Openai::new(OpenaiConfig::new(&upstream.base_url())).unwrap();
    provider.usable("m").unwrap();
    ask(&provider, request("hi")).await;
    assert_eq!(upstream.log().requests[0].authorization, None);
}

#[tokio::test]
async fn unusual_but_valid_answers_are_read() {
    let pieces = Answer::pieces(["日本", "語"]);
    let every_byte =
        |stream_: String| stream(stream_.bytes().map(|byte| Step::Bytes { bytes: vec![byte] }));
    let finished = [&chunk("日本"), &chunk("語"), STOP].concat();
    let whole = format!("{finished}data: [DONE]\n\n");
    let noise = ": ping\n\nevent: x\nid: 1\nfoo: bar\ndata:";
    let other = json!({ "choices": [
        { "index": 1, "delta": { "content": "no" }, "finish_reason": "stop" },
    ] });
    let reasoning = Answer { reasoning: Some("hm".into()), ..pieces.clone() };
    let no_type = vec![Step::Head { status: 200, headers: BTreeMap::new() }, text(&whole)];
    let rows: Vec<(&str, Vec<Step>)> = vec![
        ("split everywhere", every_byte(whole.clone())),
        ("CRLF, split everywhere", every_byte(whole.replace('\n', "\r\n"))),
        ("comments and unknown fields", stream([text(&whole.replace("data:", noise))])),
        ("no [DONE]", vec![Step::Answer(Answer { done: false, ..pieces })]),
        ("closed abruptly after the finish", stream([text(&finished), Step::Close])),
        ("never closed after the finish", stream([text(&finished), Step::Silent])),
        ("never closed after [DONE]", stream([text(&whole), Step::Silent])),
        ("no content type", no_type),
        ("reasoning", vec![Step::Answer(reasoning)]),
        ("two choices", stream([Step::Data { json: other }, text(&whole)])),
        ("[DONE] without a space", stream([text(&whole.replace("data: [", "data:["))])),
        ("[DONE] as a text", stream([text(&whole.replace("[DONE]", "\"[DONE]\""))])),
        ("[DONE] without a line end", stream([text(whole.trim_end())])),
        ("[DONE] twice", stream([text(&whole), text("data: [DONE]\n\n")])),
        ("text behind [DONE]", stream([text(&whole), text(&chunk("no"))])),
        ("CR alone", every_byte(whole.replace('\n', "\r"))),
        (
            "a mark of byte order in the middle",
            stream([text(&whole.replace("data:", "\u{feff}data:"))]),
        ),
    ];
    for (name, steps) in rows {
        let (_upstream, provider) = start(steps).await;
        let (said, end) = fold(&ask(&provider, request("?")).await);
        assert_eq!(said, "日本語", "{name}");
        assert!(matches!(end, Output::Finished { finish: Finish::Stop, .. }), "{name}: {end:?}");
    }
}

#[tokio::test]
async fn finish_reasons_other_than_stop_are_reported() {
    let finish = |reason: &str| Answer { finish: reason.into(), ..Answer::pieces(["a"]) };
    let (_upstream, provider) = start([Step::Answer(finish("length"))]).await;
    let (said, end) = fold(&ask(&provider, request("?")).await);
    assert_eq!(said, "a");
    assert!(matches!(end, Output::Finished { finish: Finish::Length, .. }));

    let (_upstream, provider) = start(stream([text(STOP)])).await;
    let empty = Output::Finished { finish: Finish::Stop, usage: None };
    assert_eq!(fold(&ask(&provider, request("?")).await), (String::new(), empty));

    let (_upstream, provider) = start([Step::Answer(finish("content_filter"))]).await;
    let outputs = ask(&provider, request("?")).await;
    assert_eq!((fold(&outputs).0.as_str(), failure(&outputs).0), ("a", ContentFilter));
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_its_limit() {
    let (upstream, _) = start(stream([Step::Endless { text: "日本".into() }])).await;
    let mut config = config(&upstream.base_url());
    config.max_answer_bytes = 1_000;
    let provider = Openai::new(config).unwrap();
    let (said, end) = fold(&ask(&provider, request("?")).await);
    assert_eq!(said, "日本".repeat(166) + "日");
    assert_eq!(end, Output::Finished { finish: Finish::Length, usage: None });
    assert!(upstream.log().requests[0].gone_ms.is_some());
}

#[tokio::test]
async fn each_failure_has_its_error_kind() {
    let json = |status, body| vec![Step::json(status, &body)];
    let code = |code| json!({ "error": { "code": code, "message": "boom" } });
    let a = || text(&chunk("a"));
    let tool = json!({ "choices": [
        { "index": 0, "delta": { "tool_calls": [{ "index": 0, "function": { "name": "rm" } }] } },
    ] });
    let tool = Step::Data { json: tool };
    let error = Step::Data { json: code("x") };
    let html = [("content-type", "text/html")];
    let gateway = "<html>Bad Gateway</html>";
    let gzip = || stream([Step::Bytes { bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0] }]);
    let ssh = Step::Wire { text: "SSH-2.0-OpenSSH_9.2\r\n".into() };
    // The reply, the kind of the failure, and the text that arrived before it.
    let rows: Vec<(&str, Vec<Step>, ProviderKind, &str)> = vec![
        ("401", json(401, code("invalid_api_key")), Auth, ""),
        ("403", respond(403, &[], ""), Permission, ""),
        ("404 model", json(404, code("model_not_found")), ModelNotFound, ""),
        ("404", respond(404, &[], "not found"), Malformed, ""),
        ("429", respond(429, &[], ""), RateLimited, ""),
        ("500", json(500, code("x")), UpstreamFault, ""),
        ("502", respond(502, &html, gateway), UpstreamFault, ""),
        ("400 window", json(400, code("context_length_exceeded")), ContextLength, ""),
        ("200 with an error", json(200, code("x")), UpstreamFault, ""),
        ("gzip", respond(200, &[("content-encoding", "gzip")], "x"), Compressed, ""),
        ("gzip that calls itself a stream", gzip(), Compressed, ""),
        ("200 with HTML", respond(200, &html, gateway), Malformed, ""),
        ("200 with other JSON", json(200, json!({ "choices": [] })), Malformed, ""),
        ("not HTTP", vec![ssh], Malformed, ""),
        ("closed at once", vec![Step::Close], Cut, ""),
        ("reset at once", vec![Step::Reset], Cut, ""),
        ("malformed JSON", stream([a(), text("data: {\"choices\":[\n\n")]), Malformed, "a"),
        ("error in the stream", stream([a(), error]), UpstreamFault, "a"),
        ("closed in the stream", stream([a(), Step::Close]), Cut, "a"),
        ("reset in the stream", stream([a(), Step::Hold, Step::Reset]), Cut, "a"),
        ("ended without a finish", stream([a()]), Cut, "a"),
        ("cut in an event", stream([a(), text("data: {\"choi"), Step::Close]), Cut, "a"),
        ("a long line", stream([a(), Step::LongLine { bytes: 100_000_000 }]), Malformed, "a"),
        ("only a tool call", stream([tool, text(STOP)]), Unfit, ""),
        ("nothing but [DONE]", stream([text("data: [DONE]\n\n")]), Malformed, ""),
    ];
    for (name, steps, kind, said) in rows {
        let (upstream, provider) = start(steps).await;
        let mut outputs = provider.generate(request("?"), CancellationToken::new());
        let mut all = Vec::new();
        while let Some(output) = next(&mut outputs).await {
            // A reset discards bytes that are still unread, so it is sent after the text was
            // received.
            if matches!(output, Output::Text(_)) {
                upstream.release(1);
            }
            all.push(output);
        }
        let (failed, error) = failure(&all);
        assert_eq!((failed, fold(&all).0.as_str()), (kind, said), "{name}");
        let shown = format!("{} {}", error.message, error.hint.unwrap_or_default());
        for secret in [KEY, "127.0.0.1", "http://", "boom", "Gateway"] {
            assert!(!shown.contains(secret), "{name}: {shown}");
        }
        let said = error.said.unwrap_or_default();
        for secret in [KEY, "127.0.0.1", "http://"] {
            assert!(!said.contains(secret), "{name}: {said}");
        }
        assert_eq!(upstream.log().requests.len(), 1, "{name}: asked once, never again");
    }
}

#[tokio::test]
async fn an_answer_begins_only_after_a_successful_response_head() {
    for status in [500, 200] {
        let (_upstream, provider) = start([Step::json(status, &json!({}))]).await;
        let outputs = ask(&provider, request("?")).await;
        assert!(matches!(outputs[..], [Output::Asking(_), Output::Failed(_)]), "{outputs:?}");
    }
}

#[tokio::test]
async fn a_requested_retry_delay_is_reported() {
    let (_upstream, provider) = start(respond(429, &[("retry-after", "7")], "")).await;
    let (kind, error) = failure(&ask(&provider, request("?")).await);
    assert_eq!((kind, error.retry_after_ms), (RateLimited, Some(7_000)));
}

#[tokio::test]
async fn an_unreachable_provider_works_again_when_it_is_back() {
    let (upstream, provider) = start([]).await;
    upstream.refuse().await;
    assert_eq!(failure(&ask(&provider, request("?")).await).0, Network);
    upstream.accept_again().await.unwrap();
    assert_eq!(fold(&ask(&provider, request("?")).await).0, "You said: ?");
}

#[tokio::test]
async fn an_unknown_host_is_a_network_error() {
    let provider = Openai::new(config("http://nowhere.invalid/v1")).unwrap();
    let (kind, error) = failure(&ask(&provider, request("?")).await);
    assert_eq!(kind, Network);
    assert!(!error.message.contains("invalid"));
}

#[tokio::test]
async fn nothing_is_sent_over_https_without_tls() {
    let (upstream, _) = start([]).await;
    let url = upstream.base_url().replace("http:", "https:");
    // Without root certificates in the system, there is no https at all.
    let Ok(provider) = Openai::new(config(&url)) else { return };
    upstream.script(Script::always([Step::Close]));
    let outputs = ask(&provider, request("?")).await;
    assert_eq!(failure(&outputs).0, Network);
    assert!(upstream.log().requests.is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, _) = start([]).await;
    for status in [301, 302, 307, 308] {
        let location = format!("{}/chat/completions", elsewhere.base_url());
        let (_upstream, provider) = start(respond(status, &[("location", &location)], "")).await;
        assert_eq!(failure(&ask(&provider, request("?")).await).0, Malformed);
    }
    assert!(elsewhere.log().requests.is_empty());
}

#[tokio::test]
async fn old_messages_are_left_out_and_a_too_long_one_is_not_sent() {
    let (upstream, _) = start([]).await;
    let mut config = config(&upstream.base_url());
    config.context_tokens = Some(1_000);
    let provider = Openai::new(config).unwrap();
    let mut asked = request("?");
    let old = InputMessage::new(InputRole::User, "x".repeat(3_000));
    asked.messages.insert(0, old);
    let outputs = ask(&provider, asked).await;
    assert_eq!(
        shown(&outputs[0]),
        Shown { left_out: 1, window_tokens: Some(1_000), ..Shown::default() }
    );
    let sent = upstream.log().requests[0].body.clone().unwrap();
    assert_eq!(sent["messages"].as_array().map(Vec::len), Some(2));

    let outputs = ask(&provider, request(&"日".repeat(900))).await;
    assert_eq!(failure(&outputs).0, ContextLength);
    assert_eq!(requested(&upstream.log()).len(), 1);
}

#[tokio::test]
async fn the_first_model_is_looked_up_once() {
    let (upstream, _) = start([]).await;
    let unnamed = || Openai::new(OpenaiConfig::new(&upstream.base_url())).unwrap();
    let provider = unnamed();
    assert_eq!(provider.default_model(), FIRST_MODEL);
    for _ in 0..2 {
        let asked = Request { model: provider.default_model(), ..request("?") };
        let outputs = ask(&provider, asked.clone()).await;
        assert_eq!(fold(&outputs).0, "You said: ?");
        // The turn did not know the model's name, so it is told the name, to record it.
        let told = (asked.model == FIRST_MODEL).then(|| "scripted-model".to_owned());
        assert!(matches!(&outputs[0], Output::Asking(shown) if shown.model == told));
        assert_eq!(provider.default_model(), "scripted-model");
    }
    let log = upstream.log();
    let paths: Vec<_> = log.requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/v1/models", "/v1/chat/completions", "/v1/chat/completions"]);
    assert_eq!(log.requests[1].body.as_ref().unwrap()["model"], "scripted-model");

    upstream.script(Script { models: Vec::new(), ..Script::default() });
    let asked = Request { model: String::new(), ..request("?") };
    assert_eq!(failure(&ask(&unnamed(), asked).await).0, ModelNotFound);
}

/// When a stop may come: the reply, how many outputs come before it, and which text they have.
fn stops() -> Vec<(&'static str, Vec<Step>, usize, &'static str)> {
    let held = |hold_after| Answer { hold_after: Some(hold_after), ..Answer::pieces(["a", "b"]) };
    vec![
        ("before the head", vec![Step::Silent], 1, ""),
        ("after the head", stream([Step::Silent]), 2, ""),
        ("between pieces", vec![Step::Answer(held(1))], 2, "a"),
        ("after the last piece", vec![Step::Answer(held(2))], 2, "ab"),
    ]
}

#[tokio::test]
async fn pieces_that_arrive_together_are_one_output() {
    let thought = json!({ "choices": [{ "index": 0, "delta": { "reasoning_content": "Hm." } }] });
    let together = format!("data: {thought}\n\n{}{}data: [DONE]\n\n", chunk("a"), chunk("b"));
    let (_upstream, provider) = start(stream([text(&together)])).await;
    let outputs = ask(&provider, request("?")).await;
    let pieces = [Output::Reasoning("Hm.".into()), Output::Text("ab".into())];
    assert_eq!(outputs[2..4], pieces, "{outputs:?}");
    assert_eq!(outputs.len(), 5);
}

#[tokio::test]
async fn a_stop_closes_the_connection_before_it_is_acknowledged() {
    for (name, steps, before, text) in stops() {
        let (upstream, provider) = start(steps).await;
        let stop = CancellationToken::new();
        let mut outputs = provider.generate(request("?"), stop.clone());
        upstream.wait(|log| log.requests.len() == 1).await;
        skip(&mut outputs, before, text).await;
        assert_eq!(upstream.log().requests[0].gone_ms, None, "{name}");
        stop.cancel();
        assert_eq!(next(&mut outputs).await, Some(Output::Halted), "{name}");
        // The log checks the socket at this moment; nothing was awaited in between.
        let log = upstream.log();
        assert!(log.requests[0].gone_ms.is_some(), "{name}: {log:?}");
        upstream.release(1);
        assert_eq!(next(&mut outputs).await, None, "{name}");
    }
}

#[tokio::test]
async fn a_stop_ends_an_endless_stream() {
    let (upstream, _) = start(stream([Step::Endless { text: "a".into() }])).await;
    let config = OpenaiConfig { max_answer_bytes: usize::MAX, ..config(&upstream.base_url()) };
    let provider = Openai::new(config).unwrap();
    let stop = CancellationToken::new();
    let mut outputs = provider.generate(request("?"), stop.clone());
    // More than the channel holds, so by now the provider waits for room.
    for _ in 0..provider::OUTPUTS * 2 {
        next(&mut outputs).await;
    }
    stop.cancel();
    assert_eq!(rest(&mut outputs).await.last(), Some(&Output::Halted));
    assert!(upstream.log().requests[0].gone_ms.is_some());
}

#[tokio::test]
async fn dropping_the_receiver_stops_the_request() {
    for (name, steps, before, text) in stops() {
        let (upstream, provider) = start(steps).await;
        let mut outputs = provider.generate(request("?"), CancellationToken::new());
        upstream.wait(|log| log.requests.len() == 1).await;
        skip(&mut outputs, before, text).await;
        drop(outputs);
        let gone = upstream.wait(|log| log.requests[0].gone_ms.is_some());
        tokio::time::timeout(LIMIT, gone).await.unwrap_or_else(|_| panic!("{name}: still open"));
    }
}

#[tokio::test]
async fn a_stop_before_the_start_sends_no_request() {
    let (upstream, provider) = start([]).await;
    let stop = CancellationToken::new();
    stop.cancel();
    assert_eq!(rest(&mut provider.generate(request("?"), stop)).await, [Output::Halted]);
    assert!(upstream.log().requests.is_empty());
}

#[tokio::test]
async fn shutdown_ends_running_and_later_requests() {
    let (upstream, provider) = start([Step::Silent]).await;
    let mut outputs = provider.generate(request("?"), CancellationToken::new());
    upstream.wait(|log| log.requests.len() == 1).await;
    provider.shutdown().await;
    assert!(upstream.log().requests[0].gone_ms.is_some());
    assert!(matches!(rest(&mut outputs).await[..], [Output::Asking(_), Output::Halted]));
    assert_eq!(ask(&provider, request("?")).await, [Output::Halted]);
    assert_eq!(upstream.log().requests.len(), 1);
}
