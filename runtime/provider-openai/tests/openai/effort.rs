//! Endpoints that refuse an effort, or the thinking of earlier answers, in the form in which it was
//! sent. Each test names its source.

use protocol::api::InputRole::{Assistant, User};
use protocol::{Adjustment, Effort};
use provider_openai::{EffortForm, ModelSettings, ModelTable};
use upstream::{Rule, When};

use super::cases::{ask_until_it_ends, refusing};
use super::*;

fn names(efforts: &[Effort]) -> Vec<&str> {
    efforts.iter().map(Effort::as_str).collect()
}

fn asking_for(effort: &str) -> Request {
    Request { effort: Some(effort.parse().unwrap()), ..request("?") }
}

fn last_sent(upstream: &Upstream) -> serde_json::Value {
    requested(&upstream.log()).pop().unwrap()
}

/// OpenAI; xAI (hermes-agent#23435). Groq and Mistral use other words (`refusal/tests`).
#[tokio::test]
async fn a_refused_effort_is_left_out_and_no_longer_offered() {
    let (upstream, provider) = start([]).await;
    let body = json!({ "error": {
        "message": "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
        "type": "invalid_request_error", "param": "reasoning_effort", "code": "unsupported_parameter",
    } });
    upstream.script(refusing([(When::Has("reasoning_effort".into()), 400, body)]));
    assert_eq!(names(&provider.efforts("m")), ["none", "low", "medium", "high"]);
    let (made, outputs) = ask_until_it_ends(&provider, &asking_for("low")).await;
    assert_eq!(made, [Adjustment::WithoutEffort]);
    assert_eq!(fold(&outputs).0, "You said: ?");
    assert!(provider.efforts("m").is_empty());
    assert_eq!(names(&provider.efforts("other")), ["none", "low", "medium", "high"]);
    let (made, outputs) = ask_until_it_ends(&provider, &asking_for("high")).await;
    let known = [Adjustment::WithoutEffort];
    assert!(made.is_empty());
    assert!(matches!(&outputs[0], Output::Asking(shown) if shown.adjustments == known));
}

/// If one value is refused, the other values are still offered.
#[tokio::test]
async fn a_refused_effort_value_leaves_the_others_offered() {
    let (upstream, provider) = start([]).await;
    let body = json!({ "error": { "message": "Invalid value for `reasoning_effort`." } });
    let once =
        Rule { when: When::Has("reasoning_effort".into()), reply: vec![Step::json(400, &body)] };
    upstream.script(Script { rules: vec![once], ..Script::default() });
    assert_eq!(
        ask_until_it_ends(&provider, &asking_for("none")).await.0,
        [Adjustment::WithoutEffort]
    );
    assert_eq!(names(&provider.efforts("m")), ["low", "medium", "high"]);
    upstream.script(Script::default());
    assert!(ask_until_it_ends(&provider, &asking_for("low")).await.0.is_empty());
    assert_eq!(last_sent(&upstream)["reasoning_effort"], "low");
    assert!(ask_until_it_ends(&provider, &asking_for("none")).await.0.is_empty());
    assert_eq!(last_sent(&upstream).get("reasoning_effort"), None);
}

#[tokio::test]
async fn each_model_gets_the_effort_in_its_own_form() {
    let upstream = Upstream::start().await.unwrap();
    let mut config = config(&upstream.base_url());
    let table = |names: &str, reasoning, efforts: &[&str]| ModelTable {
        names: names.parse().unwrap(),
        settings: ModelSettings {
            reasoning,
            efforts: efforts.iter().map(|effort| effort.parse().unwrap()).collect(),
            ..ModelSettings::default()
        },
    };
    config.model_tables = vec![
        table("qwen*", EffortForm::EnableThinking, &[]),
        table("o*", EffortForm::ReasoningEffort, &["minimal", "xhigh"]),
    ];
    let provider = Openai::new(config).unwrap();
    let asked = async |model: &str, effort: &str| {
        let wish = Request { model: model.into(), ..asking_for(effort) };
        ask(&provider, wish).await;
        last_sent(&upstream)
    };
    let sent = asked("qwen3", "none").await;
    assert_eq!(sent["chat_template_kwargs"], json!({ "enable_thinking": false }));
    assert_eq!(asked("o9", "minimal").await["reasoning_effort"], "minimal");
    assert_eq!(names(&provider.efforts("o9")), ["minimal", "xhigh"]);
    assert_eq!(asked("gpt", "low").await["reasoning_effort"], "low");
}

fn thoughtful() -> Request {
    let answer = |text: &str, reasoning: &str| InputMessage {
        reasoning: reasoning.into(),
        ..InputMessage::new(Assistant, text)
    };
    let messages = vec![
        InputMessage::new(User, "a"),
        answer("b", "Hm."),
        InputMessage::new(User, "c"),
        answer("d", ""),
        InputMessage::new(User, "e"),
    ];
    Request { messages, ..request("") }
}

fn sent_thinking(upstream: &Upstream) -> Vec<Option<String>> {
    let sent = last_sent(upstream);
    let messages = sent["messages"].as_array().unwrap().iter();
    let answers = messages.filter(|message| message["role"] == "assistant");
    answers.map(|answer| answer["reasoning_content"].as_str().map(str::to_owned)).collect()
}

/// DeepSeek V4 refused every further message without it (crush#2754, opencode#24901).
#[tokio::test]
async fn required_reasoning_is_sent_from_then_on() {
    let (upstream, provider) = start([]).await;
    let body = json!({ "error": {
        "message": "The `reasoning_content` in the thinking mode must be passed back to the API.",
        "type": "invalid_request_error", "param": null, "code": "invalid_request_error",
    } });
    upstream.script(refusing([(When::Unreasoned, 400, body)]));
    let (made, outputs) = ask_until_it_ends(&provider, &thoughtful()).await;
    assert_eq!(made, [Adjustment::WithReasoning]);
    assert!(matches!(&outputs[0], Output::Asking(shown) if shown.reasoning));
    assert_eq!(sent_thinking(&upstream), [Some("Hm.".into()), Some(String::new())]);
    assert!(ask_until_it_ends(&provider, &thoughtful()).await.0.is_empty());
    // The first question has no thinking to send, so no adjustment is reported.
    let first = ask(&provider, request("?")).await;
    assert!(matches!(&first[0], Output::Asking(shown) if shown.adjustments.is_empty()));
}

/// Mistral (crush#1590); Cerebras.
#[tokio::test]
async fn refused_reasoning_is_left_out_from_then_on() {
    let mistral = json!({ "detail": [{
        "type": "extra_forbidden", "msg": "Extra inputs are not permitted", "input": "Hm.",
        "loc": ["body", "messages", 1, "assistant", "reasoning_content"],
    }] });
    let cerebras = json!({ "message": "body.messages.1.assistant: property 'reasoning_content' is unsupported",
        "type": "invalid_request_error", "param": "messages", "code": "wrong_api_format" });
    for (status, body) in [(422, mistral), (400, cerebras)] {
        let (upstream, provider) = start([]).await;
        upstream.script(refusing([(When::Reasoned, status, body)]));
        let wish = Request { send_reasoning: true, ..thoughtful() };
        let (made, outputs) = ask_until_it_ends(&provider, &wish).await;
        assert_eq!(made, [Adjustment::WithoutReasoning]);
        assert!(matches!(&outputs[0], Output::Asking(shown) if !shown.reasoning));
        assert_eq!(sent_thinking(&upstream), [None, None]);
        assert!(ask_until_it_ends(&provider, &wish).await.0.is_empty());
    }
}

/// Nothing is sent before the log has it, and the log has what is about to be sent even if the
/// endpoint refuses it.
#[tokio::test]
async fn a_request_is_sent_only_after_it_is_recorded() {
    let (upstream, provider) = start([Step::json(401, &json!({ "error": "No." }))]).await;
    let wish = Request { recorded: Recorded::default(), ..request("?") };
    let mut outputs = provider.generate(wish, CancellationToken::new());
    assert_eq!(shown(&next(&mut outputs).await.unwrap()), Shown::default());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(requested(&upstream.log()).is_empty() && outputs.try_recv().is_err());
    drop(outputs);

    let outputs = ask(&provider, request("?")).await;
    assert!(matches!(&outputs[..], [Output::Asking(_), Output::Failed(_)]), "{outputs:?}");
}

/// The effort nearest to the one that was asked for is sent, until the model refuses that one, too
/// (CLIProxyAPI#1307, mistral-vibe#1117).
#[tokio::test]
async fn the_nearest_value_that_a_refusal_lists_is_sent() {
    let (upstream, provider) = start([]).await;
    let refuses = |value: &str, message: &str| {
        let body = json!({ "error": { "message": message } });
        (When::Is("/reasoning_effort".into(), value.into()), 400, body)
    };
    let high = "Validation error for `reasoning_effort`: expected one of `'low' | 'medium'`, received `'high'`.";
    upstream.script(refusing([refuses("high", high)]));
    let (made, outputs) = ask_until_it_ends(&provider, &asking_for("high")).await;
    assert_eq!(made, [Adjustment::NearestEffort]);
    let told_instead = shown(&outputs[0]);
    assert_eq!(told_instead.effort.as_ref().map(Effort::as_str), Some("medium"));
    assert_eq!(told_instead.adjustments, [Adjustment::NearestEffort]);
    assert_eq!(last_sent(&upstream)["reasoning_effort"], "medium");
    // Later requests follow what was learned, and the accepted efforts are offered.
    assert_eq!(names(&provider.efforts("m")), ["low", "medium"]);
    for (asked, sent) in [("xhigh", "medium"), ("none", "low"), ("low", "low")] {
        assert!(ask_until_it_ends(&provider, &asking_for(asked)).await.0.is_empty(), "{asked}");
        assert_eq!(last_sent(&upstream)["reasoning_effort"], sent, "{asked}");
    }
    let asked: Effort = "high".parse().unwrap();
    assert!(provider.takes("m", &asked), "it may be chosen all the same");
    assert_eq!(provider.effort_sent("m", &asked).as_ref().map(Effort::as_str), Some("medium"));

    // A model that refuses an effort that it claimed to accept is sent none.
    let medium =
        "`reasoning_effort` 'medium' is not supported. Supported values: ['medium', 'low']";
    upstream.script(refusing([refuses("high", high), refuses("medium", medium)]));
    let (made, _) = ask_until_it_ends(&provider, &asking_for("high")).await;
    assert_eq!(made, [Adjustment::WithoutEffort]);
    assert_eq!(last_sent(&upstream).get("reasoning_effort"), None);
    assert!(ask_until_it_ends(&provider, &asking_for("high")).await.0.is_empty());
}
