//! Rules by which a server refuses kinds of requests, whatever the script's replies are.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::script::Step;

/// A reply to each request of a kind. Such a request uses up none of the script's replies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The condition that chooses this rule.
    pub when: When,
    /// The steps to play, as for a reply of the script.
    pub reply: Vec<Step>,
}

/// A condition that a request fulfils.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The request has this field.
    Has(String),
    /// The request has this value at this JSON pointer.
    Is(String, Value),
    /// The roles after a system message do not alternate, beginning with the user's, as the
    /// templates of Gemma and Mistral require.
    NotAlternating,
    /// A message contains only white space, which Anthropic refuses.
    Blank,
    /// The request ends with the beginning of an answer.
    Begun,
    /// The request ends with the beginning of an answer, and that ends with white space.
    BegunInSpace,
    /// The request has a system message.
    System,
    /// An answer in the request has `reasoning_content`, which Mistral refuses.
    Reasoned,
    /// An answer in the request has no `reasoning_content`, which DeepSeek refuses.
    Unreasoned,
    /// The messages have more characters in all; only for one model, or for any.
    Longer {
        /// More than this many characters are too many.
        than: usize,
        /// The model that has the limit; `None` for every one.
        model: Option<String>,
    },
}

/// The messages of a request to either interface.
pub(crate) fn messages(request: &Value) -> &[Value] {
    let found = request["messages"].as_array().or_else(|| request["input"].as_array());
    found.map_or(&[], Vec::as_slice)
}

impl When {
    pub(crate) fn holds(&self, request: &Value) -> bool {
        let messages = messages(request);
        let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
        let begun = messages.last().filter(|message| message["role"] == "assistant");
        let mut answers = messages.iter().filter(|message| message["role"] == "assistant");
        match self {
            Self::Reasoned => answers.any(|answer| answer["reasoning_content"].is_string()),
            Self::Unreasoned => answers.any(|answer| !answer["reasoning_content"].is_string()),
            Self::Has(field) => request.get(field).is_some(),
            Self::Is(place, value) => request.pointer(place) == Some(value),
            Self::NotAlternating => {
                let talk = messages.iter().skip_while(|message| message["role"] == "system");
                let expected = ["user", "assistant"].into_iter().cycle();
                talk.zip(expected).any(|(message, role)| message["role"] != role)
            }
            Self::Blank => messages.iter().any(|message| text(message).trim().is_empty()),
            Self::Begun => begun.is_some(),
            Self::BegunInSpace => begun.map(text).is_some_and(|text| text.trim_end() != text),
            Self::System => {
                let is_system = |message: &Value| message["role"] == "system";
                messages.iter().any(is_system) || request["instructions"].is_string()
            }
            Self::Longer { than, model } => {
                let asked = model.as_ref().is_none_or(|model| request["model"] == model.as_str());
                asked && messages.iter().map(|m| text(m).chars().count()).sum::<usize>() > *than
            }
        }
    }
}
