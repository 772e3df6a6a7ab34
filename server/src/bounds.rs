//! Enforces the configured limits on the size, speed, duration and number of requests.
//!
//! A request takes a place only after its whole body has arrived: a slow body occupies some memory,
//! which is bounded ([`incoming`]), but no place. Other servers do the same before they pass a
//! request on (nginx: `proxy_request_buffering`; HAProxy: `option http-buffer-request`). Imported
//! files are the exception: they are too large to be kept in memory, and have places of their own.

use std::sync::Arc;
use std::time::Duration;

use app::Visitor;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::Limited;
use protocol::{Error, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::settings::Http;
use crate::error::{ApiError, ApiResult};
use incoming::{Incoming, Unread};
use pace::Rate;
use request_slots::{Kind, RequestShares, RequestSlots};

mod incoming;
mod pace;
mod paced;
mod request_slots;
mod share;

pub use request_slots::{IMPORT_PLACES, PLACE_WAIT, PROBE_PLACES};
pub use share::{Share, Sharer};

/// When a client that is refused for overload may try again, in milliseconds.
pub const BUSY_RETRY_MS: u64 = 1000;

/// The most bytes of incomplete bodies in memory, for all requests together. As many bytes again
/// are allowed for complete bodies, until their requests are answered.
pub const INCOMING_BYTES: u64 = 64 * 1024 * 1024;

/// The bytes that a form adds to its files: the field names and headers.
const FORM_AROUND_BYTES: u64 = 16 * 1024;

/// How long an upload may take at any rate, because each holds one of few slots. 256 MB take 40
/// minutes at 1 Mbit/s.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// How long an import may take after its files have arrived.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// The limits in force.
#[derive(Clone, Debug)]
pub struct Bounds {
    body_bytes: u64,
    form_bytes: u64,
    import_bytes: u64,
    timeout: Duration,
    rate: Rate,
    slots: RequestSlots,
    shares: RequestShares,
    bodies: Incoming,
    /// The kilobytes of complete bodies that may still be kept.
    whole: Arc<Semaphore>,
    /// Imports that are being received; these are not kept in memory.
    files: Incoming,
}

impl Bounds {
    /// The limits of a server with these settings. Requests that carry a message may be as large as
    /// `form_bytes`, if that is more than `body_bytes`, because an encoded message can be much
    /// longer than its text.
    pub fn new(http: &Http, form_bytes: u64) -> Self {
        // The other half of the connections is left for requests with complete bodies.
        let bodies = http.max_connections.count() / 2;
        Self {
            body_bytes: http.body_bytes.get(),
            form_bytes: form_bytes.max(http.body_bytes.get()),
            import_bytes: http.import_bytes.get().saturating_add(FORM_AROUND_BYTES),
            timeout: http.request_timeout_ms.ms(),
            rate: Rate { bytes_per_s: http.body_rate.get(), grace: http.body_grace_ms.ms() },
            slots: RequestSlots::new(http.max_requests.count()),
            shares: RequestShares::new(http.max_requests.count()),
            bodies: Incoming::new(bodies, INCOMING_BYTES),
            whole: Arc::new(Semaphore::new(kilobytes(INCOMING_BYTES) as usize)),
            files: Incoming::new(IMPORT_PLACES, u64::MAX),
        }
    }

    /// Counts a complete body until the permit is dropped. `None` if there is no room for it.
    fn hold(&self, body: &Bytes) -> Option<OwnedSemaphorePermit> {
        self.whole.clone().try_acquire_many_owned(kilobytes(body.len() as u64)).ok()
    }

    fn most_bytes(&self, kind: Kind, path: &str) -> u64 {
        match kind {
            Kind::Import => self.import_bytes,
            _ if path.starts_with("/api/") && !sends_a_message(path) => self.body_bytes,
            _ => self.form_bytes,
        }
    }
}

fn kilobytes(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// Whether this path takes messages. In JSON, too, one character may take twelve bytes (RFC 8259,
/// section 7: an emoji as two escapes).
fn sends_a_message(path: &str) -> bool {
    path.ends_with("/messages") || path == "/api/fn/send"
}

/// Enforces the limits on a request. The timeout runs from the end of the request to the beginning
/// of the response; a stream may then last as long as it likes.
pub async fn enforce(
    State(bounds): State<Bounds>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let kind = Kind::of(request.method(), request.uri().path());
    let most = bounds.most_bytes(kind, request.uri().path());
    if announced(request.headers()).is_some_and(|bytes| bytes > most) {
        return Err(ApiError::too_large(most));
    }
    if kind == Kind::Import {
        return Ok(import(&bounds, request, next, most).await);
    }
    let (parts, body) = request.into_parts();
    let body = match bounds.bodies.collect(body, bounds.rate, most).await {
        Ok(body) => body,
        Err(unread) => return Ok(refusal(unread, most)),
    };
    let _held = bounds.hold(&body).ok_or_else(too_many)?;
    let _place = bounds.slots.take(kind).await.ok_or_else(too_many)?;
    let request = Request::from_parts(parts, Body::from(body));
    tokio::time::timeout(bounds.timeout, next.run(request)).await.map_err(|_| too_slow())
}

/// Refuses a request of an account that has three quarters of the places in work, or of callers
/// without an account who have that many together. It is refused at once, so that a flood of one
/// account keeps nobody waiting for long. Runs after the caller is known.
pub async fn share(
    State(bounds): State<Bounds>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let visitor = request.extensions().get::<Visitor>();
    let sharer = visitor.map_or(Sharer::Strangers, Sharer::of);
    let kind = Kind::of(request.method(), request.uri().path());
    let _share = bounds.shares.take(kind, sharer).ok_or_else(too_many_of_one)?;
    Ok(next.run(request).await)
}

/// Passes an import on while it arrives, within [`UPLOAD_TIMEOUT`] and at the required rate.
async fn import(bounds: &Bounds, request: Request, next: Next, most: u64) -> Response {
    let Some(_place) = bounds.slots.take(Kind::Import).await else {
        return too_many().into_response();
    };
    let (parts, body) = request.into_parts();
    let (body, progress) = bounds.files.pass_on(body, bounds.rate);
    let most_bytes = usize::try_from(most).unwrap_or(usize::MAX);
    let request = Request::from_parts(parts, Body::new(Limited::new(body, most_bytes)));
    let timeout = bounds.timeout.max(IMPORT_TIMEOUT);
    let mut body_ends = progress.clone();
    let late = async move {
        let came = tokio::time::timeout(UPLOAD_TIMEOUT, body_ends.ended()).await;
        if matches!(came, Ok(Ok(()))) {
            tokio::time::sleep(timeout).await;
        }
    };
    let response = tokio::select! {
        biased;
        response = next.run(request) => Some(response),
        () = late => None,
    };
    match (progress.unread(), response) {
        // The reason why the body broke off is clearer than the handler's error.
        (Some(unread), _) => refusal(unread, most),
        (None, Some(response)) => response,
        (None, None) => too_slow().into_response(),
    }
}

/// The length of the body according to its `Content-Length`.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The response to a request whose body did not arrive completely. The rest of the body is not
/// read, so the connection cannot be used again (RFC 9110, section 15.5.9).
fn refusal(unread: Unread, most: u64) -> Response {
    let error = match unread {
        Unread::TooLarge => ApiError::too_large(most),
        Unread::TooSlow => ApiError::invalid("The request's body arrived too slowly.")
            .hint("Send it again over a better connection, or lower body_rate.")
            .status(StatusCode::REQUEST_TIMEOUT),
        Unread::MadeRoom => Error::new(
            ErrorCode::RateLimited,
            "Too many requests are arriving, and this one was the slowest.",
        )
        .with_retry_after_ms(BUSY_RETRY_MS)
        .into(),
        Unread::Broken => ApiError::invalid("The request's body could not be read.")
            .status(StatusCode::BAD_REQUEST),
    };
    let mut response = error.into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn too_many() -> ApiError {
    Error::new(ErrorCode::RateLimited, "The server is handling too many requests.")
        .with_retry_after_ms(BUSY_RETRY_MS)
        .into()
}

fn too_many_of_one() -> ApiError {
    Error::new(ErrorCode::RateLimited, "This account has too many requests in progress.")
        .with_retry_after_ms(BUSY_RETRY_MS)
        .into()
}

fn too_slow() -> ApiError {
    Error::new(ErrorCode::Unavailable, "The server took too long to handle this request.")
        .with_hint("It may still be carried out; check before trying again.")
        .with_retry_after_ms(BUSY_RETRY_MS)
        .into()
}
