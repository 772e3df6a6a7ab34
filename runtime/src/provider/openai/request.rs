//! What is sent, as a chat completion request; [`responses`] by the other interface.

use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
    ChatCompletionStreamOptions, CreateChatCompletionRequest,
};
use protocol::api::{InputMessage, InputRole};

use super::plan::Plan;
use super::refusal::Parameter;

pub(super) mod responses;

/// The request of a plan.
#[allow(deprecated, reason = "`seed` and `max_tokens` are what compatible servers know")]
pub(super) fn body(plan: &Plan, model: &str) -> CreateChatCompletionRequest {
    let sampling = plan.sampling;
    let sent = |parameter: Parameter| plan.sent.parameters.contains(&parameter);
    let options =
        ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None };
    CreateChatCompletionRequest {
        model: model.to_owned(),
        messages: plan.messages.iter().map(message).collect(),
        stream: Some(true),
        stream_options: sent(Parameter::StreamOptions).then_some(options),
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        seed: sampling.seed.map(i64::from),
        max_completion_tokens: sampling.max_tokens.filter(|_| sent(Parameter::MaxCompletionTokens)),
        max_tokens: sampling.max_tokens.filter(|_| sent(Parameter::MaxTokens)),
        ..CreateChatCompletionRequest::default()
    }
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
    use super::super::config::{Api, OpenaiConfig};
    use super::super::learned::Habits;
    use super::super::plan::{Facts, plan};
    use super::*;
    use crate::provider::Request;
    use protocol::api::Sampling;
    use protocol::{Adjustment, TurnId};

    fn sent(is_openai: bool, adjustments: &[Adjustment]) -> serde_json::Value {
        let asked = Request {
            turn_id: TurnId::from_parts(0, [0; 10]),
            model: "m".into(),
            system: "Be brief.".into(),
            messages: vec![InputMessage { role: InputRole::User, text: "Hi".into() }],
            sampling: Sampling {
                temperature: Some(0.7),
                top_p: None,
                seed: Some(7),
                max_tokens: Some(9),
            },
        };
        let config = OpenaiConfig::new("http://host");
        let habits = Habits { adjustments: adjustments.to_vec(), ..Habits::default() };
        let facts = Facts { config: &config, listed: None, is_openai, api: Api::Chat };
        serde_json::to_value(body(&plan(&asked, facts, &habits).unwrap(), "m")).unwrap()
    }

    #[test]
    fn a_request_has_what_was_asked_and_nothing_else() {
        let expected = serde_json::json!({
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
    fn what_is_known_to_be_refused_is_not_in_it() {
        use Adjustment as A;
        let all = [
            A::WithoutTemperature,
            A::WithoutSeed,
            A::WithoutStreamOptions,
            A::MaxCompletionTokens,
            A::SystemInUser,
        ];
        let expected = serde_json::json!({
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
