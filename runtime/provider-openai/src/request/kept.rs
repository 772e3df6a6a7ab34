//! The stored form of a request, from which the page shows it byte for byte; pure.
//!
//! The messages are in the log, and nothing is stored twice. This stores the rest of the body: all
//! fields in their order, with `null` in place of the messages. The functions that wrote the
//! messages put them in again.

use protocol::api::{InputMessage, Interface, SentRequest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::config::Api;
use super::super::plan::Plan;
use super::{messages, responses};

/// A body without its messages.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    interface: Interface,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// The stored form of a plan's request; `body` is what is sent.
pub(crate) fn without_messages(plan: &Plan, body: &str) -> String {
    let interface = match plan.api {
        Api::Chat => Interface::ChatCompletions,
        Api::Responses => Interface::Responses,
    };
    let mut frame = body.to_owned();
    for (field, value) in fields(interface, &plan.messages, plan.reasoning) {
        frame = frame.replacen(&format!("{field}{value}"), &format!("{field}null"), 1);
    }
    // Replacing a value by `null` leaves valid JSON.
    let body = serde_json::from_str::<&RawValue>(&frame);
    let kept = body.and_then(|body| serde_json::to_string(&Kept { interface, body }));
    kept.unwrap_or_default()
}

/// The request that was sent with these messages. `None` if `kept` is not a stored request.
pub fn sent_request(kept: &str, messages: &[InputMessage], reasoning: bool) -> Option<SentRequest> {
    let Kept { interface, body } = serde_json::from_str(kept).ok()?;
    let mut whole = body.get().to_owned();
    for (field, value) in fields(interface, messages, reasoning) {
        whole = whole.replacen(&format!("{field}null"), &format!("{field}{value}"), 1);
    }
    Some(SentRequest { interface, body: whole })
}

/// The fields of a body that hold the messages, each as it is serialized. No text can look like
/// such a field, because its quotes would be escaped.
fn fields(
    interface: Interface,
    all: &[InputMessage],
    reasoning: bool,
) -> Vec<(&'static str, String)> {
    // Serializing texts and lists of them cannot fail.
    match interface {
        Interface::ChatCompletions => {
            let messages = serde_json::to_string(&messages(all, reasoning));
            vec![("\"messages\":", messages.unwrap_or_default())]
        }
        Interface::Responses => {
            let (instructions, input) = responses::parts(all);
            let instructions = instructions.and_then(|text| serde_json::to_string(text).ok());
            let input = serde_json::to_string(&input).unwrap_or_default();
            let instructions = instructions.map(|text| ("\"instructions\":", text));
            instructions.into_iter().chain([("\"input\":", input)]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::config::OpenaiConfig;
    use super::super::super::learned::Habits;
    use super::super::super::models::ModelSettings;
    use super::super::super::plan::{Facts, plan};
    use super::super::text;
    use super::*;
    use protocol::api::{InputRole, Sampling};
    use protocol::{Adjustment as A, TurnId};
    use provider::{Recorded, Request};

    fn asked(send_reasoning: bool) -> Request {
        let message = |role, text: &str| InputMessage::new(role, text);
        let answer = InputMessage {
            reasoning: "Hm: \"messages\":[]".into(),
            ..message(InputRole::Assistant, "A \"quote\",\n\"input\":null")
        };
        Request {
            turn_id: TurnId::from_parts(0, [0; 10]),
            model: "m".into(),
            system: "\"messages\":null, \"input\":null".into(),
            messages: vec![
                message(InputRole::User, "\"instructions\":null 日本 \u{1f600} </script>"),
                answer,
                message(InputRole::User, ""),
                message(InputRole::User, "\"messages\":null"),
            ],
            sampling: Sampling {
                temperature: Some(0.3),
                top_p: Some(0.95),
                seed: Some(7),
                max_tokens: Some(9),
            },
            effort: Some("high".parse().unwrap()),
            send_reasoning,
            made: Vec::new(),
            recorded: Recorded::already(),
        }
    }

    #[test]
    fn the_stored_form_expands_to_the_sent_request_of_both_apis() {
        let config = OpenaiConfig::new("http://host");
        let settings = ModelSettings::default();
        let learned: [&[A]; 5] = [
            &[],
            &[A::WithoutTemperature, A::MaxCompletionTokens, A::WithoutEffort],
            &[A::SystemInUser, A::WithoutStreamOptions, A::WithoutSeed],
            &[A::WithoutStream, A::WithoutMaxTokens, A::WithoutReasoningSummary],
            &[A::WithReasoning, A::WithoutTopP],
        ];
        for api in [Api::Chat, Api::Responses] {
            for adjustments in learned {
                for (model, reasoning) in [("m", true), ("\"messages\":null", false)] {
                    let taken_efforts = vec!["low".parse().unwrap(), "medium".parse().unwrap()];
                    let adjustments = adjustments.to_vec();
                    let habits = Habits { adjustments, taken_efforts, ..Habits::default() };
                    let facts = Facts {
                        config: &config,
                        settings: &settings,
                        listed: None,
                        is_openai: false,
                        api,
                    };
                    let plan = plan(&asked(reasoning), facts, &habits).unwrap();
                    let body = text(&plan, model).unwrap();
                    let kept = without_messages(&plan, &body);
                    assert!(!kept.contains("quote"), "nothing is kept twice: {kept}");
                    let shown = sent_request(&kept, &plan.messages, plan.reasoning).unwrap();
                    assert_eq!(shown.body, body);
                    let by_responses = shown.interface == Interface::Responses;
                    assert_eq!(by_responses, api == Api::Responses);
                }
            }
        }
        assert_eq!(sent_request("", &[], false), None);
    }
}
