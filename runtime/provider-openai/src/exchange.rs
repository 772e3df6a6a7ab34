//! One attempt of a turn, from the request to the last event.

use std::time::Duration;

use hyper::Response;
use hyper::body::Incoming;
use protocol::{Adjustment, Error, ErrorCode, ProviderKind};
use provider::{Output, Request, Shown};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{Answer, Bounds};
use super::config::Api;
use super::connection::{Call, HttpConnection};
use super::error_report::ErrorReport;
use super::models::ModelSettings;
use super::plan::{Facts, Plan, learn_length, plan};
use super::reply::{self, Kind};
use super::sse::{Decoder, Event};
use super::{Shared, fault, refusal, request};
use response::{Failure, Reply};
use turn_outputs::TurnOutputs;

mod response;
mod turn_outputs;

/// How long to wait for usage and `[DONE]` once the model has finished. Some servers keep the
/// connection open instead of sending them, and the answer is complete without them.
const AFTER_FINISH: Duration = Duration::from_secs(2);
/// How long to wait for the end of the response after `[DONE]`, so that the provider does not take
/// a complete answer for an aborted one.
const AFTER_DONE: Duration = Duration::from_millis(100);

/// A connection on which a request can be sent.
pub(crate) struct Reached {
    connection: HttpConnection,
    /// Whether it was used for an earlier request.
    is_kept: bool,
}

impl Shared {
    /// Runs one attempt. A stream that ends without a single event does not say why:
    /// llama-cpp-python's server finds out that a prompt is too long only after it has sent the
    /// head of the stream. A request without streaming gets the answer or the error, so the next
    /// attempt is made without.
    ///
    /// The caller sends the returned output as the last one. If this future is dropped at any
    /// point, the connection is closed.
    pub(crate) async fn exchange(
        &self,
        asked: Request,
        outputs: &mpsc::Sender<Output>,
    ) -> Result<Output, Error> {
        let model = self.model(&asked.model).await?;
        let facts = self.facts(&model);
        let plan = plan(&asked, facts, &self.learned.of(&model))?;
        let Failure { error, said, is_silent } =
            match self.attempt(&asked, &model, &plan, outputs).await {
                Ok(output) => return Ok(output),
                Err(failure) => failure,
            };
        if error.code == ErrorCode::Provider(ProviderKind::ModelNotFound) {
            self.listing.forget(&model);
        }
        if is_silent && plan.streams() && plan.api == Api::Chat {
            tracing::debug!("the stream was empty; the request is sent again without streaming");
            return Ok(Output::Refused { error, adjustment: Adjustment::WithoutStream });
        }
        let adjustment = said.and_then(|said| self.adjust(&error, &said, &asked, &model, &plan));
        match adjustment {
            Some(adjustment) => Ok(Output::Refused { error, adjustment }),
            None => Err(error),
        }
    }

    async fn attempt(
        &self,
        asked: &Request,
        model: &str,
        plan: &Plan,
        outputs: &mpsc::Sender<Output>,
    ) -> Result<Output, Failure> {
        let body = request::text(plan, model).ok_or_else(fault::not_sent)?;
        let shown = Shown {
            left_out: u32::try_from(plan.left_out).unwrap_or(u32::MAX),
            window_tokens: plan.window,
            model: (model != asked.model).then(|| model.to_owned()),
            adjustments: plan.adjustments.clone(),
            effort: plan.other_effort(asked),
            reasoning: plan.reasoning,
            rendered: None,
            request: Some(request::kept::without_messages(plan, &body)),
        };
        // If the endpoint cannot be reached, nothing is recorded as sent.
        let reached = self.reach().await?;
        let mut outputs = TurnOutputs::new(outputs);
        outputs.say(Output::Asking(shown)).await;
        // Nothing is sent before the log records it.
        asked.recorded.wait().await;
        self.answered(reached, body.into_bytes(), plan, &mut outputs).await
    }

    /// Sends a request and receives the answer.
    async fn answered(
        &self,
        reached: Reached,
        body: Vec<u8>,
        plan: &Plan,
        outputs: &mut TurnOutputs<'_>,
    ) -> Result<Output, Failure> {
        let path = match plan.api {
            Api::Chat => "/chat/completions",
            Api::Responses => "/responses",
        };
        let call = Call { path, body: Some(body.into()) };
        let (mut connection, response) = self.send(reached, call).await?;
        let taken = self.take(&mut connection, response, plan, outputs).await;
        self.idle.put(connection).await;
        taken
    }

    async fn take(
        &self,
        connection: &mut HttpConnection,
        response: Response<Incoming>,
        plan: &Plan,
        outputs: &mut TurnOutputs<'_>,
    ) -> Result<Output, Failure> {
        let reply = self.reply(response, connection, plan, outputs).await?;
        outputs.began().await;
        let answer = match reply {
            Reply::Events(first, stream) => {
                self.read_answer(connection, (first, stream), plan, outputs).await?
            }
            Reply::Whole(events) => self.whole(events, plan, outputs).await?,
        };
        let is_silent = !outputs.has_heard();
        let ended = answer.end().map_err(|error| Failure { is_silent, ..error.into() });
        let (finish, usage) = ended?;
        Ok(Output::Finished { finish, usage })
    }

    /// Returns a connection to the endpoint: an idle one, or a new one.
    pub(crate) async fn reach(&self) -> Result<Reached, Error> {
        match self.idle.take().await {
            Some(connection) => Ok(Reached { connection, is_kept: true }),
            None => Ok(Reached { connection: self.open().await?, is_kept: false }),
        }
    }

    async fn open(&self) -> Result<HttpConnection, Error> {
        HttpConnection::open(&self.endpoint, Duration::from_millis(self.config.connect_timeout_ms))
            .await
    }

    /// Sends a request and waits for the head of the response.
    ///
    /// The other side may close an idle connection at the very moment at which it is used; then it
    /// has not seen the request. So a request that fails on such a connection before any byte of a
    /// response arrived is sent once more on a new one (RFC 9112, section 9.3.1). This is not a new
    /// attempt.
    pub(crate) async fn send(
        &self,
        reached: Reached,
        call: Call,
    ) -> Result<(HttpConnection, Response<Incoming>), Error> {
        let Reached { mut connection, is_kept } = reached;
        match connection.send(&self.endpoint, call.clone()).await {
            Err(_) if is_kept && !connection.has_heard() => {
                tracing::debug!(
                    "an idle connection was closed already; the request is sent again on a new one"
                );
                let mut connection = self.open().await?;
                let response = connection.send(&self.endpoint, call).await?;
                Ok((connection, response))
            }
            sent => sent.map(|response| (connection, response)),
        }
    }

    fn answer(&self, plan: &Plan) -> Answer {
        let (text, reasoning) = (self.config.max_answer_bytes, self.config.max_reasoning_bytes);
        Answer::new(Bounds { text, reasoning }, plan.api)
    }

    fn facts(&self, model: &str) -> Facts<'_> {
        Facts {
            config: &self.config,
            settings: ModelSettings::of(&self.config.model_tables, model),
            listed: self.listing.window(model),
            is_openai: self.endpoint.is_openai,
            api: self.config.api(model),
        }
    }

    /// Decides how to adjust to a refusal, and remembers it.
    fn adjust(
        &self,
        error: &Error,
        said: &ErrorReport,
        asked: &Request,
        model: &str,
        plan: &Plan,
    ) -> Option<Adjustment> {
        use ProviderKind::{Beginning, ContextLength, Parameter, Roles};
        let mut adjustment = None;
        self.learned.learn(model, |habits| match error.code {
            ErrorCode::Provider(ContextLength) => {
                let fewer = learn_length(said, asked, plan, self.facts(model), habits);
                adjustment = fewer.then_some(Adjustment::FewerMessages);
            }
            ErrorCode::Provider(Parameter | Roles | Beginning) if !refusal::is_range(said) => {
                let refused = refusal::of(said, &plan.sent);
                adjustment = refused.and_then(|refused| {
                    refusal::adjustment(refused, &plan.sent, &plan.adjustments)
                });
                match (adjustment, &asked.effort, &plan.effort) {
                    (Some(Adjustment::WithoutEffort), Some(wanted), Some((_, outputs))) => {
                        let settings = self.facts(model).settings;
                        let new =
                            refusal::efforts::refused(said, (wanted, outputs), settings, habits);
                        adjustment = Some(new);
                    }
                    (Some(new), ..) => habits.adjust(new),
                    (None, ..) => {}
                }
            }
            _ => {}
        });
        adjustment
    }

    /// Reads an answer that did not come as a stream of events.
    async fn whole(
        &self,
        events: Vec<String>,
        plan: &Plan,
        outputs: &mut TurnOutputs<'_>,
    ) -> Result<Answer, Failure> {
        let mut answer = self.answer(plan);
        let delivered = self
            .deliver(&mut answer, events.into_iter().map(Event::Data), plan, outputs)
            .and_then(|()| {
                outputs.pieces(answer.rest());
                self.deliver(&mut answer, [Event::Data("[DONE]".to_owned())], plan, outputs)
            });
        outputs.flush().await;
        delivered?;
        Ok(answer)
    }

    async fn read_answer(
        &self,
        connection: &mut HttpConnection,
        (mut first, mut stream): (Vec<u8>, Incoming),
        plan: &Plan,
        outputs: &mut TurnOutputs<'_>,
    ) -> Result<Answer, Failure> {
        if first.is_empty() {
            let Some(bytes) = connection.next(&mut stream).await? else {
                return Ok(self.answer(plan));
            };
            first = bytes.into();
        }
        // The content type may say that it is a stream although it is not.
        match reply::kind(&first) {
            Some(Kind::Compressed) => return Err(fault::compressed().into()),
            Some(Kind::Json) => {
                let events = self.events(first, &mut stream, connection, plan, outputs).await?;
                return self.whole(events, plan, outputs).await;
            }
            _ => {}
        }
        let mut answer = self.answer(plan);
        let read =
            self.read_events(connection, (first, &mut stream), &mut answer, plan, outputs).await;
        outputs.pieces(answer.rest());
        outputs.flush().await;
        read?;
        if answer.is_complete() {
            let end = async { while let Ok(Some(_)) = connection.next(&mut stream).await {} };
            let _ = timeout(AFTER_DONE, end).await;
        }
        Ok(answer)
    }

    async fn read_events(
        &self,
        connection: &mut HttpConnection,
        (first, stream): (Vec<u8>, &mut Incoming),
        answer: &mut Answer,
        plan: &Plan,
        outputs: &mut TurnOutputs<'_>,
    ) -> Result<(), Failure> {
        let mut decoder = Decoder::new(self.config.max_event_bytes);
        let mut events = Vec::new();
        let mut patience = None;
        let mut paced = self.pace.begin();
        decoder.push(&first, &mut events);
        loop {
            self.deliver(answer, events.drain(..), plan, outputs)?;
            if answer.is_complete() {
                return Ok(());
            } else if answer.is_finished() {
                patience = patience.or(Some(Instant::now() + AFTER_FINISH));
            }
            if outputs.is_full() {
                outputs.flush().await;
            }
            // All that has arrived is read before it is passed on, so that pieces that arrived
            // together stay together.
            let read = match connection.arrived(stream).await {
                Some(read) => read,
                None => {
                    outputs.flush().await;
                    outputs.alive().await;
                    paced.due().await;
                    let read = connection.next(stream);
                    let read = match patience {
                        None => read.await,
                        Some(until) => timeout_at(until, read).await.unwrap_or(Ok(None)),
                    };
                    paced.was_read();
                    read
                }
            };
            match read {
                Ok(Some(bytes)) => decoder.push(&bytes, &mut events),
                Ok(None) => {
                    let last = decoder.end().map(Event::Data);
                    return self.deliver(answer, last, plan, outputs);
                }
                Err(_) if answer.is_finished() => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Adds events to the answer, and their pieces to the outputs, up to the answer's end.
    fn deliver(
        &self,
        answer: &mut Answer,
        events: impl IntoIterator<Item = Event>,
        plan: &Plan,
        outputs: &mut TurnOutputs<'_>,
    ) -> Result<(), Failure> {
        for event in events {
            if answer.is_complete() {
                break;
            }
            outputs.hear();
            let event = match event {
                Event::Data(data) => data,
                Event::TooLong(beginning) => {
                    answer.too_long(&beginning)?;
                    continue;
                }
            };
            match answer.event(&event) {
                Ok(pieces) => outputs.pieces(pieces),
                Err(error) => {
                    let value = serde_json::from_str(&event).unwrap_or_default();
                    return Err(self
                        .reported_failure(&value, plan)
                        .unwrap_or_else(|| error.into()));
                }
            }
        }
        Ok(())
    }

    /// The model to ask: the one that was named, or the first that the provider lists.
    async fn model(&self, named: &str) -> Result<String, Error> {
        if !named.is_empty() && named != super::FIRST_MODEL {
            return Ok(named.to_owned());
        }
        if let Some(model) = self.known_model() {
            return Ok(model);
        }
        self.ask_for_models().await?.first.ok_or_else(fault::no_models)
    }
}
