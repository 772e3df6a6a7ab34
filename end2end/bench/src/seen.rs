//! What one reader saw of one answer: its text, when each token came, and what that took on the wire.

use anyhow::{Context as _, Result};
use tokio::time::error::Elapsed;
use upstream::stamp::{self, TOKEN_BYTES};

use crate::counted::Count;
use crate::frames::Received;

#[derive(Default)]
pub struct Seen {
    pub received: Received,
    /// How long each token took from the endpoint's write, in microseconds.
    pub lags_us: Vec<u32>,
    /// The frames with text, and the bytes read from the socket.
    pub frames: u64,
    pub bytes: u64,
    /// Why the answer could not be followed to its end.
    pub fault: Option<String>,
}

impl Seen {
    /// Times the tokens that were completed by a frame, which was read at `now_us` and before which
    /// the text had `before` bytes.
    pub fn time(&mut self, before: usize, now_us: u64) -> Result<()> {
        let text = &self.received.text;
        if text.len() > before {
            self.frames += 1;
        }
        for token in before / TOKEN_BYTES..text.len() / TOKEN_BYTES {
            let token = &text[token * TOKEN_BYTES..][..TOKEN_BYTES];
            let at = stamp::written_at(token).context("text that the endpoint did not write")?;
            self.lags_us.push(u32::try_from(now_us.saturating_sub(at)).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    /// Notes how following the answer ended, and the bytes that it took.
    pub fn end(mut self, read: Result<Result<()>, Elapsed>, count: &Count) -> Self {
        self.bytes = count.get();
        self.fault = match read {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(_) => Some("the answer did not end in time".to_owned()),
        };
        self
    }
}
