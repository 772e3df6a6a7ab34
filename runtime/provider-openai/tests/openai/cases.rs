//! Behavior of real endpoints, as their users report it, played by the scripted endpoint. Each row
//! names its source if it differs from the test's.

use protocol::Adjustment;
use protocol::ProviderKind::{Beginning, Parameter, Roles};
use protocol::api::InputRole::{Assistant, User};
use upstream::{Rule, When};

use super::*;

/// Asks as a turn does: retries as long as there is something to adjust.
pub(crate) async fn ask_until_it_ends(
    provider: &Openai,
    asked: &Request,
) -> (Vec<Adjustment>, Vec<Output>) {
    let mut made = Vec::new();
    loop {
        let outputs = ask(provider, asked.clone()).await;
        let Some(Output::Refused { adjustment, error }) = outputs.last() else {
            return (made, outputs);
        };
        assert!(error.hint.is_some() && made.len() < 6, "{error:?}");
        made.push(*adjustment);
    }
}

pub(crate) fn refusing(rules: impl IntoIterator<Item = (When, u16, serde_json::Value)>) -> Script {
    let rules = rules.into_iter();
    let rules =
        rules.map(|(when, status, body)| Rule { when, reply: vec![Step::json(status, &body)] });
    Script { rules: rules.collect(), ..Script::default() }
}

fn has(field: &str, message: &str) -> (When, u16, serde_json::Value) {
    let body =
        json!({ "error": { "message": message, "type": "invalid_request_error", "param": field } });
    (When::Has(field.into()), 400, body)
}

fn talk(messages: &[(InputRole, &str)]) -> Request {
    let messages = messages.iter();
    let messages = messages.map(|(role, text)| InputMessage::new(*role, *text));
    Request { messages: messages.collect(), ..request("") }
}

/// One parameter is refused after the other (qwen-code#921, lobehub#5909, new-api#418).
#[tokio::test]
async fn a_refused_parameter_is_left_out_from_then_on_for_that_model() {
    let (upstream, provider) = start([]).await;
    let case = json!({ "error": {
        "message": "This model takes only the default value of 'temperature'.",
        "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value",
    } });
    upstream.script(refusing([
        (When::Has("temperature".into()), 400, case),
        has("top_p", "Unsupported parameter: 'top_p' is not supported with this model."),
        has("seed", "property 'seed' is unsupported"),
        has("stream_options", "Unknown parameter: 'stream_options'."),
        has("max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model."),
    ]));
    let mut wish = request("?");
    let sampling =
        Sampling { temperature: Some(0.5), top_p: Some(0.9), seed: Some(7), max_tokens: Some(9) };
    wish.sampling = sampling;
    let (made, outputs) = ask_until_it_ends(&provider, &wish).await;
    let expected = [
        Adjustment::WithoutTemperature,
        Adjustment::WithoutTopP,
        Adjustment::WithoutSeed,
        Adjustment::WithoutStreamOptions,
        Adjustment::MaxCompletionTokens,
    ];
    assert_eq!(made, expected);
    assert_eq!(fold(&outputs).0, "You said: ?");
    let sent = requested(&upstream.log()).pop().unwrap();
    let mut fields: Vec<_> = sent.as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["max_completion_tokens", "messages", "model", "stream"]);
    assert_eq!(sent["max_completion_tokens"], 9);

    // The next turn makes these adjustments from the start, and reports them.
    let before = requested(&upstream.log()).len();
    let (made, outputs) = ask_until_it_ends(&provider, &wish).await;
    assert!(made.is_empty());
    assert!(matches!(&outputs[0], Output::Asking(shown) if shown.adjustments == expected));
    assert_eq!(requested(&upstream.log()).len(), before + 1);
    // Another model has to be learned about on its own.
    let other = Request { model: "other".into(), ..wish };
    assert_eq!(ask_until_it_ends(&provider, &other).await.0, expected);
}

#[tokio::test]
async fn an_unclear_refusal_teaches_nothing() {
    let (upstream, provider) = start([]).await;
    for body in [
        json!({ "error": { "message": "boom", "type": "invalid_request_error" } }),
        json!({ "error": { "message": "Unsupported parameter", "param": "seed" } }),
        json!({ "error": { "message": "temperature must be at most 2", "param": "temperature" } }),
    ] {
        upstream.script(Script::always([Step::json(400, &body)]));
        let mut wish = request("?");
        wish.sampling.temperature = Some(3.0);
        let outputs = ask(&provider, wish.clone()).await;
        assert!(
            matches!(outputs[..], [Output::Asking(_), Output::Failed(_)]),
            "{body} {outputs:?}"
        );
    }
    upstream.script(Script::default());
    let mut wish = request("?");
    wish.sampling.temperature = Some(1.0);
    ask(&provider, wish).await;
    assert_eq!(requested(&upstream.log()).pop().unwrap()["temperature"], 1.0);
}

/// A refusal may also come in a stream (agent-os#2214), with the status of a server fault
/// (jan#6254), or because of a system message that the template does not know.
#[tokio::test]
async fn a_refusal_is_recognized_in_any_status_and_in_a_stream() {
    let error = json!({ "error": { "message": "System role not supported", "code": 500 } });
    for reply in [
        vec![Step::json(400, &error)],
        vec![Step::json(500, &error)],
        vec![Step::json(200, &error)],
        stream([Step::Data { json: error.clone() }]),
    ] {
        let (upstream, provider) = start([]).await;
        let rules = vec![Rule { when: When::System, reply }];
        upstream.script(Script { rules, ..Script::default() });
        let (made, outputs) = ask_until_it_ends(&provider, &request("?")).await;
        assert_eq!(made, [Adjustment::SystemInUser]);
        assert_eq!(fold(&outputs).0, "You said: Be brief.\n\n?");
    }
}

/// llama-cpp-python's server 0.3.36 sends the head of a stream before it checks the length of the
/// prompt, and then an empty stream. Without streaming it reports the error.
#[tokio::test]
async fn an_empty_stream_is_requested_again_without_streaming() {
    let message = "This model's maximum context length is 1024 tokens. However, you requested 1200 tokens (1200 in the messages, None in the completion). Please reduce the length of the messages or completion.";
    let error = json!({ "error": {
        "message": message, "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded",
    }});
    let ping = || Step::Text { text: ": ping - 2026-11-26 17:22:49.430961+00:00\n\n".into() };
    let whole = json!({
        "object": "chat.completion",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Whole." }, "finish_reason": "stop" }],
    });
    for (second, said) in
        [(Step::json(400, &error), None), (Step::json(200, &whole), Some("Whole."))]
    {
        let (upstream, provider) = start([]).await;
        let replies = vec![vec![Step::Stream, ping()], vec![second]];
        upstream.script(Script { replies, ..Script::default() });
        let (question, answer) = ("one two ".repeat(300), "three ".repeat(300));
        let asked = talk(&[(User, &question), (Assistant, &answer), (User, "And?")]);
        let (empty, without) = (ask(&provider, asked.clone()).await, Adjustment::WithoutStream);
        let Some(Output::Refused { adjustment, .. }) = empty.last() else { panic!("{empty:?}") };
        assert_eq!(*adjustment, without);
        let outputs = ask(&provider, Request { made: vec![without], ..asked }).await;
        assert_eq!(shown(&outputs[0]).adjustments, [without]);
        match (outputs.last().unwrap(), said) {
            (Output::Refused { adjustment, .. }, None) => {
                assert_eq!(*adjustment, Adjustment::FewerMessages);
            }
            (Output::Finished { .. }, Some(said)) => assert_eq!(fold(&outputs).0, said),
            (end, _) => panic!("{end:?}"),
        }
        // The next turn streams.
        let next = shown(&ask(&provider, request("?")).await[0]);
        assert!(!next.adjustments.contains(&without));
        let streams: Vec<_> =
            requested(&upstream.log()).iter().map(|body| body["stream"].clone()).collect();
        assert_eq!(streams, [json!(true), json!(false), json!(true)]);
    }
}

/// The templates of Mistral and Gemma (jan#6254), and Anthropic.
#[tokio::test]
async fn roles_alternate_and_no_message_is_blank() {
    let (upstream, provider) = start([]).await;
    let no = |message: &str| json!({ "object": "error", "message": message, "code": 400 });
    upstream.script(refusing([
        (When::NotAlternating, 400, no("roles have to alternate between user and assistant")),
        (When::Blank, 400, no("text content blocks must be non-empty")),
        (
            When::BegunInSpace,
            400,
            no("final assistant content cannot end with trailing whitespace"),
        ),
    ]));
    for messages in [
        vec![(User, "first"), (User, "second")],
        vec![(User, "a"), (Assistant, "\n\n"), (User, "b")],
        vec![(Assistant, "Hi."), (User, "a")],
        vec![(User, "a"), (Assistant, "b\n\n")],
        vec![(User, "a"), (Assistant, " \n")],
    ] {
        let (made, outputs) = ask_until_it_ends(&provider, &talk(&messages)).await;
        assert_eq!(made, [], "{messages:?}");
        assert!(matches!(outputs.last(), Some(Output::Finished { .. })), "{outputs:?}");
    }
}

/// Two models with different windows, known from the list (vLLM) or from a refusal.
#[tokio::test]
async fn each_model_has_its_own_window_and_every_message_is_answered() {
    for listed in [true, false] {
        let (upstream, _) = start([]).await;
        let provider = Openai::new(OpenaiConfig::new(&upstream.base_url())).unwrap();
        let windows = [("small", 2_048), ("large", 4_096)];
        let too_long = |(model, tokens): (&str, usize)| {
            let message =
                format!("the maximum context length is {tokens} tokens, the messages have more");
            let body = json!({ "object": "error", "message": message, "type": "BadRequestError", "code": 400 });
            // About 4 letters per token.
            (When::Longer { than: tokens * 4, model: Some(model.into()) }, 400, body)
        };
        let mut script = refusing(windows.map(too_long));
        let entry = |(model, tokens)| match listed {
            true => json!({ "id": model, "max_model_len": tokens }),
            false => json!({ "id": model }),
        };
        script.list = vec![Step::json(200, &json!({ "data": windows.map(entry) }))];
        upstream.script(script);
        if listed {
            provider.models().await;
        }
        for (model, tokens) in windows {
            let mut messages = Vec::new();
            let mut adjusted = 0;
            for turn in 0..6 {
                messages.push((User, format!("{turn} ").repeat(800)));
                let borrowed: Vec<_> =
                    messages.iter().map(|(role, text)| (*role, text.as_str())).collect();
                let asked = Request { model: model.into(), ..talk(&borrowed) };
                let (made, outputs) = ask_until_it_ends(&provider, &asked).await;
                adjusted += made.len();
                let (said, end) = fold(&outputs);
                assert!(matches!(end, Output::Finished { .. }), "{model} {turn} {end:?}");
                assert!(said.contains(&format!("{turn} {turn}")));
                if listed || adjusted > 0 {
                    let window = u32::try_from(tokens).ok();
                    assert!(
                        matches!(&outputs[0], Output::Asking(shown) if shown.window_tokens == window)
                    );
                }
                messages.push((Assistant, said));
            }
            // Only once, because it is remembered; never if the list gave the window before.
            assert_eq!(adjusted, usize::from(!listed), "{model}");
        }
        let windows: Vec<_> =
            provider.models().await.models.iter().map(|m| m.window_tokens).collect();
        assert_eq!(windows, [Some(2_048), Some(4_096)]);
    }
}

/// Gemini's shape of an error (gemini-cli#4701) in which the endpoint repeats the key, and a
/// proxy's page.
#[tokio::test]
async fn a_wrong_key_is_reported_with_the_endpoints_own_message() {
    let words =
        format!("The key {KEY} that was passed is not valid. See https://keys.example/help");
    let body =
        json!([{ "error": { "code": 400, "message": words, "status": "INVALID_ARGUMENT" } }]);
    let (_upstream, provider) = start([Step::json(400, &body)]).await;
    let (kind, error) = failure(&ask(&provider, request("?")).await);
    assert_eq!(kind, Auth);
    let said = "The key [key] that was passed is not valid. See [address]";
    assert_eq!(error.said.as_deref(), Some(said));
    let page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    let (_upstream, provider) = start(respond(502, &[("content-type", "text/html")], page)).await;
    let (kind, error) = failure(&ask(&provider, request("?")).await);
    assert_eq!((kind, error.said.as_deref()), (UpstreamFault, Some("502 Bad Gateway nginx")));
}

/// Whole answers with any media type, and streams with other media types.
#[tokio::test]
async fn whole_answers_and_streams_are_read_with_any_media_type() {
    let whole = json!({
        "object": "chat.completion",
        "choices": [{
            "index": 0, "message": { "role": "assistant", "content": "A whole answer at once." },
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 3, "completion_tokens": 5 },
    });
    let events = [&chunk("A whole answer "), &chunk("at once."), STOP, "data: [DONE]\n\n"].concat();
    let lines = format!("{}\n{}\n", &chunk("A whole ")[6..].trim(), whole_rest());
    let named = |name: &str, body: &str| respond(200, &[("content-type", name)], body);
    let unfinished = [&chunk("A whole answer at once."), STOP.trim_end()].concat();
    for (name, reply) in [
        ("JSON", vec![Step::json(200, &whole)]),
        ("a stream that is none", named("text/event-stream", &whole.to_string())),
        ("no type", respond(200, &[], &whole.to_string())),
        ("bytes", named("application/octet-stream", &whole.to_string())),
        ("blank lines before it", named("application/json", &format!("\u{feff}\n\n{whole:#}"))),
        ("lines of JSON", named("application/x-ndjson", &lines)),
        ("events as text", named("text/plain; charset=utf-8", &events)),
        ("events as bytes", named("application/octet-stream", &events)),
        ("events as JSON", named("application/json", &events)),
        ("a comment first", named("text/plain", &format!(": ping\n\n{events}"))),
        // The last line has no end (ik_llama.cpp#467).
        ("a last line without an end", stream([text(&unfinished)])),
    ] {
        let (_upstream, provider) = start(reply).await;
        let (said, end) = fold(&ask(&provider, request("?")).await);
        assert_eq!(said, "A whole answer at once.", "{name}");
        assert!(matches!(end, Output::Finished { finish: Finish::Stop, .. }), "{name}: {end:?}");
    }
}

fn whole_rest() -> serde_json::Value {
    json!({ "choices": [{ "delta": { "content": "answer at once." }, "finish_reason": "stop" }] })
}

/// DeepSeek keeps the connection alive with blank lines before an answer that is not streamed
/// (<https://api-docs.deepseek.com/quick_start/rate_limit>).
#[tokio::test]
async fn blank_lines_before_a_whole_answer_are_signs_of_life() {
    let whole = json!({ "choices": [{ "message": { "content": "a" }, "finish_reason": "stop" }] });
    let headers = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
    let (lines, pause) = (text("\n\n"), Step::Delay { ms: 120 });
    let body = whole.to_string();
    let (first, rest) = body.split_at(20);
    let steps = vec![
        Step::Head { status: 200, headers },
        lines.clone(),
        pause.clone(),
        lines,
        pause.clone(),
        text(first),
        pause,
        text(rest),
    ];
    let (_upstream, provider) = start(steps).await;
    let mut outputs = provider.generate(request("?"), CancellationToken::new());
    assert!(matches!(next(&mut outputs).await, Some(Output::Asking(_))));
    let mut alive = 0;
    while tokio::time::timeout(LIMIT, outputs.recv()).await.unwrap() == Some(Output::Alive) {
        alive += 1;
    }
    assert!(alive >= 2, "{alive}");
    assert_eq!(next(&mut outputs).await, Some(Output::Text("a".into())));
}

/// The error names the cause, and the next request is made without the beginning (llama.cpp).
#[tokio::test]
async fn a_refused_beginning_is_not_sent_again() {
    let (upstream, provider) = start([]).await;
    let case = json!({ "error": {
        "code": 400, "type": "invalid_request_error",
        "message": "An answer that is begun already cannot be continued while thinking is on.",
    } });
    upstream.script(refusing([(When::Begun, 400, case)]));
    let wish = talk(&[(User, "q"), (Assistant, "It was ")]);
    let outputs = ask(&provider, wish.clone()).await;
    let Some(Output::Refused { error, adjustment }) = outputs.last() else { panic!("{outputs:?}") };
    assert_eq!(*adjustment, Adjustment::WithoutBeginning);
    assert_eq!(error.code, ErrorCode::Provider(Beginning));
    let (made, outputs) = ask_until_it_ends(&provider, &wish).await;
    assert!(made.is_empty(), "it is remembered");
    assert_eq!(fold(&outputs).0, "You said: q");
}

/// No adjustment helps with these; each has its own kind of error.
#[tokio::test]
async fn refusals_without_an_adjustment_have_their_own_error_kind() {
    for (body, kind) in [
        (
            json!({ "error": { "message": "temperature must be at most 2", "param": "temperature" } }),
            Parameter,
        ),
        (
            json!({ "message": "roles must alternate between user and assistant", "code": 400 }),
            Roles,
        ),
    ] {
        let (_upstream, provider) = start([Step::json(400, &body)]).await;
        let mut wish = request("?");
        wish.system = String::new();
        wish.sampling.temperature = Some(3.0);
        assert_eq!(failure(&ask(&provider, wish).await).0, kind, "{body}");
    }
}

/// The hint names the settings of the endpoint in question.
#[tokio::test]
async fn a_hint_names_the_settings_of_the_failed_endpoint() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refusing = |status, body: &str| respond(status, &[], body);
    let model = r#"{"error":{"message":"The model does not exist","code":"model_not_found"}}"#;
    for (steps, own, table) in [
        (refusing(401, ""), "COMPANION_API_KEY", "`api_key_file` or `api_key_env` of"),
        (refusing(402, ""), "COMPANION_API_KEY", "`api_key_file` or `api_key_env` of"),
        (refusing(404, model), "COMPANION_MODEL", "`models` of"),
        (refusing(404, ""), "COMPANION_BASE_URL", "`base_url` of"),
        (refusing(301, ""), "COMPANION_BASE_URL", "`base_url` of"),
        (refusing(407, ""), "COMPANION_PROXY", "`proxy` of"),
        (Vec::new(), "COMPANION_BASE_URL", "`base_url` of"),
    ] {
        for name in ["openai", "azure"] {
            let upstream = Upstream::start().await.unwrap();
            upstream.script(Script::always(steps.clone()));
            let url = match steps.is_empty() {
                true => format!("http://{gone}/v1"),
                false => upstream.base_url(),
            };
            let config = OpenaiConfig { name: name.parse().unwrap(), ..config(&url) };
            let outputs = ask(&Openai::new(config).unwrap(), request("?")).await;
            let hint = failure(&outputs).1.hint.unwrap();
            let expected = if name == "azure" { table } else { own };
            assert!(hint.contains(expected) && !hint.contains('{'), "{hint}");
            let is_azures = hint.contains("the endpoint `azure` in companion.toml");
            assert_eq!(is_azures, name == "azure", "{hint}");
            assert_eq!(hint.contains("COMPANION_"), name == "openai", "{hint}");
        }
    }
}
