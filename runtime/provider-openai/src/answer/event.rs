//! One event of a stream: a chunk of an answer, or the whole of it.
//!
//! Not async-openai's response types: those demand fields that compatible servers leave out
//! (`id`, `created`, `object`) and know five finish reasons. Of an event only what is shown is
//! looked at, field by field; whatever else stands in it, of whatever type, cannot make it
//! unreadable.

use protocol::Usage;
use serde_json::Value;

/// What an event says.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) choice: Option<Choice>,
    pub(super) usage: Option<Usage>,
}

/// What it says of the one answer.
#[derive(Debug)]
pub(super) struct Choice {
    /// In the order in which they stand in the answer.
    pub(super) parts: Vec<Part>,
    /// Whether these are all parts that there are, and not the next ones.
    pub(super) whole: bool,
    pub(super) tool_call: bool,
    pub(super) finish: Option<String>,
}

/// Not empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    /// Why the model does not answer, or does not go on.
    Refusal(String),
    Reasoning(Source, String),
}

/// Where thinking stands in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// One of [`FIELDS`].
    Field(&'static str),
    /// A part of the content.
    Content,
    /// Between marks in the text.
    Marks,
}

/// The fields beside the content that thinking comes in; of several that have some in one event
/// the first counts, for gateways send the same in more than one
/// (<https://github.com/MoonshotAI/kimi-code/issues/3928>). DeepSeek, SGLang and llama.cpp:
/// `reasoning_content`; OpenRouter, Ollama and vLLM: `reasoning`; OpenRouter and MiniMax:
/// `reasoning_details`; LiteLLM: `thinking_blocks`.
const FIELDS: [&str; 5] =
    ["reasoning_content", "reasoning", "thinking", DETAILS, "thinking_blocks"];

/// The one of them that may be told whole each time.
pub(super) const DETAILS: &str = "reasoning_details";

impl Event {
    /// None where it is no object.
    pub(super) fn of(value: &Value) -> Option<Self> {
        value.is_object().then(|| {
            let choices = value["choices"].as_array().map_or(&[] as &[Value], Vec::as_slice);
            let choice = choices.iter().find(|choice| is_first(&choice["index"]));
            Self { choice: choice.map(Choice::of), usage: usage(&value["usage"]) }
        })
    }
}

impl Choice {
    fn of(choice: &Value) -> Self {
        let delta = &choice["delta"];
        let whole = delta.as_object().is_none_or(|fields| fields.is_empty())
            && choice["message"].is_object();
        let said = if whole { &choice["message"] } else { delta };
        let is_call =
            |value: &Value| !value.is_null() && value.as_array().is_none_or(|a| !a.is_empty());
        let mut parts = parts(said);
        if parts.is_empty() {
            // Servers that put the answer of a completion into the event of a chat.
            parts.extend(choice["text"].as_str().and_then(text_part));
        }
        Self {
            parts,
            whole,
            tool_call: is_call(&said["tool_calls"]) || is_call(&said["function_call"]),
            finish: choice["finish_reason"].as_str().map(str::to_owned),
        }
    }
}

/// Whether an error says nothing: gateways send `null`, an empty text or object, or one whose
/// fields are all so, beside a good answer. Such a one is taken out.
pub(super) fn drop_blank_error(value: &mut Value) {
    if let Some(fields) = value.as_object_mut()
        && fields.get("error").is_some_and(is_blank)
    {
        fields.remove("error");
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.iter().all(is_blank),
        Value::Object(fields) => fields.values().all(is_blank),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// An answer without a number is the one that was asked for.
fn is_first(index: &Value) -> bool {
    index.as_f64().is_none_or(|index| index == 0.0)
}

fn parts(said: &Value) -> Vec<Part> {
    let of_field = |field: &'static str| {
        // An object there repeats what was asked for, such as an effort.
        let said = Some(&said[field]).filter(|value| !value.is_object());
        let text = said.map(words).unwrap_or_default();
        (!text.is_empty()).then_some(Part::Reasoning(Source::Field(field), text))
    };
    let mut parts: Vec<Part> = FIELDS.into_iter().find_map(of_field).into_iter().collect();
    content(&said["content"], &mut parts);
    // A refusal comes instead of an answer, and is shown as one.
    let text = parts.iter().any(|part| matches!(part, Part::Text(_)));
    if let Some(refusal) = said["refusal"].as_str().filter(|said| !text && !said.is_empty()) {
        parts.push(Part::Refusal(refusal.to_owned()));
    }
    parts
}

/// Content is a text, or parts with types of their own, such as Mistral's.
fn content(content: &Value, parts: &mut Vec<Part>) {
    match content {
        Value::Array(all) => all.iter().for_each(|part| self::content(part, parts)),
        Value::Object(part) => {
            let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
            match kind {
                "text" | "output_text" => {
                    parts.extend(part.get("text").and_then(Value::as_str).and_then(text_part));
                }
                "refusal" => {
                    let said = part.get("refusal").or_else(|| part.get("text"));
                    let said = said.and_then(Value::as_str).filter(|said| !said.is_empty());
                    parts.extend(said.map(|said| Part::Refusal(said.to_owned())));
                }
                "thinking" | "reasoning" | "reasoning_content" | "summary_text" => {
                    let text = words(content);
                    parts.extend(
                        (!text.is_empty()).then_some(Part::Reasoning(Source::Content, text)),
                    );
                }
                // A picture, a citation, thinking that only its maker can read.
                _ => {}
            }
        }
        text => parts.extend(text.as_str().and_then(text_part)),
    }
}

fn text_part(text: &str) -> Option<Part> {
    (!text.is_empty()).then(|| Part::Text(text.to_owned()))
}

/// The words in whatever shape thinking has: a text, an object around one, or a list of these.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(words).collect(),
        Value::Object(fields) => ["text", "thinking", "reasoning", "summary", "content"]
            .iter()
            .filter_map(|name| fields.get(*name))
            .map(words)
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        _ => String::new(),
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    let thought =
        [&usage["completion_tokens_details"]["reasoning_tokens"], &usage["reasoning_tokens"]];
    Some(Usage {
        prompt_tokens: count(&usage["prompt_tokens"])?,
        completion_tokens: count(&usage["completion_tokens"])?,
        cached_tokens: count(&usage["prompt_tokens_details"]["cached_tokens"]),
        // A server that does not count them says none.
        reasoning_tokens: thought.into_iter().find_map(count).filter(|tokens| *tokens > 0),
    })
}

pub(super) fn count(value: &Value) -> Option<u32> {
    // JSON of other programs writes whole numbers as floats, too.
    let number = value.as_f64().filter(|number| *number >= 0.0)?;
    Some(number as u32)
}
