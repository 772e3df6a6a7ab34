//! What is sent: the messages that fit, as a chat completion request.

use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
    ChatCompletionStreamOptions, CreateChatCompletionRequest,
};
use protocol::Error;
use protocol::api::{InputMessage, InputRole};

use super::config::{CONTEXT_TOKENS, OpenaiConfig};
use super::fault;
use super::tokens::{MESSAGE_TOKENS, REPLY_TOKENS, estimate};
use crate::context;
use crate::provider::Request;

/// How many messages at the front do not fit the window; `context_length` when the newest
/// one does not fit even alone.
pub(super) fn left_out(request: &Request, config: &OpenaiConfig) -> Result<usize, Error> {
    let window = config.context_tokens.unwrap_or(CONTEXT_TOKENS);
    let reserve = request.sampling.max_tokens.unwrap_or(config.answer_reserve_tokens);
    let cost = |text: &str| estimate(text).saturating_add(MESSAGE_TOKENS);
    let system = if request.system.is_empty() { 0 } else { cost(&request.system) };
    let messages: Vec<_> =
        request.messages.iter().map(|message| (message.role, cost(&message.text))).collect();
    let fixed = system.saturating_add(REPLY_TOKENS);
    context::left_out(&messages, fixed, window, reserve.min(window / 2))
        .map_err(|context::Overflow { .. }| fault::context_length())
}

/// The request without the first `left_out` messages.
///
/// The answer's bound is `max_completion_tokens` at OpenAI and Azure, whose newer models
/// refuse `max_tokens`, and `max_tokens` elsewhere: Ollama knows no other
/// (<https://docs.ollama.com/api/openai-compatibility>), and vLLM, SGLang, llama.cpp and
/// LiteLLM take both.
#[allow(deprecated, reason = "`seed` and `max_tokens` are what compatible servers know")]
pub(super) fn body(
    request: &Request,
    model: &str,
    left_out: usize,
    is_openai: bool,
) -> CreateChatCompletionRequest {
    let system = (!request.system.is_empty())
        .then(|| ChatCompletionRequestSystemMessage::from(request.system.as_str()).into());
    let shown = request.messages.iter().skip(left_out).map(message);
    let sampling = request.sampling;
    CreateChatCompletionRequest {
        model: model.to_owned(),
        messages: system.into_iter().chain(shown).collect(),
        stream: Some(true),
        stream_options: Some(ChatCompletionStreamOptions {
            include_usage: Some(true),
            include_obfuscation: None,
        }),
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        seed: sampling.seed.map(i64::from),
        max_completion_tokens: sampling.max_tokens.filter(|_| is_openai),
        max_tokens: sampling.max_tokens.filter(|_| !is_openai),
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
    use super::*;
    use protocol::api::Sampling;
    use protocol::{ErrorCode, ProviderKind, TurnId};

    fn request(system: &str, messages: &[(InputRole, &str)]) -> Request {
        let message =
            |(role, text): &(InputRole, &str)| InputMessage { role: *role, text: (*text).into() };
        Request {
            turn_id: TurnId::from_parts(0, [0; 10]),
            model: "m".into(),
            system: system.into(),
            messages: messages.iter().map(message).collect(),
            sampling: Sampling::default(),
        }
    }

    #[test]
    fn a_request_has_what_was_asked_and_nothing_else() {
        let mut request = request("Be brief.", &[(InputRole::User, "Hi")]);
        request.sampling =
            Sampling { temperature: Some(0.7), top_p: None, seed: Some(7), max_tokens: Some(9) };
        let sent = |is_openai| serde_json::to_value(body(&request, "m", 0, is_openai)).unwrap();
        let expected = serde_json::json!({
            "model": "m", "stream": true, "stream_options": {"include_usage": true},
            "messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
            ],
            "temperature": 0.7f32, "seed": 7, "max_tokens": 9,
        });
        assert_eq!(sent(false), expected);
        assert_eq!(sent(true)["max_completion_tokens"], 9);
        assert_eq!(sent(true).get("max_tokens"), None);
    }

    #[test]
    fn old_messages_give_way_to_the_window() {
        let long = "x".repeat(3_000);
        let messages = [
            (InputRole::User, long.as_str()),
            (InputRole::Assistant, &long),
            (InputRole::User, "?"),
        ];
        let mut config = OpenaiConfig::new("http://host");
        assert_eq!(left_out(&request("s", &messages), &config), Ok(0));
        config.context_tokens = Some(1_500);
        let request_ = request("s", &messages);
        assert_eq!(left_out(&request_, &config), Ok(2));
        let sent = body(&request_, "m", 2, false);
        assert_eq!(sent.messages.len(), 2);
    }

    #[test]
    fn a_message_that_cannot_fit_is_an_error() {
        let long = "日".repeat(600);
        let mut config = OpenaiConfig::new("http://host");
        config.context_tokens = Some(1_000);
        let error = left_out(&request("", &[(InputRole::User, &long)]), &config).unwrap_err();
        assert_eq!(error.code, ErrorCode::Provider(ProviderKind::ContextLength));
    }
}
