//! Builds the request for chat completions; [`responses`] builds the one for the Responses API.

use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
    ChatCompletionStreamOptions,
};
use protocol::Effort;
use protocol::api::{InputMessage, InputRole};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::config::Api;
use super::models::EffortForm;
use super::plan::Plan;
use super::refusal::Parameter;

pub(crate) mod kept;
pub(crate) mod responses;

/// Serializes the body of a request, exactly as it is sent.
pub(crate) fn text(plan: &Plan, model: &str) -> Option<String> {
    // Serializing cannot fail: all keys are texts, and no serializer of these types fails.
    match plan.api {
        Api::Chat => serde_json::to_string(&body(plan, model)),
        Api::Responses => serde_json::to_string(&responses::body(plan, model)),
    }
    .ok()
}

/// A request with the fields that compatible servers know beside OpenAI's own.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    messages: Vec<Message>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<ChatCompletionStreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    /// The reasoning effort, in the form that the model accepts.
    #[serde(flatten)]
    effort: Map<String, Value>,
}

#[derive(Serialize)]
struct Message {
    #[serde(flatten)]
    message: ChatCompletionRequestMessage,
    /// The thinking of an answer, in the field that DeepSeek named
    /// (<https://api-docs.deepseek.com/guides/thinking_mode>). If thinking is sent, an answer that
    /// has none gets an empty one, because DeepSeek requires the field for every answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
}

/// The request for a plan.
pub(crate) fn body<'a>(plan: &Plan, model: &'a str) -> Body<'a> {
    let sampling = plan.sampling;
    let sent = |parameter: Parameter| plan.sent.parameters.contains(&parameter);
    let options =
        ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None };
    Body {
        model,
        messages: messages(&plan.messages, plan.reasoning),
        stream: plan.streams(),
        stream_options: sent(Parameter::StreamOptions).then_some(options),
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        seed: sampling.seed,
        max_completion_tokens: sampling.max_tokens.filter(|_| sent(Parameter::MaxCompletionTokens)),
        max_tokens: sampling.max_tokens.filter(|_| sent(Parameter::MaxTokens)),
        effort: plan.effort.as_ref().map(|(form, told)| effort(*form, told)).unwrap_or_default(),
    }
}

/// The messages; with `reasoning`, the answers have their thinking beside them.
fn messages(all: &[InputMessage], reasoning: bool) -> Vec<Message> {
    let message = |message: &InputMessage| Message {
        message: self::message(message),
        reasoning_content: (reasoning && message.role == InputRole::Assistant)
            .then(|| message.reasoning.clone()),
    };
    all.iter().map(message).collect()
}

/// The field that sets the reasoning effort.
fn effort(form: EffortForm, effort: &Effort) -> Map<String, Value> {
    let (name, on) = (effort.as_str(), !effort.is_none());
    let (field, value) = match form {
        EffortForm::ReasoningEffort => ("reasoning_effort", json!(name)),
        EffortForm::EnableThinking => ("chat_template_kwargs", json!({ "enable_thinking": on })),
        EffortForm::Thinking => ("chat_template_kwargs", json!({ "thinking": on })),
        EffortForm::Openrouter if on => ("reasoning", json!({ "effort": name })),
        EffortForm::Openrouter => ("reasoning", json!({ "enabled": false })),
        EffortForm::ThinkingType => {
            ("thinking", json!({ "type": if on { "enabled" } else { "disabled" } }))
        }
        EffortForm::None => return Map::new(),
    };
    Map::from_iter([(field.to_owned(), value)])
}

fn message(message: &InputMessage) -> ChatCompletionRequestMessage {
    let text = message.text.as_str();
    match message.role {
        InputRole::System => ChatCompletionRequestSystemMessage::from(text).into(),
        InputRole::User => ChatCompletionRequestUserMessage::from(text).into(),
        InputRole::Assistant => ChatCompletionRequestAssistantMessage::from(text).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::OpenaiConfig;
    use super::super::learned::Habits;
    use super::super::models::{MaxTokensField, ModelSettings};
    use super::super::plan::{Facts, plan};
    use super::*;
    use protocol::api::Sampling;
    use protocol::{Adjustment, TurnId};
    use provider::{Recorded, Request};

    fn sent(is_openai: bool, adjustments: &[Adjustment]) -> Value {
        let config = OpenaiConfig::new("http://host");
        let habits = Habits { adjustments: adjustments.to_vec(), ..Habits::default() };
        let settings = ModelSettings::default();
        let facts =
            Facts { config: &config, settings: &settings, listed: None, is_openai, api: Api::Chat };
        serde_json::to_value(body(&plan(&asked(), facts, &habits).unwrap(), "m")).unwrap()
    }

    fn asked() -> Request {
        Request {
            turn_id: TurnId::from_parts(0, [0; 10]),
            model: "m".into(),
            system: "Be brief.".into(),
            messages: vec![InputMessage::new(InputRole::User, "Hi")],
            sampling: Sampling {
                temperature: Some(0.7),
                top_p: None,
                seed: Some(7),
                max_tokens: Some(9),
            },
            effort: None,
            send_reasoning: false,
            made: Vec::new(),
            recorded: Recorded::already(),
        }
    }

    /// What is sent with these settings, reduced to `fields`.
    fn sent_by(
        settings: &ModelSettings,
        request: &Request,
        adjustments: &[Adjustment],
        fields: &[&str],
    ) -> Value {
        let config = OpenaiConfig::new("http://host");
        let habits = Habits { adjustments: adjustments.to_vec(), ..Habits::default() };
        let facts =
            Facts { config: &config, settings, listed: None, is_openai: false, api: Api::Chat };
        let sent = body(&plan(request, facts, &habits).unwrap(), "m");
        let Value::Object(mut sent) = serde_json::to_value(sent).unwrap() else { unreachable!() };
        sent.retain(|field, _| fields.contains(&field.as_str()));
        Value::Object(sent)
    }

    #[test]
    fn an_effort_is_sent_in_the_configured_form() {
        use EffortForm as F;
        const FIELDS: &[&str] =
            &["reasoning_effort", "chat_template_kwargs", "reasoning", "thinking"];
        for (reasoning, effort, expected) in [
            (F::ReasoningEffort, "low", json!({ "reasoning_effort": "low" })),
            (F::ReasoningEffort, "none", json!({ "reasoning_effort": "none" })),
            (
                F::EnableThinking,
                "high",
                json!({ "chat_template_kwargs": { "enable_thinking": true } }),
            ),
            (
                F::EnableThinking,
                "none",
                json!({ "chat_template_kwargs": { "enable_thinking": false } }),
            ),
            (F::Thinking, "none", json!({ "chat_template_kwargs": { "thinking": false } })),
            (F::Openrouter, "xhigh", json!({ "reasoning": { "effort": "xhigh" } })),
            (F::Openrouter, "none", json!({ "reasoning": { "enabled": false } })),
            (F::ThinkingType, "high", json!({ "thinking": { "type": "enabled" } })),
            (F::ThinkingType, "none", json!({ "thinking": { "type": "disabled" } })),
            (F::None, "low", json!({})),
        ] {
            let settings = ModelSettings { reasoning, ..ModelSettings::default() };
            let request = Request { effort: Some(effort.parse().unwrap()), ..asked() };
            assert_eq!(sent_by(&settings, &request, &[], FIELDS), expected, "{reasoning:?}");
            let without = sent_by(&settings, &request, &[Adjustment::WithoutEffort], FIELDS);
            assert_eq!(without, json!({}));
            assert_eq!(sent_by(&settings, &asked(), &[], FIELDS), json!({}), "the model's own");
        }
    }

    #[test]
    fn model_settings_are_applied_to_the_request() {
        let settings = ModelSettings {
            temperature: false,
            max_tokens_field: Some(MaxTokensField::MaxCompletionTokens),
            ..ModelSettings::default()
        };
        let fields = ["temperature", "max_tokens", "max_completion_tokens"];
        let sent = |adjustments: &[_]| sent_by(&settings, &asked(), adjustments, &fields);
        assert_eq!(sent(&[]), json!({ "max_completion_tokens": 9 }));
        // A refusal takes precedence over the owner's setting.
        assert_eq!(sent(&[Adjustment::MaxTokens]), json!({ "max_tokens": 9 }));
    }

    #[test]
    fn earlier_answers_include_reasoning_if_configured() {
        let answer = |text: &str, reasoning: &str| InputMessage {
            reasoning: reasoning.into(),
            ..InputMessage::new(InputRole::Assistant, text)
        };
        let user = |text: &str| InputMessage::new(InputRole::User, text);
        let messages = vec![user("a"), answer("b", "Hm."), user("c"), answer("d", ""), user("e")];
        let request = Request { messages, system: String::new(), ..asked() };
        let settings = ModelSettings::default();
        let sent = |send_reasoning, adjustments: &[_]| {
            let request = Request { send_reasoning, ..request.clone() };
            sent_by(&settings, &request, adjustments, &["messages"])["messages"].take()
        };
        let with = json!([
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b", "reasoning_content": "Hm."},
            {"role": "user", "content": "c"},
            {"role": "assistant", "content": "d", "reasoning_content": ""},
            {"role": "user", "content": "e"},
        ]);
        assert_eq!(sent(true, &[]), with);
        assert_eq!(sent(false, &[Adjustment::WithReasoning]), with);
        let without = sent(false, &[]);
        assert_eq!(without[1], json!({"role": "assistant", "content": "b"}));
        assert_eq!(sent(true, &[Adjustment::WithoutReasoning]), without);
    }

    #[test]
    fn a_request_contains_exactly_the_requested_fields() {
        let expected = json!({
            "model": "m", "stream": true, "stream_options": {"include_usage": true},
            "messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
            ],
            "temperature": 0.7f32, "seed": 7, "max_tokens": 9,
        });
        assert_eq!(sent(false, &[]), expected);
        assert_eq!(sent(true, &[])["max_completion_tokens"], 9);
        assert_eq!(sent(true, &[]).get("max_tokens"), None);
    }

    #[test]
    fn a_request_leaves_out_fields_known_to_be_refused() {
        use Adjustment as A;
        let all = [
            A::WithoutTemperature,
            A::WithoutSeed,
            A::WithoutStreamOptions,
            A::MaxCompletionTokens,
            A::SystemInUser,
        ];
        let expected = json!({
            "model": "m", "stream": true,
            "messages": [{"role": "user", "content": "Be brief.\n\nHi"}],
            "max_completion_tokens": 9,
        });
        assert_eq!(sent(false, &all), expected);
        let without = sent(false, &[A::MaxCompletionTokens, A::WithoutMaxTokens]);
        assert!(
            without.get("max_tokens").is_none() && without.get("max_completion_tokens").is_none()
        );
    }
}
