//! The child's standard error: forwards its lines to our log, and keeps the last ones to explain an
//! unexpected end.

use std::collections::VecDeque;

use engine_wire::{Line, LineLevel};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The most bytes of one line; the rest of a longer one becomes another line.
const LINE_BYTES: usize = 4096;
/// How many lines are kept.
const KEPT: usize = 8;

/// Forwards lines until the child closes its end. Returns the last warnings and errors, oldest
/// first.
pub(crate) async fn forward(mut from: impl AsyncRead + Unpin) -> Vec<String> {
    let mut lines = Lines::default();
    let mut kept = VecDeque::with_capacity(KEPT);
    let mut chunk = vec![0; LINE_BYTES];
    loop {
        let read = from.read(&mut chunk).await.unwrap_or(0);
        let complete = if read == 0 { lines.finish() } else { lines.push(&chunk[..read]) };
        for line in complete {
            if let Some(complaint) = forward_line(line) {
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(complaint);
            }
        }
        if read == 0 {
            return kept.into();
        }
    }
}

fn forward_line(line: String) -> Option<String> {
    match serde_json::from_str::<Line>(&line) {
        Ok(Line { level: LineLevel::Debug, text }) => {
            tracing::debug!(target: "companion::engine", "{text}");
            None
        }
        Ok(Line { level: LineLevel::Warn, text }) => {
            tracing::warn!(target: "companion::engine", "{text}");
            Some(text)
        }
        // The line is not JSON: a last message of the engine before an abort, or of a panic.
        Err(_) => {
            tracing::warn!(target: "companion::engine", "{line}");
            Some(line)
        }
    }
}

/// Splits bytes into lines. Pure.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut complete = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.rest.push(*byte);
            }
            if *byte == b'\n' || self.rest.len() >= LINE_BYTES {
                complete.extend(self.finish());
            }
        }
        complete
    }

    fn finish(&mut self) -> Vec<String> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.rest)).trim().to_owned();
        if line.is_empty() { Vec::new() } else { vec![line] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_split_into_bounded_lines() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"one\n\n tw"), ["one"]);
        assert_eq!(lines.push(b"o\nthree"), ["two"]);
        assert_eq!(lines.finish(), ["three"]);
        let long = lines.push(&[b'x'; LINE_BYTES + 1]);
        assert_eq!(long.iter().map(String::len).collect::<Vec<_>>(), [LINE_BYTES]);
    }

    #[tokio::test]
    async fn only_the_last_warnings_and_errors_are_kept() {
        let noise = r#"{"level":"Debug","text":"loading"}"#;
        let warned = r#"{"level":"Warn","text":"tensor is damaged"}"#;
        let said = format!("{noise}\n{warned}\nGGML_ASSERT(x) failed\n");
        let kept = forward(said.as_bytes()).await;
        assert_eq!(kept, ["tensor is damaged", "GGML_ASSERT(x) failed"]);
    }
}
