//! One turn's talk with the provider, from the request to the last event.

use std::time::{Duration, SystemTime};

use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode, body::Incoming};
use protocol::Error;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::Answer;
use super::link::Link;
use super::sse::Decoder;
use super::{Shared, classify, fault, request};
use crate::provider::{Output, Request};

/// Bytes of an error's body that are read.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How long such a body may take once its head is there.
const BODY_LIMIT: Duration = Duration::from_secs(5);
/// How long usage and `[DONE]` are waited for once the model is done: some servers keep
/// the connection open instead of sending them, and the answer is complete without.
const AFTER_FINISH: Duration = Duration::from_secs(2);
/// How long the end of the response is waited for after `[DONE]`, so that the provider does
/// not take an answer that was read for one that was given up.
const AFTER_DONE: Duration = Duration::from_millis(100);

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
        let mut stream = self.stream_of(response, &mut link).await?;

        let left_out = u32::try_from(left_out).unwrap_or(u32::MAX);
        let window_tokens = self.config.context_tokens;
        let model = Some(model).filter(|model| *model != asked.model);
        send(outputs, Output::Began { left_out, window_tokens, model }).await;
        let (finish, usage) = self.read_answer(&mut link, &mut stream, outputs).await?.end()?;
        Ok(Output::Finished { finish, usage })
    }

    pub(super) async fn link(&self) -> Result<Link, Error> {
        Link::open(&self.endpoint, Duration::from_millis(self.config.connect_timeout_ms)).await
    }

    /// The body of a response that is an event stream; the error of any other.
    async fn stream_of(
        &self,
        response: Response<Incoming>,
        link: &mut Link,
    ) -> Result<Incoming, Error> {
        let (head, mut body) = response.into_parts();
        let media = head.headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
        // A server that does not say what it sends may well send a stream.
        let media = media.unwrap_or(b"text/event-stream").to_ascii_lowercase();
        let is_good = head.status == StatusCode::OK;
        if is_good && media.starts_with(b"text/event-stream") {
            return Ok(body);
        }
        let read = link.read(&mut body, MAX_BODY_BYTES, BODY_LIMIT).await;
        let error = if is_good {
            let value = serde_json::from_slice::<Value>(&read).unwrap_or_default();
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
        outputs: &mpsc::Sender<Output>,
    ) -> Result<Answer, Error> {
        let mut decoder = Decoder::new(self.config.max_event_bytes);
        let mut answer = Answer::new(self.config.max_answer_bytes);
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
                Ok(None) => {
                    deliver(&mut answer, decoder.end(), outputs).await?;
                    break;
                }
                Err(_) if answer.is_finished() => break,
                Err(error) => return Err(error),
            };
            // The events before one that is too long are told all the same.
            deliver(&mut answer, events.drain(..), outputs).await?;
            if pushed.is_err() && !answer.is_finished() {
                return Err(fault::event_too_long());
            } else if pushed.is_err() {
                break;
            } else if answer.is_finished() {
                patience = patience.or(Some(Instant::now() + AFTER_FINISH));
            }
        }
        if answer.is_complete() {
            let end = async { while let Ok(Some(_)) = link.next(stream).await {} };
            let _ = timeout(AFTER_DONE, end).await;
        }
        Ok(answer)
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

/// Folds events and sends their texts, up to the answer's end.
async fn deliver(
    answer: &mut Answer,
    events: impl IntoIterator<Item = String>,
    outputs: &mpsc::Sender<Output>,
) -> Result<(), Error> {
    for event in events {
        if answer.is_complete() {
            break;
        }
        if let Some(text) = answer.event(&event)? {
            send(outputs, Output::Text(text)).await;
        }
    }
    Ok(())
}

async fn send(outputs: &mpsc::Sender<Output>, output: Output) {
    // Nobody listens any more: the caller sees that too and drops this future.
    let _ = outputs.send(output).await;
}
