//! Reads the events of OpenAI's Responses API, and whole answers in its form
//! (<https://platform.openai.com/docs/api-reference/responses-streaming>).
//!
//! Every event has a `type`, and events of unknown types are not needed. Servers that offer this
//! interface beside their own send few types, often only `response.output_text.delta` and
//! `response.completed`, or only the latter. So text that is repeated at the end is used if it was
//! not sent before.

use protocol::Usage;
use serde_json::Value;

use super::event::{Choice, Event, Part, Source, count};

/// The place of a text: the index of its item, and that of its part within the item.
type ItemPosition = (Option<u64>, Option<u64>);

/// What the answer has had so far.
#[derive(Debug, Default)]
pub(super) struct Responses {
    text: Told,
    /// Whether a refusal came in pieces. A refusal is part of the text, and may come whole after
    /// other text came in pieces.
    refuses_in_pieces: bool,
    thinking: Told,
}

#[derive(Debug, Default)]
struct Told {
    /// The place of the newest text.
    at: Option<ItemPosition>,
    /// Whether it came in pieces, so that a whole text only repeats them.
    in_pieces: bool,
}

impl Responses {
    /// `None` if `value` is no object.
    pub(super) fn read(&mut self, value: &Value) -> Option<Event> {
        value.as_object()?;
        let kind = value["type"].as_str().unwrap_or_default();
        let text = |name: &str| value[name].as_str().unwrap_or_default();
        let mut parts = Vec::new();
        match kind {
            "response.output_text.delta" => {
                self.text.in_pieces = true;
                self.say((item(value), TEXT), text("delta"), &mut parts);
            }
            "response.output_text.done" if !self.text.in_pieces => {
                self.say((item(value), TEXT), text("text"), &mut parts);
            }
            "response.refusal.delta" => {
                self.refuses_in_pieces = true;
                self.say((item(value), REFUSAL), text("delta"), &mut parts);
            }
            "response.refusal.done" if !self.refuses_in_pieces => {
                self.say((item(value), REFUSAL), text("refusal"), &mut parts);
            }
            "response.reasoning_summary_text.delta" => {
                self.thinking.in_pieces = true;
                self.think(SUMMARY, position_of(value, "summary_index"), text("delta"), &mut parts);
            }
            "response.reasoning_text.delta" => {
                self.thinking.in_pieces = true;
                self.think(
                    THINKING,
                    position_of(value, "content_index"),
                    text("delta"),
                    &mut parts,
                );
            }
            "response.reasoning_summary_text.done" if !self.thinking.in_pieces => {
                self.think(SUMMARY, position_of(value, "summary_index"), text("text"), &mut parts);
            }
            "response.reasoning_text.done" if !self.thinking.in_pieces => {
                self.think(THINKING, position_of(value, "content_index"), text("text"), &mut parts);
            }
            "response.output_item.added" | "response.output_item.done" => {
                return Some(choice(parts, is_call(&value["item"]), None));
            }
            "response.completed" | "response.incomplete" | "response.cancelled" => {
                return Some(self.end(kind, &value["response"]));
            }
            // A whole answer instead of a stream.
            _ if value["output"].is_array() => return Some(self.end("", value)),
            _ => {}
        }
        Some(choice(parts, false, None))
    }

    /// Reads the end of an answer, which repeats all of it.
    fn end(&mut self, kind: &str, response: &Value) -> Event {
        let mut parts = Vec::new();
        let output = response["output"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        let silent = self.text.at.is_none();
        if silent && self.thinking.at.is_none() {
            for (n, item) in (0..).zip(output) {
                self.thoughts(n, item, &mut parts);
            }
        }
        if silent {
            for (n, item) in (0..).zip(output).filter(|(_, item)| item["type"] == "message") {
                for part in item["content"].as_array().into_iter().flatten() {
                    let text = |name: &str| part[name].as_str().unwrap_or_default();
                    self.say((Some(n), TEXT), text("text"), &mut parts);
                    self.say((Some(n), REFUSAL), text("refusal"), &mut parts);
                }
            }
        }
        let status = response["status"].as_str().unwrap_or("completed");
        let status = kind.strip_prefix("response.").unwrap_or(status);
        let reason = response["incomplete_details"]["reason"].as_str().unwrap_or_default();
        let finish = match (status, reason) {
            ("completed", _) => "stop",
            ("incomplete", "content_filter") => "content_filter",
            ("incomplete", "" | "max_output_tokens") => "length",
            _ => "abort",
        };
        let event = choice(parts, output.iter().any(is_call), Some(finish.to_owned()));
        Event { usage: usage(&response["usage"]), ..event }
    }

    fn thoughts(&mut self, n: u64, item: &Value, parts: &mut Vec<Part>) {
        if item["type"] != "reasoning" {
            return;
        }
        // The thinking itself or, if the endpoint does not reveal it, its summary.
        let texts = |name: &str| {
            let all = item[name].as_array().into_iter().flatten();
            all.filter_map(|part| part["text"].as_str()).collect::<Vec<_>>()
        };
        let (source, said) = match texts("content") {
            said if said.is_empty() => (SUMMARY, texts("summary")),
            said => (THINKING, said),
        };
        for (part, text) in (0..).zip(said) {
            self.think(source, (Some(n), Some(part)), text, parts);
        }
    }

    /// Messages of one answer are separated by a blank line, and so is a refusal; the other parts
    /// of one message are not.
    fn say(&mut self, position: ItemPosition, text: &str, parts: &mut Vec<Part>) {
        if let Some(text) = self.text.joined(position, text) {
            parts.push(Part::Text(text));
        }
    }

    fn think(&mut self, source: Source, position: ItemPosition, text: &str, parts: &mut Vec<Part>) {
        if let Some(text) = self.thinking.joined(position, text) {
            parts.push(Part::Reasoning(source, text));
        }
    }
}

impl Told {
    /// The text, after a blank line if the text before it stood in another place. `None` for empty
    /// text.
    fn joined(&mut self, position: ItemPosition, text: &str) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        let apart = self.at.replace(position).is_some_and(|before| before != position);
        Some(if apart { format!("\n\n{text}") } else { text.to_owned() })
    }
}

/// The places of the parts of a message, used instead of their indices.
const TEXT: Option<u64> = Some(0);
const REFUSAL: Option<u64> = Some(1);
const SUMMARY: Source = Source::Field("reasoning_summary");
const THINKING: Source = Source::Field("reasoning_text");

/// The error of an event, in the shape that errors have elsewhere. `None` for other events.
pub(crate) fn error(value: &Value) -> Option<Value> {
    let of = |error: &Value| match error {
        Value::Null => serde_json::json!({ "error": { "type": "server_error" } }),
        error => serde_json::json!({ "error": error }),
    };
    match value["type"].as_str() {
        Some("response.failed") => Some(of(&value["response"]["error"])),
        Some("error") if value["error"].is_null() => Some(of(value)),
        Some("error") => Some(of(&value["error"])),
        _ if value["status"] == "failed" => Some(of(&value["error"])),
        _ => None,
    }
}

/// Whether an event that is too long can be skipped, judging by its beginning: it repeats what came
/// before, or has what only its maker can read.
pub(super) fn can_be_missed(beginning: &str) -> bool {
    let needed =
        ["output_text.delta", "refusal.delta", "reasoning_text.delta", "summary_text.delta"];
    beginning.contains("\"response.") && !needed.iter().any(|kind| beginning.contains(kind))
}

/// The event of the answer's end, if an event with this beginning is one.
pub(super) fn end_of(beginning: &str) -> Option<Event> {
    let is = |kind: &str| beginning.contains(&format!("\"{kind}\""));
    let finish = match () {
        () if is("response.completed") => "stop",
        () if is("response.incomplete") => "length",
        () => return None,
    };
    Some(choice(Vec::new(), false, Some(finish.to_owned())))
}

fn choice(parts: Vec<Part>, tool_call: bool, finish: Option<String>) -> Event {
    Event { choice: Some(Choice { parts, whole: false, tool_call, finish }), usage: None }
}

fn position_of(value: &Value, part: &str) -> ItemPosition {
    (item(value), value[part].as_u64())
}

fn item(value: &Value) -> Option<u64> {
    value["output_index"].as_u64()
}

fn is_call(item: &Value) -> bool {
    matches!(item["type"].as_str(), Some("function_call" | "custom_tool_call"))
}

fn usage(usage: &Value) -> Option<Usage> {
    let thought = count(&usage["output_tokens_details"]["reasoning_tokens"]);
    Some(Usage {
        prompt_tokens: count(&usage["input_tokens"])?,
        completion_tokens: count(&usage["output_tokens"])?,
        cached_tokens: count(&usage["input_tokens_details"]["cached_tokens"]),
        reasoning_tokens: thought.filter(|tokens| *tokens > 0),
    })
}

#[cfg(test)]
mod tests;
