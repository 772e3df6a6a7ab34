//! Sends a turn the outputs of an answer while it arrives.

use std::time::Duration;

use model_io::thinking::Piece;
use provider::Output;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The least time between two `Alive` outputs; less than the shortest stall timeout that can be
/// set.
const ALIVE: Duration = Duration::from_millis(50);

/// The most bytes of pieces that wait to be passed on together.
const WAITING_BYTES: usize = 16 * 1024;

/// The outputs to a turn, with the time of the last one.
pub(super) struct TurnOutputs<'a> {
    outputs: &'a mpsc::Sender<Output>,
    /// Pieces that arrived together, in their order; neighbours of the same kind are one.
    waiting: Vec<Piece>,
    last: Instant,
    has_begun: bool,
    has_heard: bool,
}

impl<'a> TurnOutputs<'a> {
    pub(super) fn new(outputs: &'a mpsc::Sender<Output>) -> Self {
        let (waiting, last) = (Vec::new(), Instant::now());
        Self { outputs, waiting, last, has_begun: false, has_heard: false }
    }

    /// Sends `Began` once, when the endpoint has accepted the request.
    pub(super) async fn began(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.say(Output::Began).await;
        }
    }

    /// Records that an event arrived.
    pub(super) fn hear(&mut self) {
        self.has_heard = true;
    }

    pub(super) fn has_heard(&self) -> bool {
        self.has_heard
    }

    /// Keeps pieces until [`Self::flush`].
    pub(super) fn pieces(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match (self.waiting.last_mut(), piece) {
                (Some(Piece::Text(last)), Piece::Text(next))
                | (Some(Piece::Reasoning(last)), Piece::Reasoning(next)) => last.push_str(&next),
                (_, piece) => self.waiting.push(piece),
            }
        }
    }

    /// Whether so much waits that it should be sent before more is read.
    pub(super) fn is_full(&self) -> bool {
        let bytes = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Reasoning(text) => text.len(),
            Piece::TextWasReasoning => 0,
        };
        self.waiting.iter().map(bytes).sum::<usize>() >= WAITING_BYTES
    }

    /// Sends the pieces that wait.
    pub(super) async fn flush(&mut self) {
        for piece in std::mem::take(&mut self.waiting) {
            let output = match piece {
                Piece::Text(text) => Output::Text(text),
                Piece::Reasoning(text) => Output::Reasoning(text),
                Piece::TextWasReasoning => Output::TextWasReasoning,
            };
            self.say(output).await;
        }
    }

    /// Sends `Alive` after data that has nothing to show, unless there was an output just before.
    pub(super) async fn alive(&mut self) {
        if self.last.elapsed() >= ALIVE {
            self.say(Output::Alive).await;
        }
    }

    pub(super) async fn say(&mut self, output: Output) {
        self.last = Instant::now();
        // If the receiver is gone, the caller notices that as well and drops this future.
        let _ = self.outputs.send(output).await;
    }
}
