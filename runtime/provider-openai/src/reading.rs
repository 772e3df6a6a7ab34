//! Reads the bytes of a good response as the provider does, but without a connection: for fuzzing.

use model_io::thinking::Piece;
use protocol::{Error, Finish, Usage};

use crate::answer::{Answer, Bounds};
use crate::config::Api;
use crate::sse::{Decoder, Event};

/// The reasoning and the text of an answer, and its end.
pub type Outcome = (String, String, Result<(Finish, Option<Usage>), Error>);

/// Reads a whole stream of chat completions that arrives in these pieces. Text and reasoning have the same bound.
pub fn read<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    event_bytes: usize,
    answer_bytes: usize,
) -> Outcome {
    let bounds = Bounds { text: answer_bytes, reasoning: answer_bytes };
    let mut answer = Answer::new(bounds, Api::Chat);
    let mut said = Received::default();
    let broken = said.stream(pieces, event_bytes, &mut answer);
    said.take(answer.rest());
    let end = match broken {
        Some(error) => Err(error),
        None => answer.end(),
    };
    (said.reasoning, said.text, end)
}

#[derive(Default)]
struct Received {
    reasoning: String,
    text: String,
}

impl Received {
    /// The reason why the stream was not read to its end.
    fn stream<'a>(
        &mut self,
        pieces: impl Iterator<Item = &'a [u8]>,
        event_bytes: usize,
        answer: &mut Answer,
    ) -> Option<Error> {
        let mut decoder = Decoder::new(event_bytes);
        let mut events = Vec::new();
        for piece in pieces {
            decoder.push(piece, &mut events);
            for event in events.drain(..) {
                if let Err(error) = self.event(event, answer) {
                    return Some(error);
                }
                if answer.is_complete() {
                    return None;
                }
            }
        }
        self.event(Event::Data(decoder.end()?), answer).err()
    }

    fn event(&mut self, event: Event, answer: &mut Answer) -> Result<(), Error> {
        match event {
            Event::Data(data) => self.take(answer.event(&data)?),
            Event::TooLong(beginning) => answer.too_long(&beginning)?,
        }
        Ok(())
    }

    fn take(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.text.push_str(&text),
                Piece::Reasoning(text) => self.reasoning.push_str(&text),
                Piece::TextWasReasoning => {
                    self.reasoning.push_str(&std::mem::take(&mut self.text));
                }
            }
        }
    }
}
