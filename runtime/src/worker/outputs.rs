//! The outputs of one attempt, with pieces that arrived together joined.

use provider::Output;
use tokio::sync::mpsc;

/// The most bytes of pieces that are joined into one output.
const JOINED_BYTES: usize = 64 * 1024;

/// What a provider sends. While a commit takes its time, more pieces arrive; they are then
/// committed together, so that a slow disk makes larger deltas and no queue.
pub(super) struct Outputs {
    channel: mpsc::Receiver<Output>,
    /// An output that was received and could not be joined to the one before it.
    ahead: Option<Output>,
}

impl Outputs {
    pub(super) fn new(channel: mpsc::Receiver<Output>) -> Self {
        Self { channel, ahead: None }
    }

    /// The next output; `None` at the end. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Output> {
        let first = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.channel.recv().await?,
        };
        Some(match first {
            Output::Text(text) => Output::Text(self.join(text, Part::Text)),
            Output::Reasoning(text) => Output::Reasoning(self.join(text, Part::Reasoning)),
            other => other,
        })
    }

    /// Adds the pieces of the same part that have arrived.
    fn join(&mut self, mut text: String, part: Part) -> String {
        while text.len() < JOINED_BYTES
            && let Ok(next) = self.channel.try_recv()
        {
            match (part, next) {
                (Part::Text, Output::Text(more)) | (Part::Reasoning, Output::Reasoning(more)) => {
                    text.push_str(&more);
                }
                // The text itself is the sign of life.
                (_, Output::Alive) => {}
                (_, other) => {
                    self.ahead = Some(other);
                    break;
                }
            }
        }
        text
    }
}

#[derive(Clone, Copy)]
enum Part {
    Text,
    Reasoning,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_that_have_arrived_are_joined_in_their_order() {
        let (sender, channel) = mpsc::channel(16);
        let text = |text: &str| Output::Text(text.to_owned());
        let sent = [
            text("a"),
            Output::Alive,
            text("b"),
            Output::Reasoning("c".to_owned()),
            Output::Reasoning("d".to_owned()),
            Output::TextWasReasoning,
            text("e"),
        ];
        for output in sent {
            sender.send(output).await.unwrap();
        }
        drop(sender);
        let mut outputs = Outputs::new(channel);
        assert!(matches!(outputs.next().await, Some(Output::Text(joined)) if joined == "ab"));
        assert!(matches!(outputs.next().await, Some(Output::Reasoning(joined)) if joined == "cd"));
        assert!(matches!(outputs.next().await, Some(Output::TextWasReasoning)));
        assert!(matches!(outputs.next().await, Some(Output::Text(joined)) if joined == "e"));
        assert!(outputs.next().await.is_none());
    }

    #[tokio::test]
    async fn what_is_joined_is_bounded() {
        let (sender, channel) = mpsc::channel(16);
        for _ in 0..4 {
            sender.send(Output::Text("x".repeat(JOINED_BYTES / 2))).await.unwrap();
        }
        let mut outputs = Outputs::new(channel);
        for _ in 0..2 {
            let joined = outputs.next().await;
            assert!(matches!(joined, Some(Output::Text(text)) if text.len() == JOINED_BYTES));
        }
    }
}
