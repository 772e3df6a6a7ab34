//! An observer: one WebSocket that is read and timed. It does as little as possible, because its
//! work is done on the cores that the server needs.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::StreamExt as _;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use upstream::stamp;

use crate::counted::{Count, Counted};
use crate::frames::Form;
use crate::seen::Seen;

/// How long a connection and its first frame may take.
const CONNECT: Duration = Duration::from_secs(30);

/// A connected observer.
pub struct Observer {
    socket: WebSocketStream<Counted>,
    count: Count,
    form: Form,
    seen: Seen,
}

impl Observer {
    /// Connects to `path` and waits for the first frame.
    pub async fn connect(address: SocketAddr, path: &str, form: Form) -> Result<Self> {
        let connecting = async {
            let (counted, count) = Counted::connect(address).await?;
            let url = format!("ws://{address}{path}{}", form.query());
            // The default read buffer of 128 KiB a socket would be most of the driver's memory.
            let config = WebSocketConfig::default().read_buffer_size(8 << 10);
            let (mut socket, _) = client_async_with_config(url, counted, Some(config)).await?;
            socket.next().await.context("no first frame came")??;
            anyhow::Ok((socket, count))
        };
        let (socket, count) = timeout(CONNECT, connecting).await.context("an observer waits")??;
        Ok(Self { socket, count, form, seen: Seen::default() })
    }

    /// Follows one answer to its end, for at most `limit`.
    pub async fn follow(&mut self, limit: Duration) -> Seen {
        self.count.reset();
        let read = timeout(limit, self.read()).await;
        std::mem::take(&mut self.seen).end(read, &self.count)
    }

    /// Follows one answer until its first text is there; returns that time in microseconds.
    pub async fn first_text_us(&mut self) -> Result<u64> {
        while self.seen.received.text.is_empty() {
            self.frame().await?;
        }
        Ok(stamp::now_us())
    }

    async fn read(&mut self) -> Result<()> {
        while self.seen.received.ended.is_none() {
            self.frame().await?;
        }
        Ok(())
    }

    async fn frame(&mut self) -> Result<()> {
        let message = self.socket.next().await.context("the stream broke off")??;
        let text = match message {
            Message::Text(text) => text,
            Message::Close(reason) => bail!("the stream was closed: {reason:?}"),
            _ => return Ok(()),
        };
        let now = stamp::now_us();
        let before = self.seen.received.text.len();
        self.seen.received.take(self.form, &text)?;
        self.seen.time(before, now)
    }
}
