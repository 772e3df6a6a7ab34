//! One turn's talk with the provider, from the request to the last event.

use std::time::Duration;

use hyper::Response;
use hyper::body::Incoming;
use protocol::{Adjustment, Error, ErrorCode, ProviderKind};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{Answer, Bounds};
use super::config::Api;
use super::link::{Call, Link};
use super::models::ModelSettings;
use super::plan::{Facts, Plan, learn_length, plan};
use super::reply::{self, Kind};
use super::said::Said;
use super::sse::{Decoder, Event};
use super::{Shared, fault, refusal, request};
use crate::provider::{Output, Request, Shown};
use response::{Failure, Reply};
use told::Told;

mod response;
mod told;

/// How long usage and `[DONE]` are waited for once the model is done: some servers keep
/// the connection open instead of sending them, and the answer is complete without.
const AFTER_FINISH: Duration = Duration::from_secs(2);
/// How long the end of the response is waited for after `[DONE]`, so that the provider does
/// not take an answer that was read for one that was given up.
const AFTER_DONE: Duration = Duration::from_millis(100);

/// A connection that a request can be sent on.
pub(super) struct Reached {
    link: Link,
    /// Whether it was used before.
    is_kept: bool,
}

impl Shared {
    /// Runs one attempt. A stream that ends without a single event tells nothing of why:
    /// llama-cpp-python's server finds out that a prompt is too long when it has sent the head of the
    /// stream already. What is asked for as a whole gets an answer, or the error; so that is the next
    /// attempt.
    ///
    /// The caller sends what it returns as the last output. Dropped at any
    /// point, the connection is closed.
    pub(super) async fn exchange(
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
            tracing::debug!("the stream was empty; the same is asked for as a whole");
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
            request: Some(request::kept::keep(plan, &body)),
        };
        // Where nobody can be reached, nothing was sent.
        let reached = self.reach().await?;
        let mut told = Told::new(outputs);
        told.say(Output::Asking(shown)).await;
        // Nothing leaves this machine that the log does not tell of.
        asked.recorded.wait().await;
        self.answered(reached, body.into_bytes(), plan, &mut told).await
    }

    /// Sends a request and takes what comes.
    async fn answered(
        &self,
        reached: Reached,
        body: Vec<u8>,
        plan: &Plan,
        told: &mut Told<'_>,
    ) -> Result<Output, Failure> {
        let path = match plan.api {
            Api::Chat => "/chat/completions",
            Api::Responses => "/responses",
        };
        let call = Call { path, body: Some(body.into()) };
        let (mut link, response) = self.send(reached, call).await?;
        let taken = self.take(&mut link, response, plan, told).await;
        self.shelf.put(link).await;
        taken
    }

    async fn take(
        &self,
        link: &mut Link,
        response: Response<Incoming>,
        plan: &Plan,
        told: &mut Told<'_>,
    ) -> Result<Output, Failure> {
        let reply = self.reply(response, link, plan, told).await?;
        told.began().await;
        let answer = match reply {
            Reply::Events(first, stream) => {
                self.read_answer(link, (first, stream), plan, told).await?
            }
            Reply::Whole(events) => self.whole(events, plan, told).await?,
        };
        let is_silent = !told.has_heard();
        let ended = answer.end().map_err(|error| Failure { is_silent, ..error.into() });
        let (finish, usage) = ended?;
        Ok(Output::Finished { finish, usage })
    }

    /// A connection to the endpoint: one that was kept, or a new one.
    pub(super) async fn reach(&self) -> Result<Reached, Error> {
        match self.shelf.take().await {
            Some(link) => Ok(Reached { link, is_kept: true }),
            None => Ok(Reached { link: self.open().await?, is_kept: false }),
        }
    }

    async fn open(&self) -> Result<Link, Error> {
        Link::open(&self.endpoint, Duration::from_millis(self.config.connect_timeout_ms)).await
    }

    /// Sends a request and waits for the response's head.
    ///
    /// The other side may close a kept connection at the very moment at which it is used, and then
    /// has not seen the request: one that fails on such a connection before a byte of a response
    /// came is sent once more on a new one (RFC 9112, section 9.3.1), which is no new attempt.
    pub(super) async fn send(
        &self,
        reached: Reached,
        call: Call,
    ) -> Result<(Link, Response<Incoming>), Error> {
        let Reached { mut link, is_kept } = reached;
        match link.send(&self.endpoint, call.clone()).await {
            Err(_) if is_kept && !link.has_heard() => {
                tracing::debug!("an idle connection had ended; the request is sent anew");
                let mut link = self.open().await?;
                let response = link.send(&self.endpoint, call).await?;
                Ok((link, response))
            }
            sent => sent.map(|response| (link, response)),
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

    /// What is done about a refusal, which is remembered.
    fn adjust(
        &self,
        error: &Error,
        said: &Said,
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
                    (Some(Adjustment::WithoutEffort), Some(wanted), Some((_, told))) => {
                        let settings = self.facts(model).settings;
                        let new = refusal::efforts::refused(said, (wanted, told), settings, habits);
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

    /// Takes an answer that did not come as a stream of events.
    async fn whole(
        &self,
        events: Vec<String>,
        plan: &Plan,
        told: &mut Told<'_>,
    ) -> Result<Answer, Failure> {
        let mut answer = self.answer(plan);
        self.deliver(&mut answer, events.into_iter().map(Event::Data), plan, told).await?;
        told.pieces(answer.rest()).await;
        self.deliver(&mut answer, [Event::Data("[DONE]".to_owned())], plan, told).await?;
        Ok(answer)
    }

    async fn read_answer(
        &self,
        link: &mut Link,
        (mut first, mut stream): (Vec<u8>, Incoming),
        plan: &Plan,
        told: &mut Told<'_>,
    ) -> Result<Answer, Failure> {
        if first.is_empty() {
            let Some(bytes) = link.next(&mut stream).await? else {
                return Ok(self.answer(plan));
            };
            first = bytes.into();
        }
        // What calls itself a stream may be something else all the same.
        match reply::kind(&first) {
            Some(Kind::Compressed) => return Err(fault::compressed().into()),
            Some(Kind::Json) => {
                let events = self.events(first, &mut stream, link, plan, told).await?;
                return self.whole(events, plan, told).await;
            }
            _ => {}
        }
        let mut answer = self.answer(plan);
        let read = self.read_events(link, (first, &mut stream), &mut answer, plan, told).await;
        told.pieces(answer.rest()).await;
        read?;
        if answer.is_complete() {
            let end = async { while let Ok(Some(_)) = link.next(&mut stream).await {} };
            let _ = timeout(AFTER_DONE, end).await;
        }
        Ok(answer)
    }

    async fn read_events(
        &self,
        link: &mut Link,
        (first, stream): (Vec<u8>, &mut Incoming),
        answer: &mut Answer,
        plan: &Plan,
        told: &mut Told<'_>,
    ) -> Result<(), Failure> {
        let mut decoder = Decoder::new(self.config.max_event_bytes);
        let mut events = Vec::new();
        let mut patience = None;
        decoder.push(&first, &mut events);
        loop {
            self.deliver(answer, events.drain(..), plan, told).await?;
            told.alive().await;
            if answer.is_complete() {
                return Ok(());
            } else if answer.is_finished() {
                patience = patience.or(Some(Instant::now() + AFTER_FINISH));
            }
            let read = link.next(stream);
            let read = match patience {
                None => read.await,
                Some(until) => timeout_at(until, read).await.unwrap_or(Ok(None)),
            };
            match read {
                Ok(Some(bytes)) => decoder.push(&bytes, &mut events),
                Ok(None) => {
                    let last = decoder.end().map(Event::Data);
                    return self.deliver(answer, last, plan, told).await;
                }
                Err(_) if answer.is_finished() => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Folds events and tells what they add, up to the answer's end.
    async fn deliver(
        &self,
        answer: &mut Answer,
        events: impl IntoIterator<Item = Event>,
        plan: &Plan,
        told: &mut Told<'_>,
    ) -> Result<(), Failure> {
        for event in events {
            if answer.is_complete() {
                break;
            }
            told.hear();
            let event = match event {
                Event::Data(data) => data,
                Event::TooLong(beginning) => {
                    answer.too_long(&beginning)?;
                    continue;
                }
            };
            match answer.event(&event) {
                Ok(pieces) => told.pieces(pieces).await,
                Err(error) => {
                    let value = serde_json::from_str(&event).unwrap_or_default();
                    return Err(self.told(&value, plan).unwrap_or_else(|| error.into()));
                }
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
            return Ok(model);
        }
        self.ask_for_models().await?.first.ok_or_else(fault::no_models)
    }
}
