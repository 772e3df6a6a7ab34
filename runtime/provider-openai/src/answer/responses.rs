//! The events of OpenAI's Responses API, and whole answers by it
//! (<https://platform.openai.com/docs/api-reference/responses-streaming>).
//!
//! Every event has a `type`; of those that are not known nothing is needed. Servers that have the
//! interface beside their own send few of them, often only `response.output_text.delta` and
//! `response.completed`, or only the latter; so what is told again at an end is taken where it
//! was not told before.

use protocol::Usage;
use serde_json::Value;

use super::event::{Choice, Event, Part, Source, count};

/// Where a text stands: the numbers of its item and of its part in that.
type ItemPosition = (Option<u64>, Option<u64>);

/// What was told of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Responses {
    text: Told,
    /// Whether a refusal came in pieces. It stands among the text, and may come whole beside a text
    /// that came in pieces.
    refuses_in_pieces: bool,
    thinking: Told,
}

#[derive(Debug, Default)]
struct Told {
    /// Where the last of it stood.
    at: Option<ItemPosition>,
    /// Whether it came in pieces, so that what comes whole was told before.
    in_pieces: bool,
}

impl Responses {
    /// None where it is no object.
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

    /// The end of an answer, which tells all of it once more.
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
        // The thinking itself, or where that is kept, what it was about.
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

    /// Messages of one answer stand apart, and so does a refusal; the other parts of one message do
    /// not.
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
    /// The text with what keeps it apart from what stands elsewhere. None where there is none.
    fn joined(&mut self, position: ItemPosition, text: &str) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        let apart = self.at.replace(position).is_some_and(|before| before != position);
        Some(if apart { format!("\n\n{text}") } else { text.to_owned() })
    }
}

/// The parts of a message, in the place of their numbers.
const TEXT: Option<u64> = Some(0);
const REFUSAL: Option<u64> = Some(1);
const SUMMARY: Source = Source::Field("reasoning_summary");
const THINKING: Source = Source::Field("reasoning_text");

/// The error that an event tells, in the shape that errors have elsewhere. None for other events.
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

/// Whether the answer misses nothing where an event is too long to be read, by its beginning: one
/// that tells again what was told, or what nobody here can read.
pub(super) fn can_be_missed(beginning: &str) -> bool {
    let needed =
        ["output_text.delta", "refusal.delta", "reasoning_text.delta", "summary_text.delta"];
    beginning.contains("\"response.") && !needed.iter().any(|kind| beginning.contains(kind))
}

/// The end that such an event tells, if it is one.
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
