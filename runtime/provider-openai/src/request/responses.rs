//! Builds a request of OpenAI's Responses API
//! (<https://platform.openai.com/docs/api-reference/responses/create>).
//!
//! async-openai's type is not used: it would be compiled with the types of all tools, none of which
//! are needed. The API has no `seed`, no `stop` and cannot continue an answer (`plan` handles
//! that), always counts tokens, and sends `thinking` only as a summary that has to be requested.

use protocol::api::{InputMessage, InputRole};
use serde::Serialize;

use super::super::plan::Plan;
use super::super::refusal::Parameter;

/// The request for a plan.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    input: Vec<Input<'a>>,
    stream: bool,
    /// Invariant: false. The endpoint must not store the conversation.
    store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct Input<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Debug, Serialize)]
struct Reasoning<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'static str>,
}

/// The system prompt, which has a field of its own, and the other messages.
pub(super) fn parts(messages: &[InputMessage]) -> (Option<&str>, Vec<Input<'_>>) {
    let (system, talk) = match messages.split_first() {
        Some((first, rest)) if first.role == InputRole::System => (Some(first), rest),
        _ => (None, messages),
    };
    let input = talk.iter().map(|message| Input {
        role: match message.role {
            InputRole::System => "system",
            InputRole::User => "user",
            InputRole::Assistant => "assistant",
        },
        content: &message.text,
    });
    (system.map(|system| system.text.as_str()), input.collect())
}

/// The request for a plan.
pub(crate) fn body<'a>(plan: &'a Plan, model: &'a str) -> Body<'a> {
    let effort = plan.effort.as_ref().map(|(_, effort)| effort.as_str());
    let (instructions, input) = parts(&plan.messages);
    let summarised = plan.sent.parameters.contains(&Parameter::ReasoningSummary);
    let summary = summarised.then_some("auto");
    Body {
        model,
        instructions,
        input,
        stream: plan.streams(),
        store: false,
        reasoning: (effort.is_some() || summarised).then_some(Reasoning { effort, summary }),
        temperature: plan.sampling.temperature,
        top_p: plan.sampling.top_p,
        max_output_tokens: plan.sampling.max_tokens,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::config::{Api, OpenaiConfig};
    use super::super::super::learned::Habits;
    use super::super::super::models::ModelSettings;
    use super::super::super::plan::{Facts, plan};
    use super::*;
    use protocol::api::Sampling;
    use protocol::{Adjustment, TurnId};
    use provider::{Recorded, Request};
    use serde_json::json;

    fn sent(
        adjustments: &[Adjustment],
        effort: Option<&str>,
    ) -> (serde_json::Value, Vec<Adjustment>) {
        let message = |role, text: &str| InputMessage::new(role, text);
        let (user, assistant) = (InputRole::User, InputRole::Assistant);
        let asked = Request {
            turn_id: TurnId::from_parts(0, [0; 10]),
            model: "m".into(),
            system: "Be brief.".into(),
            messages: vec![
                message(user, "Hi"),
                message(assistant, "Hello"),
                message(user, "More"),
                message(assistant, "It is"),
            ],
            sampling: Sampling {
                temperature: Some(0.5),
                top_p: None,
                seed: Some(7),
                max_tokens: Some(9),
            },
            effort: effort.map(|effort| effort.parse().unwrap()),
            send_reasoning: true,
            made: Vec::new(),
            recorded: Recorded::already(),
        };
        let config = OpenaiConfig::new("http://host");
        let habits = Habits { adjustments: adjustments.to_vec(), ..Habits::default() };
        let settings = ModelSettings::default();
        let facts = Facts {
            config: &config,
            settings: &settings,
            listed: None,
            is_openai: true,
            api: Api::Responses,
        };
        let plan = plan(&asked, facts, &habits).unwrap();
        let body = serde_json::to_value(body(&plan, "m")).unwrap();
        (body, plan.adjustments)
    }

    #[test]
    fn a_request_has_the_fields_of_the_api_and_reports_unsupported_ones() {
        let (body, adjustments) = sent(&[], Some("low"));
        let expected = json!({
            "model": "m", "instructions": "Be brief.", "stream": true, "store": false,
            "input": [
                { "role": "user", "content": "Hi" },
                { "role": "assistant", "content": "Hello" },
                { "role": "user", "content": "More" },
            ],
            "reasoning": { "effort": "low", "summary": "auto" },
            "temperature": 0.5, "max_output_tokens": 9,
        });
        assert_eq!(body, expected);
        assert_eq!(adjustments, [Adjustment::WithoutSeed, Adjustment::WithoutBeginning]);
    }

    #[test]
    fn a_request_leaves_out_fields_known_to_be_refused() {
        use Adjustment as A;
        let refused = [
            A::WithoutTemperature,
            A::WithoutReasoningSummary,
            A::WithoutMaxTokens,
            A::SystemInUser,
            // These apply only to chat completions.
            A::WithoutStreamOptions,
            A::MaxTokens,
            A::WithoutSeed,
        ];
        let (body, adjustments) = sent(&refused, None);
        let expected = json!({
            "model": "m", "stream": true, "store": false,
            "input": [
                { "role": "user", "content": "Be brief.\n\nHi" },
                { "role": "assistant", "content": "Hello" },
                { "role": "user", "content": "More" },
            ],
        });
        assert_eq!(body, expected);
        let seen = [
            A::WithoutSeed,
            A::WithoutBeginning,
            A::WithoutTemperature,
            A::WithoutReasoningSummary,
            A::WithoutMaxTokens,
            A::SystemInUser,
        ];
        assert_eq!(adjustments, seen);
    }
}
