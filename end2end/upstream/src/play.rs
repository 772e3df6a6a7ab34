//! Plays the steps of a reply on a connection.

mod paced;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::http::{self, chunk, head};
use crate::log::Book;
use crate::responses;
use crate::rule::messages;
use crate::script::{Answer, Step};

/// How many bytes of a long line are sent at once.
const BLOCK_BYTES: usize = 64 * 1024;

/// A connection, and the request on it whose reply is played.
pub(crate) struct Player<'a> {
    pub(crate) stream: &'a TcpStream,
    pub(crate) request: &'a Value,
    /// Whether the request was made by the Responses API.
    pub(crate) by_responses: bool,
    /// The reply's header `Connection`: `close` or `keep-alive`.
    pub(crate) connection: &'static str,
    pub(crate) releases: &'a Semaphore,
    pub(crate) book: &'a Book,
    /// The number of the request in the book.
    pub(crate) number: usize,
}

impl Player<'_> {
    /// Plays all steps. Returns whether the reply is complete, so that the connection can be
    /// reused. Fails if the peer left.
    pub(crate) async fn play(&self, steps: Vec<Step>) -> io::Result<bool> {
        let mut chunked = false;
        for step in steps {
            match step {
                Step::Answer(answer) => {
                    self.answer(&answer).await?;
                    chunked = true;
                }
                Step::Paced { tokens, interval_us } => {
                    self.paced(tokens, Duration::from_micros(interval_us)).await?;
                    chunked = true;
                }
                Step::Respond { status, headers, body } => {
                    self.raw(&head(status, self.connection, &headers, Some(body.len()))).await?;
                    self.raw(body.as_bytes()).await?;
                }
                Step::Stream => {
                    self.raw(&self.stream_head()).await?;
                    chunked = true;
                }
                Step::Head { status, headers } => {
                    self.raw(&head(status, self.connection, &headers, None)).await?;
                    chunked = true;
                }
                Step::Data { json } => self.data(&json).await?,
                Step::Text { text } => self.body(text.as_bytes()).await?,
                Step::Bytes { bytes } => self.body(&bytes).await?,
                Step::Wire { text } => self.raw(text.as_bytes()).await?,
                Step::EndlessWire { text } => loop {
                    self.raw(text.as_bytes()).await?;
                },
                Step::Drip { text, ms } => loop {
                    self.body(text.as_bytes()).await?;
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                },
                Step::LongLine { bytes } => self.long_line(bytes).await?,
                Step::Endless { text } => loop {
                    self.data(&delta(&json!({ "content": text }))).await?;
                },
                Step::Delay { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
                Step::Hold => self.hold().await,
                Step::Silent => std::future::pending().await,
                Step::Close => return Ok(false),
                Step::Reset => {
                    return SockRef::from(self.stream)
                        .set_linger(Some(Duration::ZERO))
                        .map(|()| false);
                }
            }
        }
        if chunked {
            self.body(b"").await?;
        }
        Ok(true)
    }

    async fn answer(&self, answer: &Answer) -> io::Result<()> {
        self.raw(&self.stream_head()).await?;
        if self.by_responses {
            return self.response(answer).await;
        }
        self.data(&delta(&json!({ "role": "assistant", "content": "" }))).await?;
        if let Some(reasoning) = &answer.reasoning {
            self.data(&delta(&json!({ "reasoning_content": reasoning }))).await?;
        }
        let pieces = pieces(answer, self.request);
        for (n, piece) in pieces.iter().enumerate() {
            if answer.hold_after == Some(n) {
                self.hold().await;
            }
            // Even a sleep of zero takes until the next tick of the timer.
            if answer.delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(answer.delay_ms)).await;
            }
            self.data(&delta(&json!({ "content": piece }))).await?;
        }
        if answer.hold_after.is_some_and(|after| after >= pieces.len()) {
            self.hold().await;
        }
        if !answer.finish.is_empty() {
            let choice = json!({ "index": 0, "delta": {}, "finish_reason": answer.finish });
            self.data(&event(json!([choice]), Value::Null)).await?;
        }
        if answer.usage && self.request["stream_options"]["include_usage"] == true {
            let asked = self.request["messages"].as_array().map_or(0, Vec::len);
            let usage = json!({
                "prompt_tokens": asked, "completion_tokens": pieces.len(),
                "total_tokens": asked + pieces.len(),
            });
            self.data(&event(json!([]), usage)).await?;
        }
        if answer.done { self.body(b"data: [DONE]\n\n").await } else { Ok(()) }
    }

    /// Streams the answer by the Responses API.
    async fn response(&self, answer: &Answer) -> io::Result<()> {
        let pieces = pieces(answer, self.request);
        for event in responses::begin(answer) {
            self.data(&event).await?;
        }
        for (n, piece) in pieces.iter().enumerate() {
            if answer.hold_after == Some(n) {
                self.hold().await;
            }
            if answer.delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(answer.delay_ms)).await;
            }
            self.data(&responses::delta(piece)).await?;
        }
        if answer.hold_after.is_some_and(|after| after >= pieces.len()) {
            self.hold().await;
        }
        for event in responses::end(answer, &pieces, messages(self.request).len()) {
            self.data(&event).await?;
        }
        Ok(())
    }

    fn stream_head(&self) -> Vec<u8> {
        let headers = BTreeMap::from([("content-type".into(), "text/event-stream".into())]);
        head(200, self.connection, &headers, None)
    }

    async fn hold(&self) {
        if let Ok(permit) = self.releases.acquire().await {
            permit.forget();
        }
    }

    async fn long_line(&self, bytes: usize) -> io::Result<()> {
        self.body(b"data: ").await?;
        let block = vec![b'x'; BLOCK_BYTES];
        for start in (0..bytes).step_by(BLOCK_BYTES) {
            self.body(&block[..BLOCK_BYTES.min(bytes - start)]).await?;
        }
        Ok(())
    }

    async fn data(&self, json: &Value) -> io::Result<()> {
        self.body(format!("data: {json}\n\n").as_bytes()).await
    }

    async fn body(&self, bytes: &[u8]) -> io::Result<()> {
        self.raw(&chunk(bytes)).await
    }

    async fn raw(&self, bytes: &[u8]) -> io::Result<()> {
        http::write(self.stream, bytes).await
    }
}

fn delta(delta: &Value) -> Value {
    event(json!([{ "index": 0, "delta": delta, "finish_reason": null }]), Value::Null)
}

fn event(choices: Value, usage: Value) -> Value {
    json!({
        "id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1_700_000_000,
        "model": "scripted-model", "choices": choices, "usage": usage,
    })
}

/// The pieces of an answer. If the script has no text either, they quote the last user message.
fn pieces(answer: &Answer, request: &Value) -> Vec<String> {
    if !answer.pieces.is_empty() {
        return answer.pieces.clone();
    }
    let asked = messages(request).iter().rfind(|message| message["role"] == "user");
    let asked = asked.and_then(|message| message["content"].as_str()).unwrap_or_default();
    let text = answer.text.clone().unwrap_or_else(|| format!("You said: {asked}"));
    text.split_inclusive(' ').map(str::to_owned).collect()
}
