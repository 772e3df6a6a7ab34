//! Parses one event of a stream: a chunk of an answer, or the whole answer.
//!
//! async-openai's response types are not used: they require fields that compatible servers leave
//! out (`id`, `created`, `object`) and know only five finish reasons. Here only the fields that are
//! needed are read, one by one, so that no other field of any type can make an event unreadable.

use protocol::Usage;
use serde_json::Value;

/// The parsed event.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) choice: Option<Choice>,
    pub(super) usage: Option<Usage>,
}

/// The event's part of the answer.
#[derive(Debug)]
pub(super) struct Choice {
    /// In the order of the answer.
    pub(super) parts: Vec<Part>,
    /// Whether these are all parts of the answer, and not only the next ones.
    pub(super) whole: bool,
    pub(super) tool_call: bool,
    pub(super) finish: Option<String>,
}

/// A part of an answer. Invariant: its text is not empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    /// The reason why the model does not answer, or does not go on.
    Refusal(String),
    Reasoning(Source, String),
}

/// The place of thinking in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// One of [`FIELDS`].
    Field(&'static str),
    /// A part of the content.
    Content,
    /// Between marks in the text.
    Marks,
}

/// The fields for thinking beside the content. If several of them have text in one event, the first
/// one counts, because gateways send the same text in several fields
/// (<https://github.com/MoonshotAI/kimi-code/issues/3928>). DeepSeek, SGLang and llama.cpp:
/// `reasoning_content`; OpenRouter, Ollama and vLLM: `reasoning`; OpenRouter and MiniMax:
/// `reasoning_details`; LiteLLM: `thinking_blocks`.
const FIELDS: [&str; 5] =
    ["reasoning_content", "reasoning", "thinking", DETAILS, "thinking_blocks"];

/// The field in which each event may repeat all thinking so far.
pub(super) const DETAILS: &str = "reasoning_details";

impl Event {
    /// `None` if `value` is no object.
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
        let whole = delta.as_object().is_none_or(serde_json::Map::is_empty)
            && choice["message"].is_object();
        let said = if whole { &choice["message"] } else { delta };
        let is_call =
            |value: &Value| !value.is_null() && value.as_array().is_none_or(|a| !a.is_empty());
        let mut parts = parts(said);
        if parts.is_empty() {
            // Some servers answer a chat with the events of a text completion.
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

/// Removes an error that says nothing: gateways send `null`, an empty text or object, or one whose
/// fields are all empty, beside a good answer.
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

/// Whether this is the first choice; one without an index is.
fn is_first(index: &Value) -> bool {
    index.as_f64().is_none_or(|index| index == 0.0)
}

fn parts(said: &Value) -> Vec<Part> {
    let of_field = |field: &'static str| {
        // An object in this field repeats what was requested, such as an effort.
        let said = Some(&said[field]).filter(|value| !value.is_object());
        let text = said.map(words).unwrap_or_default();
        (!text.is_empty()).then_some(Part::Reasoning(Source::Field(field), text))
    };
    let mut parts: Vec<Part> = FIELDS.into_iter().find_map(of_field).into_iter().collect();
    content(&said["content"], &mut parts);
    // A refusal comes instead of an answer and is shown as one.
    let text = parts.iter().any(|part| matches!(part, Part::Text(_)));
    if let Some(refusal) = said["refusal"].as_str().filter(|said| !text && !said.is_empty()) {
        parts.push(Part::Refusal(refusal.to_owned()));
    }
    parts
}

/// Reads the content: a text, or parts with types of their own, such as Mistral's.
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
                // A picture, a citation, or encrypted thinking.
                _ => {}
            }
        }
        text => parts.extend(text.as_str().and_then(text_part)),
    }
}

fn text_part(text: &str) -> Option<Part> {
    (!text.is_empty()).then(|| Part::Text(text.to_owned()))
}

/// The text of thinking, which may be a text, an object around one, or a list of these.
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
        // A server that does not count them sends 0.
        reasoning_tokens: thought.into_iter().find_map(count).filter(|tokens| *tokens > 0),
    })
}

pub(super) fn count(value: &Value) -> Option<u32> {
    // Some servers write whole numbers as floats.
    let number = value.as_f64().filter(|number| *number >= 0.0)?;
    Some(number as u32)
}
