//! What the events of a stream add up to; pure.
//!
//! Not async-openai's response types: those demand fields that compatible servers leave
//! out (`id`, `created`, `object`) and know five finish reasons, so that an honest answer of
//! such a server would be malformed. Of an event only what is shown is read:
//!
//! - only choice 0; nobody asked for more;
//! - `reasoning_content` (and `reasoning`) is the model's thinking, not its answer: ignored
//!   for now;
//! - tool calls are ignored, for there are no tools.

use protocol::{Error, Finish, Usage};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{classify, fault};

/// An answer on its way.
#[derive(Debug)]
pub(super) struct Answer {
    /// Bytes of text that may still come.
    room_bytes: usize,
    any_text: bool,
    any_tool_call: bool,
    usage: Option<Usage>,
    end: Option<Result<Finish, Error>>,
    /// `[DONE]`, or an end after which nothing is of interest.
    complete: bool,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default, deserialize_with = "or_default")]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Value,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    #[serde(default, deserialize_with = "or_default")]
    delta: Delta,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
    /// Said instead of an answer, and in its place to whoever reads.
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Value,
    #[serde(default)]
    function_call: Value,
}

#[derive(Deserialize)]
struct UsageOnWire {
    prompt_tokens: u32,
    completion_tokens: u32,
    #[serde(default)]
    prompt_tokens_details: Value,
}

impl Answer {
    pub(super) fn new(max_answer_bytes: usize) -> Self {
        let (any_text, any_tool_call) = (false, false);
        Self {
            room_bytes: max_answer_bytes,
            any_text,
            any_tool_call,
            usage: None,
            end: None,
            complete: false,
        }
    }

    /// Takes the data of an event; returns the text that it adds, if any.
    ///
    /// An error is the end of the answer. After a finish reason only usage is of interest:
    /// text is dropped and nothing is an error any more.
    pub(super) fn event(&mut self, data: &str) -> Result<Option<String>, Error> {
        if data.trim() == "[DONE]" {
            self.complete = true;
            return Ok(None);
        }
        match read(data) {
            Ok(chunk) => Ok(self.chunk(chunk)),
            Err(_) if self.end.is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the model is done; usage and `[DONE]` may still come.
    pub(super) fn is_finished(&self) -> bool {
        self.end.is_some()
    }

    /// Whether nothing more is of interest.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// What the whole came to, when the stream has ended or is not read any further.
    pub(super) fn end(self) -> Result<(Finish, Option<Usage>), Error> {
        let done = if self.complete { Ok(Finish::Stop) } else { Err(fault::broken()) };
        let finish = match self.end {
            None if self.complete && !self.any_text && !self.any_tool_call => {
                Err(fault::no_answer())
            }
            end => end.unwrap_or(done),
        }?;
        if self.any_tool_call && !self.any_text {
            return Err(fault::tool_call());
        }
        Ok((finish, self.usage))
    }

    fn chunk(&mut self, chunk: Chunk) -> Option<String> {
        self.usage = usage(chunk.usage).or(self.usage);
        let choice = chunk.choices.into_iter().find(|choice| choice.index == 0);
        let choice = choice.filter(|_| self.end.is_none())?;
        let Delta { content, refusal, tool_calls, function_call } = choice.delta;
        let is_call =
            |value: &Value| !value.is_null() && value.as_array().is_none_or(|a| !a.is_empty());
        self.any_tool_call |= is_call(&tool_calls) || is_call(&function_call);
        self.end = choice.finish_reason.and_then(|reason| finish(&reason));
        self.complete |= matches!(self.end, Some(Err(_)));
        self.fit(content.filter(|text| !text.is_empty()).or(refusal).unwrap_or_default())
    }

    /// Cuts what is over the bound, and ends the answer there.
    fn fit(&mut self, mut text: String) -> Option<String> {
        if text.len() > self.room_bytes {
            text.truncate(text.floor_char_boundary(self.room_bytes));
            self.end = Some(Ok(Finish::Length));
            self.complete = true;
        }
        self.room_bytes -= text.len();
        self.any_text |= !text.is_empty();
        (!text.is_empty()).then_some(text)
    }
}

fn read(data: &str) -> Result<Chunk, Error> {
    let value = serde_json::from_str::<Value>(data).map_err(|_| fault::not_json())?;
    match classify::from_value(&value) {
        Some(error) => Err(error),
        None => serde_json::from_value(value).map_err(|_| fault::not_json()),
    }
}

/// What a finish reason means; an empty one, which some gateways send with every chunk,
/// means nothing. Unknown ones ("eos", "end_turn") are ordinary ends.
fn finish(reason: &str) -> Option<Result<Finish, Error>> {
    match reason {
        "" => None,
        "length" | "max_tokens" => Some(Ok(Finish::Length)),
        "content_filter" => Some(Err(fault::content_filter())),
        // SGLang and vLLM when a request is given up; OpenRouter.
        "abort" | "error" => Some(Err(fault::upstream_in_stream())),
        _ => Some(Ok(Finish::Stop)),
    }
}

fn usage(value: Value) -> Option<Usage> {
    let usage = serde_json::from_value::<UsageOnWire>(value).ok()?;
    let cached = usage.prompt_tokens_details["cached_tokens"].as_u64();
    Some(Usage {
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        cached_tokens: cached.and_then(|tokens| u32::try_from(tokens).ok()),
    })
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{ErrorCode, ProviderKind};

    type End = Result<(Finish, Option<Usage>), ProviderKind>;

    fn kind(error: Error) -> ProviderKind {
        let ErrorCode::Provider(kind) = error.code else { panic!("{error:?}") };
        kind
    }

    fn fold(max_bytes: usize, events: &[&str]) -> (String, End) {
        let (mut answer, mut text) = (Answer::new(max_bytes), String::new());
        for event in events {
            match answer.event(event) {
                Ok(piece) => text.extend(piece),
                Err(error) => return (text, Err(kind(error))),
            }
            if answer.is_complete() {
                break;
            }
        }
        (text, answer.end().map_err(kind))
    }

    #[test]
    fn streams_and_what_they_come_to() {
        let a = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#;
        let b = r#"{"choices":[{"delta":{"content":"b","role":null}}],"usage":null}"#;
        let two = r#"{"choices":[{"index":1,"delta":{"content":"x"}},{"index":0,"delta":{"content":"a"}}]}"#;
        let other = r#"{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#;
        let thinking =
            r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hm","content":null}}]}"#;
        let tool = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"rm"}}]}}]}"#;
        let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
        let late = r#"{"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}]}"#;
        let length = r#"{"choices":[{"index":0,"delta":null,"finish_reason":"length"}]}"#;
        let calls = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
        let filter = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}"#;
        let usage = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}}"#;
        let refusal = r#"{"choices":[{"index":0,"delta":{"refusal":"No."}}]}"#;
        let error = r#"{"error":{"message":"boom"}}"#;
        let (done, ok) = ("[DONE]", (Finish::Stop, None));
        let counted = Usage { prompt_tokens: 3, completion_tokens: 2, cached_tokens: Some(1) };
        let rows: [(&[&str], &str, End); 21] = [
            (&[a, b, stop, usage, done], "ab", Ok((Finish::Stop, Some(counted)))),
            (&[a, b, stop, done], "ab", Ok(ok)),
            (&[a, late], "ab", Ok(ok)),
            (&[a, stop, b], "a", Ok(ok)),
            (&[a, stop, "{oops", error], "a", Ok(ok)),
            (&[a, length], "a", Ok((Finish::Length, None))),
            (&[a, done], "a", Ok(ok)),
            (&[a], "a", Err(ProviderKind::Network)),
            (&[], "", Err(ProviderKind::Network)),
            (&[done], "", Err(ProviderKind::Malformed)),
            (&[stop, done], "", Ok(ok)),
            (&[thinking, a, stop], "a", Ok(ok)),
            (&[two, other, b, stop], "ab", Ok(ok)),
            (&[tool, calls, done], "", Err(ProviderKind::Malformed)),
            (&[a, tool, calls, done], "a", Ok(ok)),
            (&[a, filter, b], "a", Err(ProviderKind::ContentFilter)),
            (&[a, "{oops"], "a", Err(ProviderKind::Malformed)),
            (&[a, "7"], "a", Err(ProviderKind::Malformed)),
            (&[a, error, stop], "a", Err(ProviderKind::Upstream)),
            (&[r#"{"type":"ping"}"#, a, stop], "a", Ok(ok)),
            (&[refusal, stop], "No.", Ok(ok)),
        ];
        for (events, text, end) in rows {
            assert_eq!(fold(100, events), (text.to_owned(), end), "{events:?}");
        }
    }

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        let piece = r#"{"choices":[{"index":0,"delta":{"content":"日本"}}]}"#;
        let cut = (Finish::Length, None);
        assert_eq!(fold(8, &[piece, piece, piece]), ("日本".to_owned(), Ok(cut)));
        assert_eq!(fold(10, &[piece, piece, piece]), ("日本日".to_owned(), Ok(cut)));
    }
}
