//! Whole conversations with an endpoint that is as strict as real ones: every message is answered,
//! and the API shows what the endpoint received (invariants 8 and 12).

use protocol::api::{AskAgain, InputRole, TurnInput};
use protocol::{Adjustment, Effort, Transcript, Turn, TurnId, TurnState};
use serde_json::{Value, json};
use upstream::{Answer, Rule, Script, Step, When};

use super::support::{Server, start};

/// No automatic retries.
const ONCE: &str = "retries = 0";

fn refuses(when: When, message: &str) -> Rule {
    let body =
        json!({ "object": "error", "message": message, "type": "BadRequestError", "code": 400 });
    Rule { when, reply: vec![Step::json(400, &body)] }
}

/// The rules of Gemma's and Mistral's chat templates, and of Anthropic.
fn strict() -> Vec<Rule> {
    vec![
        refuses(When::NotAlternating, "roles have to alternate between user and assistant"),
        refuses(When::Blank, "text content blocks must be non-empty"),
        refuses(When::BegunInSpace, "final assistant content cannot end with trailing whitespace"),
    ]
}

fn says(text: &str) -> Vec<Step> {
    vec![Step::Answer(Answer { text: Some(text.to_owned()), ..Answer::default() })]
}

async fn turn(server: &Server, worker: &str, id: TurnId) -> Turn {
    server.ended(server.worker_id().await).await;
    server.get(&format!("{worker}/turns/{id}")).send().await.unwrap().json().await.unwrap()
}

/// Sends a message and waits for the end of its turn.
async fn asks(server: &Server, worker: &str, text: &str) -> Turn {
    let accepted = server.send(worker, text).await;
    turn(server, worker, accepted.turn.turn_id).await
}

/// The messages of the newest request; they must equal those that the API shows for the turn.
async fn sent(server: &Server, worker: &str, turn: &Turn) -> Vec<(String, String)> {
    let path = format!("{worker}/turns/{}/input", turn.turn_id);
    let told: TurnInput = server.get(&path).send().await.unwrap().json().await.unwrap();
    let role = |role| match role {
        InputRole::System => "system",
        InputRole::User => "user",
        InputRole::Assistant => "assistant",
    };
    let told: Vec<_> =
        told.messages.into_iter().map(|m| (role(m.role).to_owned(), m.text)).collect();
    let log = server.upstream.log();
    let request = log.requests.iter().rfind(|request| request.method == "POST").unwrap();
    let messages = request.body.as_ref().unwrap()["messages"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let got: Vec<_> = messages.iter().map(|m| (word(&m["role"]), word(&m["content"]))).collect();
    assert_eq!(told, got);
    got
}

async fn transcript(server: &Server, worker: &str) -> Transcript {
    server.get(&format!("{worker}/transcript")).send().await.unwrap().json().await.unwrap()
}

/// The turn was cancelled before the first text, which made every later message fail in another
/// program (mistral-vibe#1006).
#[tokio::test]
async fn a_conversation_goes_on_after_a_turn_cancelled_before_its_first_text() {
    let server = start(ONCE).await;
    let worker = server.worker().await;
    let replies = vec![vec![Step::Silent], says("Second answer."), says("Third answer.")];
    server.upstream.script(Script { replies, rules: strict(), ..Script::default() });
    let first = server.send(&worker, "first").await;
    server.upstream.wait(|log| log.requests.iter().any(|r| r.method == "POST")).await;
    server.post(&format!("{worker}/cancel")).send().await.unwrap();
    let first = turn(&server, &worker, first.turn.turn_id).await;
    assert_eq!(first.state, TurnState::Cancelled);

    let second = asks(&server, &worker, "second").await;
    assert_eq!(second.state, TurnState::Completed, "{second:?}");
    let got = sent(&server, &worker, &second).await;
    assert_eq!(got[1..], [("user".into(), "first\n\nsecond".into())]);
    let third = asks(&server, &worker, "third").await;
    assert_eq!(third.state, TurnState::Completed, "{third:?}");
    assert_eq!(sent(&server, &worker, &third).await.len(), 4);
    // The log is unchanged.
    assert_eq!(transcript(&server, &worker).await.messages.len(), 6);
}

/// One answer is blank, and another one ends in line breaks and is continued.
#[tokio::test]
async fn blank_answers_are_not_sent_and_a_continued_answer_is_sent_trimmed() {
    let server = start(ONCE).await;
    let worker = server.worker().await;
    let cut = Answer { finish: "length".into(), ..Answer::pieces(["One.\n\n"]) };
    let replies = vec![says("\n\n"), vec![Step::Answer(cut)], says("\n\nTwo.")];
    server.upstream.script(Script { replies, rules: strict(), ..Script::default() });
    asks(&server, &worker, "a").await;
    let second = asks(&server, &worker, "b").await;
    assert_eq!(sent(&server, &worker, &second).await[1..], [("user".into(), "a\n\nb".into())]);

    let id = TurnId::from_parts(1_763_800_000_000, [7; 10]);
    let wish = AskAgain { continues: Some(second.answer), ..AskAgain::new(id, second.question) };
    let path = format!("{worker}/turns");
    assert_eq!(server.post(&path).json(&wish).send().await.unwrap().status(), 202);
    let third = turn(&server, &worker, id).await;
    assert_eq!(third.state, TurnState::Completed, "{third:?}");
    let last = sent(&server, &worker, &third).await.pop().unwrap();
    assert_eq!(last, ("assistant".into(), "One.".into()));
    let messages = transcript(&server, &worker).await.messages;
    assert_eq!(messages.last().unwrap().text, "One.\n\nTwo.");
}

/// The list of models does not tell the window's size; six turns of some 1,600 characters each
/// exceed it.
#[tokio::test]
async fn an_unknown_window_is_learned_and_every_message_is_answered() {
    let server = start(ONCE).await;
    let worker = server.worker().await;
    let mut rules = strict();
    let message = "the maximum context length is 2048 tokens, the messages have 2311";
    rules.push(refuses(When::Longer { than: 2_048 * 3, model: None }, message));
    server.upstream.script(Script { rules, ..Script::default() });
    let mut adjustments = Vec::new();
    for n in 0..6 {
        let asked = asks(&server, &worker, &format!("{n} ").repeat(800)).await;
        assert_eq!(asked.state, TurnState::Completed, "{n}: {asked:?}");
        let made = asked.retries.iter().filter_map(|retry| retry.adjustment);
        adjustments.extend(made);
        let got = sent(&server, &worker, &asked).await;
        assert!(got.last().unwrap().1.starts_with(&format!("{n} {n}")));
        if !adjustments.is_empty() {
            let sight = asked.sight.as_ref().unwrap();
            assert_eq!(sight.window_tokens, Some(2_048));
            assert!(sight.left_out > 0, "what was left out is shown");
        }
    }
    assert_eq!(adjustments, [Adjustment::FewerMessages], "once, for it is remembered");
}

/// A refused parameter is shown by the API and on the page (new-api#418).
#[tokio::test]
async fn a_refusal_is_shown_with_the_endpoints_message_and_remembered() {
    let server = start(ONCE).await;
    let worker = server.worker().await;
    let words = "Unknown parameter: 'stream_options'. Ask me@firm.example, key sk-live-123456.";
    let rules = vec![refuses(When::Has("stream_options".into()), words)];
    server.upstream.script(Script { rules, ..Script::default() });
    let first = asks(&server, &worker, "a").await;
    assert_eq!(first.state, TurnState::Completed, "{first:?}");
    let [retry] = &first.retries[..] else { panic!("{first:?}") };
    assert_eq!((retry.adjustment, retry.wait_ms), (Some(Adjustment::WithoutStreamOptions), 0));
    let said = "Unknown parameter: 'stream_options'. Ask [e-mail], key [key].";
    assert_eq!(retry.error.said.as_deref(), Some(said));
    let page = server.get(&format!("/c/{}", server.worker_id().await)).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("Retried without stream_options."), "{page}");
    assert!(page.contains("[e-mail]") && !page.contains("sk-live"));

    let second = asks(&server, &worker, "b").await;
    assert!(second.retries.is_empty());
    assert_eq!(second.sight.unwrap().adjustments, [Adjustment::WithoutStreamOptions]);
}

/// In each of these turns the endpoint received the prompt, and the page shows the request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sent_request_is_shown_however_the_turn_ends() {
    let server = start("retries = 2\nretry_ms = 1\nfirst_token_ms = 1000\n").await;
    let worker = server.worker().await;
    let id = server.worker_id().await;
    let failing = |status| vec![Step::json(status, &json!({ "error": { "message": "No." } }))];
    for (n, (reply, attempts)) in [
        (failing(500), 3),
        (failing(401), 1),
        (failing(429), 3),
        (vec![Step::Silent], 1),
        (vec![Step::Stream, Step::Silent], 1),
    ]
    .into_iter()
    .enumerate()
    {
        server.upstream.script(Script { replies: vec![reply], ..Script::default() });
        let before = server.upstream.log().requests.len();
        let text = format!("question {n}");
        let ended = asks(&server, &worker, &text).await;
        assert_ne!(ended.state, TurnState::Completed, "{ended:?}");
        let log = server.upstream.log();
        let posts = log.requests[before..].iter().filter(|request| request.method == "POST");
        assert_eq!(posts.count(), attempts, "{ended:?}");
        let got = sent(&server, &worker, &ended).await;
        assert!(got.last().unwrap().1.ends_with(&text), "{got:?}");
        let page = server.get(&format!("/turns/{id}/{}", ended.turn_id)).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert!(page.contains(&text) && !page.contains("Nothing was sent"), "{page}");
        let conversation = server.get(&format!("/c/{id}")).send().await.unwrap();
        let link = format!("/turns/{id}/{}", ended.turn_id);
        assert!(conversation.text().await.unwrap().contains(&link), "the way to it");
    }

    // Cancelled before the first text.
    let silent = vec![Step::Stream, Step::Silent];
    server.upstream.script(Script { replies: vec![silent], ..Script::default() });
    let posts = |log: &upstream::Log| {
        log.requests.iter().filter(|request| request.method == "POST").count()
    };
    let before = posts(&server.upstream.log());
    let accepted = server.send(&worker, "stopped").await;
    while posts(&server.upstream.log()) == before {
        tokio::task::yield_now().await;
    }
    server.post(&format!("{worker}/cancel")).send().await.unwrap();
    let ended = turn(&server, &worker, accepted.turn.turn_id).await;
    assert_eq!(ended.state, TurnState::Cancelled);
    assert!(sent(&server, &worker, &ended).await.last().unwrap().1.ends_with("stopped"));

    // Without a listening endpoint, no request was sent.
    server.upstream.refuse().await;
    let ended = asks(&server, &worker, "nobody").await;
    let page = server.get(&format!("/turns/{id}/{}", ended.turn_id)).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("Nothing was sent to a model in this turn"));
}

async fn posts_form(server: &Server, path: &str, form: &str) -> reqwest::Response {
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let posted = server.post(path).header(kind.0, kind.1).body(form.to_owned());
    posted.send().await.unwrap()
}

/// Without JavaScript: the fields of the page that chooses, and the page of the sent input.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effort_a_temperature_and_instructions_are_set_by_a_form_and_sent() {
    let server = start(ONCE).await;
    let id = server.worker_id().await;
    let worker = server.worker().await;
    let choice = format!("/profile/{id}");
    let page = server.get(&choice).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("name=\"effort\"") && page.contains("value=\"medium\""), "{page}");
    assert!(page.contains("name=\"instructions\""), "{page}");
    let form =
        "do=choose&profile=companion&model=&effort=low&temperature=0.3&instructions=Be%20brief.";
    let done = posts_form(&server, &choice, form).await;
    assert!(done.status().is_redirection() || done.status().is_success(), "{done:?}");
    let ended = asks(&server, &worker, "Quick.").await;
    assert_eq!(ended.effort.as_ref().map(Effort::as_str), Some("low"));
    let log = server.upstream.log();
    let request = log.requests.iter().rfind(|request| request.method == "POST").unwrap();
    let body = request.body.as_ref().unwrap();
    assert_eq!((&body["reasoning_effort"], &body["temperature"]), (&json!("low"), &json!(0.3)));
    let system = body["messages"][0]["content"].as_str().unwrap();
    assert!(system.ends_with("\n\nBe brief."), "{system}");
    let page = server.get(&choice).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(">Be brief.</textarea>") && page.contains("value=\"0.3\""), "{page}");
    let page = server.get(&format!("/turns/{id}/{}", ended.turn_id)).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("<dt>Thinking effort</dt><dd>Low</dd>"), "{page}");
    assert!(page.contains("Earlier thinking") && page.contains("not sent"), "{page}");
}

/// The form of *Answer now*, as a browser without JavaScript sends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_now_form_uses_less_effort() {
    let server = start(ONCE).await;
    let id = server.worker_id().await;
    let worker = server.worker().await;
    let thinks = Answer {
        pieces: Vec::new(),
        text: Some(String::new()),
        reasoning: Some("Hm. Hm.".into()),
        finish: "length".into(),
        ..Answer::default()
    };
    let replies = vec![vec![Step::Answer(thinks)], says("Four.")];
    server.upstream.script(Script { replies, ..Script::default() });
    let first = asks(&server, &worker, "Two and two?").await;
    let page = server.get(&format!("/c/{id}")).send().await.unwrap().text().await.unwrap();
    let now = format!("name=\"answer_now\" value=\"{}\"", first.turn_id);
    assert!(page.contains(&now), "{page}");
    let again = "019aabcd-0123-7abc-8def-0123456789ab";
    let (question, before) = (first.question, first.turn_id);
    let form = format!("do=again&id={again}&question={question}&answer_now={before}");
    posts_form(&server, &format!("/c/{id}"), &form).await;
    let second = turn(&server, &worker, again.parse().unwrap()).await;
    assert_eq!((second.state, second.effort), (TurnState::Completed, Some(Effort::none())));
    let log = server.upstream.log();
    let request = log.requests.iter().rfind(|request| request.method == "POST").unwrap();
    assert_eq!(request.body.as_ref().unwrap()["reasoning_effort"], "none");
}

/// Without JavaScript: one more answer with another temperature, and a form that is filled in wrongly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_asked_for_with_other_settings_by_a_form() {
    let server = start(ONCE).await;
    let id = server.worker_id().await;
    let worker = server.worker().await;
    let first = asks(&server, &worker, "One?").await;
    let path = format!("/turns/{id}/{}/again", first.turn_id);
    let page = server.get(&path).send().await.unwrap().text().await.unwrap();
    let question = format!("name=\"question\" value=\"{}\"", first.question);
    assert!(page.contains(&question) && page.contains("name=\"temperature\""), "{page}");

    let again = "019aabcd-0123-7abc-8def-0123456789ab";
    let form = |model: &str, temperature: &str| {
        let question = first.question;
        format!(
            "do=again&id={again}&question={question}&model={model}&effort=&temperature={temperature}"
        )
    };
    for (model, temperature, words) in [
        ("", "9", "temperature has to be a number from 0 to 2"),
        ("", "hot", "temperature has to be a number from 0 to 2"),
        ("elsewhere%2Fx", "1", "elsewhere"),
        ("no-provider", "1", "form couldn’t be read"),
    ] {
        let answer = posts_form(&server, &path, &form(model, temperature)).await;
        assert_eq!(answer.status(), 422, "{model} {temperature}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(words), "{model} {temperature}: {page}");
        assert!(page.contains(&format!("value=\"{temperature}\"")), "what was typed: {page}");
    }
    posts_form(&server, &path, &form("openai%2Fother", "0%2C5")).await;
    let second = turn(&server, &worker, again.parse().unwrap()).await;
    assert_eq!((second.state, second.model.as_str()), (TurnState::Completed, "other"));
    let log = server.upstream.log();
    let request = log.requests.iter().rfind(|request| request.method == "POST").unwrap();
    let body = request.body.as_ref().unwrap();
    assert_eq!((&body["model"], &body["temperature"]), (&json!("other"), &json!(0.5)));

    for missing in ["/turns/x/y/again".to_owned(), format!("/turns/{id}/{again}x/again")] {
        assert_eq!(server.get(&missing).send().await.unwrap().status(), 404, "{missing}");
    }
}
