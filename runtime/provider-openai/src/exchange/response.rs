//! Reads a response: an answer in one of its forms, or an error.

use std::time::{Duration, SystemTime};

use hyper::{Response, StatusCode, body::Incoming};
use protocol::{Error, ErrorCode, ProviderKind};
use serde_json::Value;

use super::super::config::Api;
use super::super::connection::HttpConnection;
use super::super::error_report::ErrorReport;
use super::super::plan::Plan;
use super::super::reply::{self, Kind};
use super::super::{Shared, answer, classify, fault};
use super::turn_outputs::TurnOutputs;

/// The most bytes of an error's body that are read.
const MAX_BODY_BYTES: usize = 1 << 20;
/// How long reading such a body may take after the head of the response.
const BODY_LIMIT: Duration = Duration::from_secs(5);

/// Whether the endpoint does not know the path of the request.
fn is_no_place(status: u16, error: &Error) -> bool {
    let unknown = error.code == ErrorCode::Provider(ProviderKind::Malformed);
    matches!(status, 404 | 405) && unknown
}

/// Why an attempt has no answer.
pub(super) struct Failure {
    pub(super) error: Error,
    /// What the endpoint said about it. `None` if the error was found here.
    pub(super) said: Option<Box<ErrorReport>>,
    /// Whether the answer ended without an event.
    pub(super) is_silent: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, said: None, is_silent: false }
    }
}

/// The body of a response that is an answer.
pub(super) enum Reply {
    /// A stream of events. The first bytes of its body have been read already.
    Events(Vec<u8>, Incoming),
    /// The data of all events: of a whole answer, or of a stream that came as lines of JSON.
    Whole(Vec<String>),
}

impl Shared {
    /// Determines which kind of answer a response has. Each byte of it is a sign of life for the
    /// turn.
    pub(super) async fn reply(
        &self,
        response: Response<Incoming>,
        connection: &mut HttpConnection,
        plan: &Plan,
        outputs: &mut TurnOutputs<'_>,
    ) -> Result<Reply, Failure> {
        let (head, mut body) = response.into_parts();
        if head.status != StatusCode::OK {
            let read = connection.read(&mut body, MAX_BODY_BYTES, BODY_LIMIT).await;
            let (status, now) = (head.status.as_u16(), SystemTime::now());
            if self.endpoint.forwarder().is_some() && reply::is_of_proxy(&head.headers) {
                return Err(classify::from_proxy(status, &read).into());
            }
            let response = (status, &head.headers, read.as_slice());
            let (mut error, said) =
                classify::from_response(response, now, self.has_key(), &plan.sent);
            if plan.api == Api::Responses && is_no_place(status, &error) {
                let words = error.said.take();
                error = Error { said: words, ..fault::no_responses(status) };
            }
            tracing::debug!(status, code = ?error.code, said = error.said, "the provider failed");
            return Err(Failure { error, said: Some(Box::new(said)), is_silent: false });
        }
        if reply::says_compressed(&head.headers) {
            return Err(fault::compressed().into());
        }
        if reply::says_events(&head.headers) {
            return Ok(Reply::Events(Vec::new(), body));
        }
        let mut first = Vec::new();
        let kind = loop {
            if let Some(kind) = reply::kind(&first) {
                break kind;
            }
            let read = connection.next(&mut body).await?;
            outputs.alive().await;
            match read {
                Some(bytes) if first.len() < self.config.max_event_bytes => {
                    first.extend_from_slice(&bytes);
                }
                _ => return Err(fault::not_a_stream().into()),
            }
        };
        match kind {
            Kind::Events => Ok(Reply::Events(first, body)),
            Kind::Json => {
                self.events(first, &mut body, connection, plan, outputs).await.map(Reply::Whole)
            }
            Kind::Compressed => Err(fault::compressed().into()),
            Kind::Other => Err(fault::not_a_stream().into()),
        }
    }

    /// Reads a JSON body to its end. Fails if it is no answer.
    pub(super) async fn events(
        &self,
        mut read: Vec<u8>,
        body: &mut Incoming,
        connection: &mut HttpConnection,
        plan: &Plan,
        outputs: &mut TurnOutputs<'_>,
    ) -> Result<Vec<String>, Failure> {
        while let Some(bytes) = connection.next(body).await? {
            outputs.alive().await;
            if read.len() + bytes.len() > self.config.max_event_bytes + self.config.max_answer_bytes
            {
                return Err(fault::event_too_long().into());
            }
            read.extend_from_slice(&bytes);
        }
        let events = reply::events(&read);
        if events.iter().any(|event| reply::is_answer(event)) {
            return Ok(events);
        }
        let value = |event: &String| serde_json::from_str::<Value>(event).unwrap_or_default();
        match events.iter().find_map(|event| self.reported_failure(&value(event), plan)) {
            Some(failure) => Err(failure),
            // An error in a shape that a chunk of a stream may also have.
            None if events.iter().any(|event| !value(event)["detail"].is_null()) => {
                let said = ErrorReport::from_body(&read);
                let error = classify::from_said(&said, &plan.sent, self.has_key());
                Err(Failure { error, said: Some(Box::new(said)), is_silent: false })
            }
            None => Err(fault::not_a_stream().into()),
        }
    }

    /// The failure that an event or a body reports, if it reports one.
    pub(super) fn reported_failure(&self, value: &Value, plan: &Plan) -> Option<Failure> {
        let error = match plan.api {
            Api::Chat => None,
            Api::Responses => answer::responses::error(value),
        };
        let said = ErrorReport::from_value(error.as_ref().unwrap_or(value))?;
        let error = classify::from_said(&said, &plan.sent, self.has_key());
        tracing::debug!(code = ?error.code, said = error.said, "the provider failed");
        Some(Failure { error, said: Some(Box::new(said)), is_silent: false })
    }
}
