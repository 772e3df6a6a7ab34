//! An observer: one WebSocket that is read and timed. It does as little as possible, because its
//! work is done on the cores that the server needs.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use upstream::stamp::{self, TOKEN_BYTES};

use crate::frames::{Form, Received};

/// How long a connection and its first frame may take.
const CONNECT: Duration = Duration::from_secs(30);

/// A connected observer.
pub struct Observer {
    socket: WebSocketStream<Counted>,
    form: Form,
    received: Received,
    /// How long each token took from the endpoint's write, in microseconds.
    lags_us: Vec<u32>,
    frames: u64,
}

/// What an observer saw of one answer.
pub struct Seen {
    pub received: Received,
    /// How long each token took from the endpoint's write, in microseconds.
    pub lags_us: Vec<u32>,
    /// The frames with text, and the bytes read from the socket, since [`Observer::begin`].
    pub frames: u64,
    pub bytes: u64,
    /// Why the stream could not be followed to its end.
    pub fault: Option<String>,
}

/// A socket that counts the bytes that are read from it.
struct Counted {
    stream: TcpStream,
    bytes: u64,
}

impl Observer {
    /// Connects to `path` and waits for the first frame.
    pub async fn connect(address: SocketAddr, path: &str, form: Form) -> Result<Self> {
        let connecting = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let url = format!("ws://{address}{path}{}", form.query());
            // The default read buffer of 128 KiB a socket would be most of the driver's memory.
            let config = WebSocketConfig::default().read_buffer_size(8 << 10);
            let counted = Counted { stream, bytes: 0 };
            let (mut socket, _) = client_async_with_config(url, counted, Some(config)).await?;
            socket.next().await.context("no first frame came")??;
            anyhow::Ok(socket)
        };
        let socket = timeout(CONNECT, connecting).await.context("an observer waits")??;
        let received = Received::default();
        Ok(Self { socket, form, received, lags_us: Vec::new(), frames: 0 })
    }

    /// Follows one answer to its end, for at most `limit`.
    pub async fn follow(&mut self, limit: Duration) -> Seen {
        self.socket.get_mut().bytes = 0;
        let fault = match timeout(limit, self.read()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(_) => Some(format!("no end of the answer within {} s", limit.as_secs())),
        };
        Seen {
            received: std::mem::take(&mut self.received),
            lags_us: std::mem::take(&mut self.lags_us),
            frames: std::mem::take(&mut self.frames),
            bytes: self.socket.get_ref().bytes,
            fault,
        }
    }

    /// Follows one answer until its first text is there; returns that time in microseconds.
    pub async fn first_text_us(&mut self) -> Result<u64> {
        while self.received.text.is_empty() {
            self.frame().await?;
        }
        Ok(stamp::now_us())
    }

    async fn read(&mut self) -> Result<()> {
        while self.received.ended.is_none() {
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
        let before = self.received.text.len();
        self.received.take(self.form, &text)?;
        let text = &self.received.text;
        if text.len() > before {
            self.frames += 1;
        }
        for token in before / TOKEN_BYTES..text.len() / TOKEN_BYTES {
            let token = &text[token * TOKEN_BYTES..][..TOKEN_BYTES];
            let at = stamp::written_at(token).context("text that the endpoint did not write")?;
            self.lags_us.push(u32::try_from(now.saturating_sub(at)).unwrap_or(u32::MAX));
        }
        Ok(())
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.bytes += (buffer.filled().len() - before) as u64;
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
