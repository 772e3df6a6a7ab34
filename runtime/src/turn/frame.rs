//! Collects the provider's text and reasoning into frames, and makes deltas of them.

use protocol::{EventBody, Timestamp};

use super::{Effect, Timer, TurnMachine};

/// The part of an answer that a piece belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text,
    Reasoning,
}

/// Pieces in the order of their arrival; neighbouring pieces of the same part are joined.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame(Vec<(Part, String)>);

impl Frame {
    pub(super) fn push(&mut self, part: Part, text: &str) {
        match self.0.last_mut() {
            Some((last, waiting)) if *last == part => waiting.push_str(text),
            _ => self.0.push((part, text.to_owned())),
        }
    }

    pub(super) fn take(&mut self) -> Vec<(Part, String)> {
        std::mem::take(&mut self.0)
    }
}

/// Committed bytes of the answer, counted for each part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub(super) text: u64,
    pub(super) reasoning: u64,
}

impl Written {
    /// Counts `bytes` more bytes and returns the offset at which they begin.
    pub(super) fn add(&mut self, part: Part, bytes: usize) -> u64 {
        let end = match part {
            Part::Text => &mut self.text,
            Part::Reasoning => &mut self.reasoning,
        };
        let begin = *end;
        *end += bytes as u64;
        begin
    }
}

impl TurnMachine {
    pub(super) fn came(&mut self, now: Timestamp, part: Part, text: &str) -> Vec<Effect> {
        self.frame.push(part, text);
        let mut effects = Vec::new();
        if !self.spoke {
            effects.push(Effect::Disarm(Timer::FirstToken));
            self.spoke = true;
        }
        // The first piece after a pause is committed at once; pieces that follow within the frame
        // wait for its end.
        if !self.framing {
            effects.extend(self.flush(now));
            self.framing = self.limits.frame_ms > 0;
            if self.framing {
                effects.push(Effect::Arm(Timer::Frame, self.limits.frame_ms));
            }
        }
        effects.push(self.alive());
        effects
    }

    /// Restarts the timer for silence: anything that the provider sends is a sign of life.
    pub(super) fn alive(&self) -> Effect {
        match self.spoke {
            false => Effect::Arm(Timer::FirstToken, self.limits.first_token_ms),
            true => Effect::Arm(Timer::Stall, self.limits.stall_ms),
        }
    }

    /// Moves the text of this turn to the reasoning. The beginning of a continued answer stays,
    /// because it was text in the earlier answer already.
    pub(super) fn text_was_reasoning(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = self.flush(now);
        if self.written.text == self.begun {
            effects.push(self.alive());
            return effects;
        }
        let (turn_id, message_id, offset) = (self.turn_id, self.answer, self.begun);
        self.written.reasoning += self.written.text - self.begun;
        self.written.text = self.begun;
        self.timings.text_was_reasoning();
        let body = EventBody::TextWasReasoning { turn_id, message_id, offset };
        effects.extend([Effect::Commit(body), self.alive()]);
        effects
    }

    pub(super) fn frame_due(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = self.flush(now);
        self.framing = !effects.is_empty();
        if self.framing {
            effects.push(Effect::Arm(Timer::Frame, self.limits.frame_ms));
        }
        effects
    }

    /// Makes deltas with their offsets of the waiting pieces, in the order of their arrival.
    pub(super) fn flush(&mut self, now: Timestamp) -> Vec<Effect> {
        let ms = now.ms_since(self.accepted_at);
        let (turn_id, message_id) = (self.turn_id, self.answer);
        let pieces = self.frame.take().into_iter().map(|(part, text)| {
            let offset = self.written.add(part, text.len());
            Effect::Commit(match part {
                Part::Text => {
                    self.timings.first_token_ms.get_or_insert(ms);
                    EventBody::TextDelta { turn_id, message_id, offset, text }
                }
                Part::Reasoning => {
                    self.timings.first_reasoning_ms.get_or_insert(ms);
                    EventBody::ReasoningDelta { turn_id, message_id, offset, text }
                }
            })
        });
        pieces.collect()
    }
}
