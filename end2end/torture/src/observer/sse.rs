//! Reads frames from Server-Sent Events.

use std::pin::Pin;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use protocol::{Frame, WorkerId};

use crate::client::Client;

/// A stream of events.
pub struct Sse {
    chunks: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    /// Bytes of an incomplete event.
    rest: Vec<u8>,
    /// The last `id`, which a client would send back as `Last-Event-ID`.
    pub last_id: Option<String>,
}

impl Sse {
    /// Connects; a cursor is sent in the header `Last-Event-ID`.
    pub async fn open(client: &Client, worker: WorkerId, cursor: Option<&str>) -> Result<Self> {
        Self::open_raw(client, worker, "", cursor.map(str::as_bytes)).await
    }

    /// Connects with exactly this query and this `Last-Event-ID`.
    pub async fn open_raw(
        client: &Client,
        worker: WorkerId,
        query: &str,
        last_event_id: Option<&[u8]>,
    ) -> Result<Self> {
        let url = client.url(&format!("{}/events{query}", Client::path(worker)));
        // A stream may last forever, so this client has no timeout.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).build()?;
        let mut request = http.get(url).header("accept", "text/event-stream");
        if let Some(cursor) = last_event_id {
            request = request.header("last-event-id", cursor);
        }
        let response = request.send().await?;
        if response.status() != 200 {
            bail!("events were refused with {}", response.status());
        }
        Ok(Self { chunks: Box::pin(response.bytes_stream()), rest: Vec::new(), last_id: None })
    }

    /// The next frame; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            while let Some(block) = self.block()? {
                if let Some(frame) = self.frame(&block)? {
                    return Ok(Some(frame));
                }
            }
            match self.chunks.next().await {
                Some(chunk) => self.rest.extend_from_slice(&chunk?),
                None => return Ok(None),
            }
        }
    }

    /// The next complete event or comment.
    fn block(&mut self) -> Result<Option<String>> {
        let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") else {
            return Ok(None);
        };
        let block: Vec<u8> = self.rest.drain(..end + 2).collect();
        Ok(Some(String::from_utf8(block).context("an event is not UTF-8")?))
    }

    fn frame(&mut self, block: &str) -> Result<Option<Frame>> {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        if let Some(id) = field("id:") {
            self.last_id = Some(id.trim().to_owned());
        }
        Ok(field("data:").map(serde_json::from_str).transpose()?)
    }
}
