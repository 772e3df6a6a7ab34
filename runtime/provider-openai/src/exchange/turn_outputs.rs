//! What a turn is told while an answer comes.

use std::time::Duration;

use model_io::thinking::Piece;
use provider::Output;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Between two signs of life that say nothing else; less than the shortest limit of silence that
/// can be set.
const ALIVE: Duration = Duration::from_millis(50);

/// What the turn is told of an answer, and when it heard of it last.
pub(super) struct TurnOutputs<'a> {
    outputs: &'a mpsc::Sender<Output>,
    last: Instant,
    has_begun: bool,
    has_heard: bool,
}

impl<'a> TurnOutputs<'a> {
    pub(super) fn new(outputs: &'a mpsc::Sender<Output>) -> Self {
        Self { outputs, last: Instant::now(), has_begun: false, has_heard: false }
    }

    /// The endpoint took the request, which is told once.
    pub(super) async fn began(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.say(Output::Began).await;
        }
    }

    /// Notes that an event came.
    pub(super) fn hear(&mut self) {
        self.has_heard = true;
    }

    pub(super) fn has_heard(&self) -> bool {
        self.has_heard
    }

    pub(super) async fn pieces(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            let output = match piece {
                Piece::Text(text) => Output::Text(text),
                Piece::Reasoning(text) => Output::Reasoning(text),
                Piece::TextWasReasoning => Output::TextWasReasoning,
            };
            self.say(output).await;
        }
    }

    /// Something came; that is told now and then, where nothing else is.
    pub(super) async fn alive(&mut self) {
        if self.last.elapsed() >= ALIVE {
            self.say(Output::Alive).await;
        }
    }

    pub(super) async fn say(&mut self, output: Output) {
        self.last = Instant::now();
        // Where nobody listens any more, the caller sees that too and drops this future.
        let _ = self.outputs.send(output).await;
    }
}
