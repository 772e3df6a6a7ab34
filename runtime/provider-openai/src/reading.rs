//! Reads the bytes of a good response as the provider does, but without a connection: for fuzzing.

use model_io::thinking::Piece;
use protocol::{Error, Finish, Usage};

use crate::answer::{Answer, Bounds};
use crate::sse::Decoder;

/// The reasoning and the text of an answer, and its end. `Err(None)` means that the decoder's bound
/// was exceeded.
pub type Outcome = (String, String, Result<(Finish, Option<Usage>), Option<Error>>);

/// Reads a whole stream that arrives in these pieces. Text and reasoning have the same bound.
pub fn read<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    event_bytes: usize,
    answer_bytes: usize,
) -> Outcome {
    let bounds = Bounds { text: answer_bytes, reasoning: answer_bytes };
    let mut answer = Answer::new(bounds);
    let mut said = ErrorReport::default();
    let broken = said.stream(pieces, event_bytes, &mut answer);
    said.take(answer.rest());
    let end = match broken {
        Some(error) => Err(error),
        None => answer.end().map_err(Some),
    };
    (said.reasoning, said.text, end)
}

#[derive(Default)]
struct ErrorReport {
    reasoning: String,
    text: String,
}

impl ErrorReport {
    /// The reason why the stream was not read to its end.
    fn stream<'a>(
        &mut self,
        pieces: impl Iterator<Item = &'a [u8]>,
        event_bytes: usize,
        answer: &mut Answer,
    ) -> Option<Option<Error>> {
        let mut decoder = Decoder::new(event_bytes);
        for piece in pieces {
            let mut events = Vec::new();
            let bounded = decoder.push(piece, &mut events);
            for event in events {
                match answer.event(&event) {
                    Ok(more) => self.take(more),
                    Err(error) => return Some(Some(error)),
                }
                if answer.is_complete() {
                    return None;
                }
            }
            if bounded.is_err() {
                return Some(None);
            }
        }
        match answer.event(&decoder.end()?) {
            Ok(more) => self.take(more),
            Err(error) => return Some(Some(error)),
        }
        None
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
