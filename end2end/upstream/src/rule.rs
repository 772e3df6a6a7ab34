//! What a server does with requests that it does not take, whatever the script says else.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::script::Step;

/// A reply to each request of a kind. It is none of the script's replies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub when: When,
    pub reply: Vec<Step>,
}

/// A kind of request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// It has this field.
    Has(String),
    /// It has this value at this place, a JSON pointer.
    Is(String, Value),
    /// Its roles do not take turns behind a system message, beginning with the user's, as the
    /// templates of Gemma and Mistral want it.
    NotAlternating,
    /// A message has nothing but white space, which Anthropic refuses.
    Blank,
    /// It ends with the beginning of an answer.
    Begun,
    /// It does, and that ends in white space.
    BegunInSpace,
    /// It has a system message.
    System,
    /// An answer in it has its thinking beside it, in `reasoning_content`, which Mistral refuses.
    Reasoned,
    /// An answer in it has not, which DeepSeek refuses.
    Unreasoned,
    /// Its messages have more letters together; of one model, or of any.
    Longer { than: usize, model: Option<String> },
}

/// The messages of a request, by either interface.
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
