//! A relay: it passes each token of the endpoint on as a frame of the same size as a companion's,
//! and does nothing else. What it costs is what any program costs that stands at this place.

use std::borrow::Cow;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use futures::SinkExt as _;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::api::question;

/// A frame with the fields and the lengths of a companion's.
#[derive(Serialize)]
struct Frame<'a> {
    frame: &'a str,
    cursor: &'a str,
    runtime_id: &'a str,
    worker_id: &'a str,
    event: Event<'a>,
}

#[derive(Serialize)]
struct Event<'a> {
    seq: u64,
    at: &'a str,
    r#type: &'a str,
    turn_id: &'a str,
    message_id: &'a str,
    offset: usize,
    text: &'a str,
    state: &'a str,
}

/// The part of an endpoint's event that is passed on.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: [Choice<'a>; 1],
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
}

const ID: &str = "019a9f00-0000-7000-8000-000000000001";

/// Serves until killed: the hidden subcommand. An observer of `/N` begins the answer to question
/// `N`. Prints the address.
pub async fn serve(endpoint: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = pass_on(stream, endpoint).await {
                eprintln!("relay: {error:#}");
            }
        });
    }
}

async fn pass_on(stream: TcpStream, endpoint: SocketAddr) -> Result<()> {
    stream.set_nodelay(true)?;
    let path = Arc::new(Mutex::new(String::new()));
    let asked = path.clone();
    #[allow(clippy::result_large_err, reason = "the type of the library's callback")]
    let read_path = move |request: &Request, response: Response| {
        if let Ok(mut path) = asked.lock() {
            *path = request.uri().path().to_owned();
        }
        Ok(response)
    };
    let config = WebSocketConfig::default().read_buffer_size(4 << 10);
    let mut socket = accept_hdr_async_with_config(stream, read_path, Some(config)).await?;
    let number = path.lock().ok().and_then(|path| path.trim_start_matches('/').parse().ok());
    socket.send(Message::text(r#"{"frame":"snapshot"}"#)).await?;

    let mut upstream = ask(endpoint, number.context("an odd path")?).await?;
    let (mut bytes, mut offset, mut seq) = (Vec::with_capacity(8 << 10), 0, 0);
    while upstream.read_buf(&mut bytes).await? > 0 {
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else { continue };
        // The lines between the events belong to the framing of HTTP.
        let lines = bytes[..end].split(|byte| *byte == b'\n');
        for data in lines.filter_map(|line| line.strip_prefix(b"data: ")) {
            let content = content(data);
            seq += 1;
            let text = content.as_deref().unwrap_or_default();
            let is_end = data.starts_with(b"[DONE]");
            if is_end || !text.is_empty() {
                socket.send(Message::text(frame(seq, offset, text, is_end)?)).await?;
            }
            offset += text.len();
        }
        bytes.drain(..=end);
    }
    Ok(())
}

/// The text of an endpoint's event, if it has any.
pub(crate) fn content(data: &[u8]) -> Option<Cow<'_, str>> {
    let chunk = serde_json::from_slice::<Chunk>(data).ok()?;
    chunk.choices.into_iter().next()?.delta.content
}

fn frame(seq: u64, offset: usize, text: &str, is_end: bool) -> Result<String> {
    let event = Event {
        seq,
        at: "2026-01-02T03:04:05.678Z",
        r#type: if is_end { "turn_ended" } else { "text_delta" },
        turn_id: ID,
        message_id: ID,
        offset,
        text,
        state: "completed",
    };
    let (cursor, runtime_id) = ("0123456789abcdef.000000000123", "backend-internal");
    let frame = Frame { frame: "event", cursor, runtime_id, worker_id: ID, event };
    Ok(serde_json::to_string(&frame)?)
}

/// Begins the answer to question number `n`.
async fn ask(endpoint: SocketAddr, n: u64) -> Result<TcpStream> {
    let mut upstream = TcpStream::connect(endpoint).await?;
    upstream.set_nodelay(true)?;
    let message = serde_json::json!({ "role": "user", "content": question(n) });
    let body =
        serde_json::json!({ "model": "scripted-model", "stream": true, "messages": [message] });
    let (body, path) = (body.to_string(), "/v1/chat/completions");
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: {endpoint}\r\ncontent-length: {length}\r\n\r\n");
    upstream.write_all((head + &body).as_bytes()).await?;
    Ok(upstream)
}
