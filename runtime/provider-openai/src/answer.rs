//! Accumulates the events of a stream into an answer; pure.
//!
//! Only choice 0 counts, because no request asks for more, and tool calls are ignored, because
//! there are no tools. [`event`] parses an event, and [`Thinking`](model_io::thinking) finds
//! thinking within the text.

use model_io::thinking::{Piece, Thinking};
use protocol::{Error, Finish, Usage};

use super::config::Api;
use super::{classify, fault};

mod event;
pub(crate) mod responses;
mod snapshots;
mod surrogates;
#[cfg(test)]
mod tests;

use event::{Event, Source};
use responses::Responses;
use snapshots::Snapshots;
use surrogates::{LOST, Surrogates};

/// Appended to thinking that was cut at its bound.
const CUT: &str = "\n\n[…]";

/// The bounds of an answer, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Text beyond this bound ends the answer.
    pub(crate) text: usize,
    /// Reasoning beyond this bound is dropped, and the answer continues.
    pub(crate) reasoning: usize,
}

/// An answer that is being received.
#[derive(Debug)]
pub(crate) struct Answer {
    bounds: Bounds,
    api: Api,
    responses: Responses,
    text_bytes: usize,
    reasoning_bytes: usize,
    thinking: Thinking,
    surrogates: Surrogates,
    /// The source of the first thinking. The same thinking from another source is not shown again.
    source: Option<Source>,
    snapshots: Snapshots,
    /// Whether the model has begun to say why it refuses to answer, or to continue.
    refuses: bool,
    any_tool_call: bool,
    usage: Option<Usage>,
    end: Option<Result<Finish, Error>>,
    /// Set by `[DONE]`, or by an end after which nothing else matters.
    complete: bool,
}

impl Answer {
    pub(crate) fn new(bounds: Bounds, api: Api) -> Self {
        Self {
            bounds,
            api,
            responses: Responses::default(),
            text_bytes: 0,
            reasoning_bytes: 0,
            thinking: Thinking::new(),
            surrogates: Surrogates::default(),
            source: None,
            snapshots: Snapshots::default(),
            refuses: false,
            any_tool_call: false,
            usage: None,
            end: None,
            complete: false,
        }
    }

    /// Adds the data of an event; returns the pieces that it adds.
    ///
    /// An error ends the answer. After a finish reason only the usage matters: text is dropped, and
    /// invalid data is no error any more.
    pub(crate) fn event(&mut self, data: &str) -> Result<Vec<Piece>, Error> {
        if matches!(data.trim(), "[DONE]" | "\"[DONE]\"") {
            // The Responses API has an event of its own for the end, and gateways send `[DONE]`
            // beside it.
            self.complete |= self.api == Api::Chat;
            return Ok(Vec::new());
        }
        match self.read(data) {
            Ok(event) => Ok(self.take(event)),
            Err(_) if self.end.is_some() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Skips an event that is too long, judging by its beginning. Fails if the event may be needed.
    pub(crate) fn too_long(&mut self, beginning: &str) -> Result<(), Error> {
        if self.end.is_some() {
            self.complete = true;
            return Ok(());
        }
        let can_be_missed = match self.api {
            // This is encrypted thinking, which only OpenAI can read.
            Api::Chat => beginning.contains("\"reasoning.encrypted\""),
            Api::Responses => responses::can_be_missed(beginning),
        };
        if !can_be_missed {
            return Err(fault::event_too_long());
        }
        tracing::warn!("an event of the provider is too long and is skipped");
        if let Some(end) = responses::end_of(beginning).filter(|_| self.api == Api::Responses) {
            self.take(end);
        }
        Ok(())
    }

    /// Returns the text that was held back because it might have become a mark of thinking. Must be
    /// called last.
    pub(crate) fn rest(&mut self) -> Vec<Piece> {
        let rest = self.last_said();
        self.fit(rest)
    }

    /// The pieces that are left when no further text comes.
    fn last_said(&mut self) -> Vec<Piece> {
        let mut said = Vec::new();
        if self.surrogates.take_rest() {
            said = self.thinking.push(&LOST.to_string());
        }
        said.extend(self.thinking.end());
        self.first_told(said)
    }

    /// Whether the model has finished; usage and `[DONE]` may still follow.
    pub(crate) fn is_finished(&self) -> bool {
        self.end.is_some()
    }

    /// Whether the rest of the stream does not matter.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The result of the whole answer, once the stream has ended or is not read any further.
    pub(crate) fn end(self) -> Result<(Finish, Option<Usage>), Error> {
        let empty = self.text_bytes == 0 && self.reasoning_bytes == 0;
        let done = if self.complete { Ok(Finish::Stop) } else { Err(fault::broken()) };
        let finish = match self.end {
            None if self.complete && empty && !self.any_tool_call => Err(fault::no_answer()),
            end => end.unwrap_or(done),
        }?;
        if self.any_tool_call && self.text_bytes == 0 {
            return Err(fault::tool_call());
        }
        Ok((finish, self.usage))
    }

    fn read(&mut self, data: &str) -> Result<Event, Error> {
        let mut value = self.surrogates.parse(data).map_err(|_| fault::not_json())?;
        event::drop_blank_error(&mut value);
        if self.api == Api::Responses {
            if let Some(error) = responses::error(&value) {
                let told = classify::from_value(&error);
                return Err(told.unwrap_or_else(fault::upstream_in_stream));
            }
            if classify::from_value(&value).is_none() {
                return self.responses.read(&value).ok_or_else(fault::not_json);
            }
        }
        match classify::from_value(&value) {
            Some(error) => Err(error),
            None => Event::of(&value).ok_or_else(fault::not_json),
        }
    }

    fn take(&mut self, event: Event) -> Vec<Piece> {
        self.usage = event.usage.or(self.usage);
        let Some(choice) = event.choice.filter(|_| self.end.is_none()) else { return Vec::new() };
        self.any_tool_call |= choice.tool_call;
        let begun = self.text_bytes + self.reasoning_bytes > 0;
        let mut pieces = Vec::new();
        // If the last event repeats the whole answer, it adds nothing.
        for part in choice.parts.into_iter().filter(|_| !(choice.whole && begun)) {
            match part {
                event::Part::Refusal(text) => {
                    let begins = !std::mem::replace(&mut self.refuses, true);
                    let apart = begins && self.text_bytes > 0;
                    let text = if apart { format!("\n\n{text}") } else { text };
                    let said = self.thinking.push(&text);
                    pieces.extend(self.first_told(said));
                }
                event::Part::Text(text) => {
                    let text = self.behind_lost(text);
                    let said = self.thinking.push(&text);
                    pieces.extend(self.first_told(said));
                }
                event::Part::Reasoning(source, text) => {
                    if self.is_first(source) {
                        let text = self.behind_lost(text);
                        self.thinking.comes_apart();
                        let text = self.snapshots.new_of(source, text);
                        pieces.extend(text.map(Piece::Reasoning));
                    }
                }
            }
        }
        self.end = choice.finish.and_then(|reason| finish(&reason));
        // In the Responses API the event that ends an answer is the last one and has the usage.
        self.complete |=
            matches!(self.end, Some(Err(_))) || self.end.is_some() && self.api == Api::Responses;
        if self.end.is_some() {
            pieces.extend(self.last_said());
        }
        self.fit(pieces)
    }

    /// Puts U+FFFD before the text if half a character before it was never completed.
    fn behind_lost(&mut self, text: String) -> String {
        if text.is_empty() || !self.surrogates.take_lost() {
            return text;
        }
        format!("{LOST}{text}")
    }

    /// Drops thinking between marks if thinking came from another source before.
    fn first_told(&mut self, mut pieces: Vec<Piece>) -> Vec<Piece> {
        pieces.retain(|piece| matches!(piece, Piece::Text(_)) || self.is_first(Source::Marks));
        pieces
    }

    fn is_first(&mut self, source: Source) -> bool {
        *self.source.get_or_insert(source) == source
    }

    /// Cuts the pieces at the bounds.
    fn fit(&mut self, pieces: Vec<Piece>) -> Vec<Piece> {
        let mut fitting = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::TextWasReasoning => {
                    self.reasoning_bytes += std::mem::take(&mut self.text_bytes);
                    fitting.push(piece);
                }
                Piece::Reasoning(text) => {
                    fitting.extend(self.fit_reasoning(text).map(Piece::Reasoning));
                }
                Piece::Text(text) => fitting.extend(self.fit_text(text).map(Piece::Text)),
            }
        }
        fitting
    }

    fn fit_text(&mut self, mut text: String) -> Option<String> {
        let room = self.bounds.text.saturating_sub(self.text_bytes);
        if text.len() > room {
            text.truncate(text.floor_char_boundary(room));
            self.end = Some(Ok(Finish::Length));
            self.complete = true;
        }
        self.text_bytes += text.len();
        (!text.is_empty()).then_some(text)
    }

    fn fit_reasoning(&mut self, mut text: String) -> Option<String> {
        let room = self.bounds.reasoning.checked_sub(self.reasoning_bytes)?;
        self.reasoning_bytes += text.len();
        if text.len() > room {
            text.truncate(text.floor_char_boundary(room));
            text.push_str(CUT);
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Interprets a finish reason. Some gateways send an empty one with every chunk, which means
/// nothing. Unknown ones ("eos", "end_turn") are ordinary ends.
fn finish(reason: &str) -> Option<Result<Finish, Error>> {
    match reason.to_ascii_lowercase().as_str() {
        "" => None,
        // Zhipu, Mistral.
        "length" | "max_tokens" | "model_context_window_exceeded" | "model_length" => {
            Some(Ok(Finish::Length))
        }
        // Zhipu; Gemini's own names.
        "content_filter" | "sensitive" | "safety" | "recitation" | "prohibited_content"
        | "blocklist" => Some(Err(fault::content_filter())),
        // SGLang and vLLM when a request is aborted; OpenRouter; DeepSeek; Zhipu.
        "abort" | "error" | "aborted" | "insufficient_system_resource" | "network_error" => {
            Some(Err(fault::upstream_in_stream()))
        }
        _ => Some(Ok(Finish::Stop)),
    }
}
