//! The API, the page of a turn and the head of a conversation show exactly what was sent, and what
//! was wanted but left out.

use protocol::api::{Interface, TurnInput};
use protocol::{Adjustment, Effort, Turn, TurnState, Worker};
use serde_json::{Value, json};
use upstream::{Rule, Script, Step, When};

use super::support::{Server, start};

/// No automatic retries.
const ONCE: &str = "retries = 0";
const FORM: &str = "application/x-www-form-urlencoded";

fn refuses(when: When, message: &str, param: &str, code: &str) -> Rule {
    let error = json!({
        "message": message, "type": "invalid_request_error", "param": param, "code": code,
    });
    Rule { when, reply: vec![Step::json(400, &json!({ "error": error }))] }
}

/// OpenAI's errors for models that do not reason, and for the temperature of those that do.
fn no_effort() -> Rule {
    let message = "Unsupported parameter: 'reasoning_effort' is not supported with this model.";
    let when = When::Has("reasoning_effort".into());
    refuses(when, message, "reasoning_effort", "unsupported_parameter")
}

fn no_high(pointer: &str) -> Rule {
    let message = "Unsupported value: 'reasoning_effort' does not support 'high' with this model. \
                   Supported values are: 'low', and 'medium'.";
    refuses(
        When::Is(pointer.into(), "high".into()),
        message,
        "reasoning_effort",
        "unsupported_value",
    )
}

fn no_temperature() -> Rule {
    let message = "Unsupported value: 'temperature' does not support 0.3 with this model.";
    refuses(When::Has("temperature".into()), message, "temperature", "unsupported_value")
}

fn plays(server: &Server, rules: Vec<Rule>) {
    server.upstream.script(Script { rules, ..Script::default() });
}

async fn wants(server: &Server, worker: &str, change: Value) -> (u16, Value) {
    let answer = server.client.patch(server.url(worker)).json(&change).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn asks(server: &Server, worker: &str, text: &str) -> Turn {
    let accepted = server.send(worker, text).await;
    server.ended(server.worker_id().await).await;
    let path = format!("{worker}/turns/{}", accepted.turn.turn_id);
    let turn: Turn = server.get(&path).send().await.unwrap().json().await.unwrap();
    assert_eq!(turn.state, TurnState::Completed, "{turn:?}");
    turn
}

async fn input(server: &Server, worker: &str, turn: &Turn) -> TurnInput {
    let path = format!("{worker}/turns/{}/input", turn.turn_id);
    server.get(&path).send().await.unwrap().json().await.unwrap()
}

/// The text of a page without its tags.
async fn page(server: &Server, path: &str) -> String {
    let page = server.get(path).send().await.unwrap().text().await.unwrap();
    let words = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, words)| words));
    words.collect::<String>().replace("&quot;", "\"").replace("&#x27;", "'").replace("&amp;", "&")
}

async fn details(server: &Server, turn: &Turn) -> String {
    page(server, &format!("/turns/{}/{}", server.worker_id().await, turn.turn_id)).await
}

async fn conversation(server: &Server) -> String {
    page(server, &format!("/c/{}", server.worker_id().await)).await
}

fn bodies(server: &Server) -> Vec<String> {
    let log = server.upstream.log();
    let answers = log.requests.iter().filter(|request| request.method == "POST");
    answers.filter_map(|request| request.text.clone()).collect()
}

fn effort(name: &str) -> Option<Effort> {
    Some(name.parse().unwrap())
}

/// The request that the API shows for the turn equals the newest one that arrived, byte for byte.
async fn is_told_as_it_came(server: &Server, worker: &str, turn: &Turn, interface: Interface) {
    let told = input(server, worker, turn).await.request.unwrap();
    assert_eq!((told.interface, &told.body), (interface, bodies(server).last().unwrap()));
    let page = details(server, turn).await;
    assert!(page.contains(&told.body), "{page}");
    let words = match interface {
        Interface::ChatCompletions => "sent to the endpoint’s Chat Completions API, byte for byte",
        Interface::Responses => "sent to the endpoint’s Responses API, byte for byte",
    };
    assert!(page.contains(words) && page.contains("Request as JSON"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_effort_is_shown_as_left_out_and_blocks_no_later_change() {
    let server = start(ONCE).await;
    let worker = server.worker().await;
    plays(&server, vec![no_effort()]);
    assert_eq!(wants(&server, &worker, json!({ "effort": "high" })).await.0, 200);
    assert!(conversation(&server).await.contains("thinking effort: High"));

    let first = asks(&server, &worker, "a").await;
    assert_eq!((&first.effort, &first.unsent.effort), (&None, &effort("high")));
    assert_eq!(first.retries[0].adjustment, Some(Adjustment::WithoutEffort));
    let second = asks(&server, &worker, "b").await;
    assert_eq!((&second.effort, &second.unsent.effort), (&None, &effort("high")));
    assert!(second.retries.is_empty(), "it is remembered");
    for turn in [&first, &second] {
        let page = details(&server, turn).await;
        let told = "not set (the endpoint doesn’t accept High)";
        assert!(page.contains(told), "{page}");
        assert_eq!(input(&server, &worker, turn).await.effort, None);
    }
    let page = conversation(&server).await;
    let told = "thinking effort: not set (the model doesn’t accept High)";
    assert_eq!(page.matches(told).count(), 3, "the header and each turn: {page}");
    assert!(!page.contains("thinking effort: High"), "{page}");

    // The choice is made with the page's form.
    let id = server.worker_id().await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let request = client.unwrap().post(server.url(&format!("/profile/{id}")));
    let request = request.header("origin", format!("http://{}", server.address));
    let form = "do=choose&profile=code&model=&effort=high";
    let answer = request.header("content-type", FORM).body(form).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let changed: Worker = server.get(&worker).send().await.unwrap().json().await.unwrap();
    assert_eq!((changed.profile.as_str(), changed.effort), ("code", effort("high")));
    assert!(conversation(&server).await.contains(&format!("scripted-model · {told}")));

    // Values that no such model takes are still refused, with a message that lists the allowed
    // ones.
    let (status, body) = wants(&server, &worker, json!({ "effort": "hihg" })).await;
    assert_eq!(status, 422);
    let words = format!("{} {}", body["error"]["message"], body["error"]["hint"]);
    assert!(!words.contains("/api/"), "{words}");
    let other = json!({ "model": "other", "effort": "xhigh" });
    let (status, body) = wants(&server, &worker, other).await;
    let message = body["error"]["message"].as_str().unwrap();
    assert_eq!(status, 422);
    assert!(message.ends_with("It accepts none, low, medium, high."), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nearest_accepted_effort_is_sent_and_shown() {
    for (lines, pointer) in
        [("", "/reasoning_effort"), ("api = \"responses\"", "/reasoning/effort")]
    {
        let server = start(&format!("{ONCE}\n{lines}")).await;
        let worker = server.worker().await;
        plays(&server, vec![no_high(pointer)]);
        assert_eq!(wants(&server, &worker, json!({ "effort": "high" })).await.0, 200);
        for (text, attempts) in [("a", 2), ("b", 1)] {
            let before = bodies(&server).len();
            let turn = asks(&server, &worker, text).await;
            assert_eq!(bodies(&server).len() - before, attempts);
            let sent: Value = serde_json::from_str(bodies(&server).last().unwrap()).unwrap();
            assert_eq!(sent.pointer(pointer), Some(&json!("medium")));
            assert_eq!(
                (turn.effort.as_ref(), &turn.unsent.effort),
                (effort("medium").as_ref(), &effort("high"))
            );
            let page = details(&server, &turn).await;
            assert!(page.contains("Medium (the model doesn’t accept High)"), "{page}");
        }
        let page = conversation(&server).await;
        assert!(
            page.contains("thinking effort: Medium (the closest to High that the model accepts)"),
            "{page}"
        );
        assert!(
            page.contains("Retried with the closest thinking effort that the model accepts."),
            "{page}"
        );
        let settings = page_of_settings(&server).await;
        assert!(settings.contains("only thinking effort low, medium"), "{settings}");
        // The models' list offers exactly what the model takes.
        let list: Value = server.get("/api/v1/models").send().await.unwrap().json().await.unwrap();
        assert_eq!(list["providers"][0]["models"][0]["efforts"], json!(["low", "medium"]));
    }
}

async fn page_of_settings(server: &Server) -> String {
    page(server, "/settings").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_that_were_left_out_are_not_shown_as_sent() {
    let server = start(ONCE).await;
    let worker = server.worker().await;
    plays(&server, vec![no_temperature()]);
    for text in ["a", "b"] {
        let turn = asks(&server, &worker, text).await;
        assert_eq!((turn.sampling.temperature, turn.sampling.top_p), (None, Some(0.9)));
        let unsent = turn.unsent.sampling;
        assert_eq!((unsent.temperature, unsent.top_p), (Some(0.3), None));
        let told = input(&server, &worker, &turn).await;
        assert_eq!((told.sampling, told.unsent.sampling), (turn.sampling, unsent));
        let page = details(&server, &turn).await;
        assert!(page.contains("Parameters senttop_p 0.9"), "{page}");
        assert!(page.contains("Requested but not senttemperature 0.3"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_request_is_shown_byte_for_byte_for_both_apis() {
    for (lines, interface) in
        [("", Interface::ChatCompletions), ("api = \"responses\"", Interface::Responses)]
    {
        let server = start(&format!("{ONCE}\n{lines}")).await;
        let worker = server.worker().await;
        plays(&server, Vec::new());
        let first = asks(&server, &worker, "Why 'this'? \"messages\":null").await;
        is_told_as_it_came(&server, &worker, &first, interface).await;
        let streams = refuses(
            When::Is("/stream".into(), true.into()),
            "Unsupported value: 'stream' does not support true with this model.",
            "stream",
            "unsupported_value",
        );
        let whole = match interface {
            Interface::ChatCompletions => json!({
                "object": "chat.completion",
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Whole." },
                              "finish_reason": "stop" }],
            }),
            Interface::Responses => json!({
                "object": "response", "status": "completed",
                "output": [{ "type": "message",
                             "content": [{ "type": "output_text", "text": "Whole." }] }],
            }),
        };
        let rules = vec![no_temperature(), streams];
        let replies = vec![vec![Step::json(200, &whole)]];
        server.upstream.script(Script { rules, replies, ..Script::default() });
        let second = asks(&server, &worker, "And now?\n").await;
        assert_eq!(second.retries.len(), 2, "{second:?}");
        is_told_as_it_came(&server, &worker, &second, interface).await;
        let newest: Value = serde_json::from_str(bodies(&server).last().unwrap()).unwrap();
        assert_eq!((&newest["stream"], newest.get("stream_options")), (&json!(false), None));
        let messages: Value =
            server.get(&format!("{worker}/transcript")).send().await.unwrap().json().await.unwrap();
        assert_eq!(messages["messages"][3]["text"], "Whole.");
    }
}

/// OpenAI's error for organizations that are not verified
/// (<https://github.com/continuedev/continue/issues/8209>).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_refuses_streaming_is_asked_without_it_from_then_on() {
    let server = start(ONCE).await;
    let worker = server.worker().await;
    let message = "Your organization must be verified to stream this model. Please go to: \
                   https://platform.openai.com/settings/organization/general and click on Verify \
                   Organization. If you just verified, it can take up to 15 minutes for access to \
                   propagate.";
    let streams = When::Is("/stream".into(), true.into());
    let rules = vec![refuses(streams, message, "stream", "unsupported_value")];
    let whole = json!({ "object": "chat.completion", "choices": [{ "index": 0,
        "message": { "role": "assistant", "content": "Whole." }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 3, "completion_tokens": 2 } });
    let replies = vec![vec![Step::json(200, &whole)], vec![Step::json(200, &whole)]];
    server.upstream.script(Script { rules, replies, ..Script::default() });
    let first = asks(&server, &worker, "a").await;
    let [retry] = &first.retries[..] else { panic!("{first:?}") };
    assert_eq!(retry.adjustment, Some(Adjustment::WithoutStream));
    let said = retry.error.said.as_ref().unwrap();
    assert!(said.contains("https://platform.openai.com/settings/organization/general"), "{said}");
    assert_eq!(first.usage.map(|usage| usage.completion_tokens), Some(2));
    let second = asks(&server, &worker, "b").await;
    assert!(second.retries.is_empty());
    assert_eq!(second.sight.unwrap().adjustments, [Adjustment::WithoutStream]);
    assert_eq!(bodies(&server).len(), 3);
    let page = conversation(&server).await;
    assert!(page.contains("Retried without stream."), "{page}");
    assert_eq!(page.matches("CompanionWhole.").count(), 2, "{page}");
}

/// An error about the model suggests another model and not a retry.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_error_for_a_model_without_chat_suggests_another_model() {
    let chat =
        "This is not a chat model and thus not supported in the v1/chat/completions endpoint.";
    let responses = "This model is only supported in v1/responses and not in v1/chat/completions.";
    let call = json!({ "choices": [{ "index": 0, "finish_reason": "tool_calls", "message": {
        "role": "assistant", "tool_calls": [{ "function": { "name": "rm" } }] } }] });
    let refusal = |message: &str| Step::json(404, &json!({ "error": { "message": message } }));
    for (step, title, hint) in [
        (refusal(chat), "This model isn't made for chat", "Choose another model."),
        (
            Step::json(200, &call),
            "The model called a tool instead of answering",
            "Choose another model.",
        ),
        (
            refusal(responses),
            "The endpoint offers this model only through its Responses API",
            "Set COMPANION_API to \"responses\", or choose another model.",
        ),
    ] {
        let server = start(ONCE).await;
        server.upstream.script(Script::always(vec![step]));
        let worker = server.worker().await;
        server.send(&worker, "Hello").await;
        let id = server.worker_id().await;
        server.ended(id).await;
        let html = server.get(&format!("/c/{id}")).send().await.unwrap().text().await.unwrap();
        let link = format!("<a href=\"/profile/{id}\" rel=\"external\">Choose another model</a>");
        assert!(html.contains(&link), "{html}");
        let words = conversation(&server).await;
        assert!(words.contains(title) && words.contains(hint), "{words}");
        assert!(!words.contains("Try again"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_answer_is_not_reported_as_an_unreachable_model() {
    let server = start(ONCE).await;
    let begun = json!({ "choices": [{ "index": 0, "delta": { "content": "Half " } }] });
    let steps = vec![Step::Stream, Step::Data { json: begun }, Step::Close];
    server.upstream.script(Script::always(steps));
    let worker = server.worker().await;
    server.send(&worker, "Hello").await;
    server.ended(server.worker_id().await).await;
    let words = conversation(&server).await;
    assert!(
        words.contains("The connection to the endpoint ended before the answer was complete"),
        "{words}"
    );
    assert!(!words.contains("refused the connection"), "{words}");
    server.upstream.refuse().await;
    server.send(&worker, "And now?").await;
    server.ended(server.worker_id().await).await;
    assert!(conversation(&server).await.contains("The endpoint refused the connection"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_below_the_model_list_name_the_endpoint_and_empty_groups_are_hidden() {
    let table = "[[endpoint]]\nname = \"house\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    let server = start(&format!("{ONCE}\n{table}")).await;
    let html = server.get("/new").send().await.unwrap().text().await.unwrap();
    assert!(!html.contains("<optgroup label=\"house\""), "{html}");
    let words = page(&server, "/new").await;
    assert!(words.contains("house: The endpoint refused the connection. "), "{words}");
    // The list of its own models is on the page.
    assert!(html.contains("<optgroup label=\"configured endpoint\""), "{html}");
}
