//! An answer at a steady pace, whose tokens carry the time of their write.

use std::io::{self, Write as _};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{Player, delta};
use crate::stamp;

/// Stands in the template of an event where the text goes.
const PLACE: &str = "@";

impl Player<'_> {
    /// Streams `tokens` tokens, one each `interval`, and records in the log what was sent. A token
    /// that is late does not delay the ones after it.
    pub(super) async fn paced(&self, tokens: u32, interval: Duration) -> io::Result<()> {
        // Otherwise the kernel holds a small piece back until the last one is acknowledged.
        self.stream.set_nodelay(true)?;
        self.raw(&self.stream_head()).await?;
        let event = format!("data: {}\n\n", delta(&json!({ "content": PLACE })));
        let (before, after) = event.split_once(PLACE).expect("the template holds the place");
        let mut sent = Vec::with_capacity(tokens as usize * stamp::TOKEN_BYTES);
        let (mut text, mut chunk) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        for n in 0..tokens {
            tokio::time::sleep_until(begun + interval * n).await;
            let token = stamp::token(n, stamp::now_us());
            text.clear();
            for byte in token {
                match byte {
                    b'\n' => text.extend_from_slice(b"\\n"),
                    other => text.push(other),
                }
            }
            chunk.clear();
            write!(chunk, "{:x}\r\n{before}", before.len() + text.len() + after.len())?;
            chunk.extend_from_slice(&text);
            write!(chunk, "{after}\r\n")?;
            self.raw(&chunk).await?;
            sent.extend_from_slice(&token);
        }
        self.book.sent(self.number, sent);
        let end = json!({ "index": 0, "delta": {}, "finish_reason": "stop" });
        self.data(&super::event(json!([end]), serde_json::Value::Null)).await?;
        self.body(b"data: [DONE]\n\n").await
    }
}
