//! One turn's talk with the provider, from the request to the last event.

use std::time::{Duration, SystemTime};

use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode, body::Incoming};
use protocol::Error;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{Answer, Bounds};
use super::link::Link;
use super::sse::Decoder;
use super::{Shared, classify, fault, request};
use crate::provider::thinking::Piece;
use crate::provider::{Output, Request};

/// Bytes of an error's body that are read.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How long such a body may take once its head is there.
const BODY_LIMIT: Duration = Duration::from_secs(5);
/// The same of a whole answer that is not streamed: the head may come before the model is done.
/// What bounds it before that is the turn.
const WHOLE_LIMIT: Duration = Duration::from_secs(3600);
/// How long usage and `[DONE]` are waited for once the model is done: some servers keep
/// the connection open instead of sending them, and the answer is complete without.
const AFTER_FINISH: Duration = Duration::from_secs(2);
/// How long the end of the response is waited for after `[DONE]`, so that the provider does
/// not take an answer that was read for one that was given up.
const AFTER_DONE: Duration = Duration::from_millis(100);

/// Between two signs of life that say nothing else; less than the shortest limit of silence that
/// can be set.
const ALIVE: Duration = Duration::from_millis(50);

impl Shared {
    /// Runs one turn. The caller sends what it returns as the last output. Dropped at any
    /// point, the connection is closed.
    pub(super) async fn exchange(
        &self,
        asked: Request,
        outputs: &mpsc::Sender<Output>,
    ) -> Result<Output, Error> {
        let left_out = request::left_out(&asked, &self.config)?;
        let model = self.model(&asked.model).await?;
        let body = request::body(&asked, &model, left_out, self.endpoint.is_openai);
        // The types of a request have no map with keys that are not texts and no
        // serializer that fails.
        let body = serde_json::to_vec(&body).map_err(|_| fault::rejected(0))?;

        let mut link = self.link().await?;
        let response = link.send(&self.endpoint, "/chat/completions", Some(body)).await?;
        let reply = self.reply_of(response, &mut link).await?;

        let left_out = u32::try_from(left_out).unwrap_or(u32::MAX);
        let window_tokens = self.config.context_tokens;
        let model = Some(model).filter(|model| *model != asked.model);
        send(outputs, Output::Began { left_out, window_tokens, model }).await;
        let answer = match reply {
            Reply::Stream(mut stream) => {
                self.read_answer(&mut link, &mut stream, &mut Told::new(outputs)).await?
            }
            Reply::Whole(body) => {
                let mut answer = self.answer();
                let pieces = answer.whole(&body)?;
                Told::new(outputs).pieces(pieces).await;
                answer
            }
        };
        let (finish, usage) = answer.end()?;
        Ok(Output::Finished { finish, usage })
    }

    pub(super) async fn link(&self) -> Result<Link, Error> {
        Link::open(&self.endpoint, Duration::from_millis(self.config.connect_timeout_ms)).await
    }

    fn answer(&self) -> Answer {
        let (text, reasoning) = (self.config.max_answer_bytes, self.config.max_reasoning_bytes);
        Answer::new(Bounds { text, reasoning })
    }

    /// The answer that a response holds; the error of one that holds none.
    async fn reply_of(
        &self,
        response: Response<Incoming>,
        link: &mut Link,
    ) -> Result<Reply, Error> {
        let (head, mut body) = response.into_parts();
        let media = head.headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
        // A server that does not say what it sends may well send a stream.
        let media = media.unwrap_or(b"text/event-stream").to_ascii_lowercase();
        let is_good = head.status == StatusCode::OK;
        if is_good && media.starts_with(b"text/event-stream") {
            return Ok(Reply::Stream(body));
        }
        let is_whole = is_good && media.starts_with(b"application/json");
        let limit = if is_whole { WHOLE_LIMIT } else { BODY_LIMIT };
        let read = link.read(&mut body, MAX_BODY_BYTES, limit).await;
        let error = if is_good {
            let value = serde_json::from_slice::<Value>(&read).unwrap_or_default();
            // Asked for a stream, some servers answer as a whole all the same.
            if value["choices"][0].is_object() {
                return Ok(Reply::Whole(String::from_utf8_lossy(&read).into_owned()));
            }
            classify::from_value(&value).unwrap_or_else(fault::not_a_stream)
        } else {
            classify::from_response(head.status.as_u16(), &head.headers, &read, SystemTime::now())
        };
        tracing::debug!(status = head.status.as_u16(), code = ?error.code, "the provider failed");
        Err(error)
    }

    async fn read_answer(
        &self,
        link: &mut Link,
        stream: &mut Incoming,
        told: &mut Told<'_>,
    ) -> Result<Answer, Error> {
        let mut answer = self.answer();
        let read = self.read_events(link, stream, &mut answer, told).await;
        told.pieces(answer.rest()).await;
        read?;
        if answer.is_complete() {
            let end = async { while let Ok(Some(_)) = link.next(stream).await {} };
            let _ = timeout(AFTER_DONE, end).await;
        }
        Ok(answer)
    }

    async fn read_events(
        &self,
        link: &mut Link,
        stream: &mut Incoming,
        answer: &mut Answer,
        told: &mut Told<'_>,
    ) -> Result<(), Error> {
        let mut decoder = Decoder::new(self.config.max_event_bytes);
        let mut events = Vec::new();
        let mut patience = None;
        while !answer.is_complete() {
            let read = link.next(stream);
            let read = match patience {
                None => read.await,
                Some(until) => timeout_at(until, read).await.unwrap_or(Ok(None)),
            };
            let pushed = match read {
                Ok(Some(bytes)) => decoder.push(&bytes, &mut events),
                Ok(None) => return deliver(answer, decoder.end(), told).await,
                Err(_) if answer.is_finished() => break,
                Err(error) => return Err(error),
            };
            // The events before one that is too long are told all the same.
            deliver(answer, events.drain(..), told).await?;
            told.alive().await;
            if pushed.is_err() && !answer.is_finished() {
                return Err(fault::event_too_long());
            } else if pushed.is_err() {
                break;
            } else if answer.is_finished() {
                patience = patience.or(Some(Instant::now() + AFTER_FINISH));
            }
        }
        Ok(())
    }

    /// The model to ask for: the one that was named, or the first that the provider lists.
    async fn model(&self, named: &str) -> Result<String, Error> {
        if !named.is_empty() && named != super::FIRST_MODEL {
            return Ok(named.to_owned());
        }
        if let Some(model) = self.known_model() {
            return Ok(model.to_owned());
        }
        let (models, _) = self.ask_for_models().await?;
        let first = models.into_iter().next().ok_or_else(fault::no_models)?.name;
        Ok(self.first_model.get_or_init(|| first).clone())
    }
}

/// What a good response holds.
enum Reply {
    Stream(Incoming),
    Whole(String),
}

/// Folds events and tells what they add, up to the answer's end.
async fn deliver(
    answer: &mut Answer,
    events: impl IntoIterator<Item = String>,
    told: &mut Told<'_>,
) -> Result<(), Error> {
    for event in events {
        if answer.is_complete() {
            break;
        }
        told.pieces(answer.event(&event)?).await;
    }
    Ok(())
}

/// What the turn is told of an answer, and when it heard of it last.
struct Told<'a> {
    outputs: &'a mpsc::Sender<Output>,
    last: Instant,
}

impl<'a> Told<'a> {
    fn new(outputs: &'a mpsc::Sender<Output>) -> Self {
        Self { outputs, last: Instant::now() }
    }

    async fn pieces(&mut self, pieces: Vec<Piece>) {
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
    async fn alive(&mut self) {
        if self.last.elapsed() >= ALIVE {
            self.say(Output::Alive).await;
        }
    }

    async fn say(&mut self, output: Output) {
        self.last = Instant::now();
        send(self.outputs, output).await;
    }
}

async fn send(outputs: &mpsc::Sender<Output>, output: Output) {
    // Nobody listens any more: the caller sees that too and drops this future.
    let _ = outputs.send(output).await;
}
