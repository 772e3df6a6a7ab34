//! What the provider does with the bytes of a good response, without the connection.

use protocol::{Error, Finish, Usage};

use super::answer::Answer;
use super::sse::Decoder;

/// The text of an answer and its end; no error is one of the decoder's bound.
pub fn read<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    event_bytes: usize,
    answer_bytes: usize,
) -> (String, Result<(Finish, Option<Usage>), Option<Error>>) {
    let (mut decoder, mut answer) = (Decoder::new(event_bytes), Answer::new(answer_bytes));
    let mut text = String::new();
    for piece in pieces {
        let mut events = Vec::new();
        let bounded = decoder.push(piece, &mut events);
        for event in events {
            match answer.event(&event) {
                Ok(more) => {
                    assert!(more.is_none() || !answer.is_complete() || answer.is_finished());
                    text.push_str(more.as_deref().unwrap_or_default());
                }
                Err(error) => return (text, Err(Some(error))),
            }
            if answer.is_complete() {
                return (text, answer.end().map_err(Some));
            }
        }
        if bounded.is_err() {
            return (text, Err(None));
        }
    }
    if let Some(event) = decoder.end() {
        match answer.event(&event) {
            Ok(more) => text.push_str(more.as_deref().unwrap_or_default()),
            Err(error) => return (text, Err(Some(error))),
        }
    }
    (text, answer.end().map_err(Some))
}
