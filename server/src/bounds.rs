//! No request is larger, longer or more numerous than was configured.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::Limited;
use protocol::{Error, ErrorCode};
use tokio::sync::Semaphore;

use crate::config::settings::Http;
use crate::error::{ApiError, ApiResult};

/// When to come back to a server that has too much to do, in milliseconds.
pub const BUSY_RETRY_MS: u64 = 1000;

/// What a form puts around a file: its fields and their headers.
const FORM_AROUND_BYTES: u64 = 16 * 1024;

/// How long a file may take to come in and be imported.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// The bounds in force.
#[derive(Clone, Debug)]
pub struct Bounds {
    body_bytes: u64,
    form_bytes: u64,
    import_bytes: u64,
    timeout: Duration,
    /// One permit for each request in work, until its answer begins.
    places: Arc<Semaphore>,
}

impl Bounds {
    /// The bounds of a server with these settings; a form of a page, which writes the same
    /// message longer, may have `form_bytes` where those are more.
    pub fn new(http: &Http, form_bytes: u64) -> Self {
        Self {
            body_bytes: http.body_bytes.get(),
            form_bytes: form_bytes.max(http.body_bytes.get()),
            import_bytes: http.import_bytes.get().saturating_add(FORM_AROUND_BYTES),
            timeout: http.request_timeout_ms.ms(),
            places: Arc::new(Semaphore::new(http.max_requests.count())),
        }
    }
}

/// Keeps a request within the bounds. The time is that until the answer begins: streams may
/// then go on for as long as they like.
pub async fn keep(
    State(bounds): State<Bounds>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let Ok(_place) = bounds.places.try_acquire() else {
        return Err(too_many());
    };
    let path = request.uri().path();
    let import = imports(request.method(), path);
    let most = match path.starts_with("/api/") {
        _ if import => bounds.import_bytes,
        true => bounds.body_bytes,
        false => bounds.form_bytes,
    };
    let timeout = if import { bounds.timeout.max(IMPORT_TIMEOUT) } else { bounds.timeout };
    if announced(request.headers()).is_some_and(|bytes| bytes > most) {
        return Err(ApiError::too_large(most));
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let request = request.map(|body| Body::new(Limited::new(body, most)));
    tokio::time::timeout(timeout, next.run(request)).await.map_err(|_| too_slow())
}

/// Whether a request brings a file, over the interface or by the page's form.
fn imports(method: &Method, path: &str) -> bool {
    let over_api = path.starts_with("/api/v1/runtimes/") && path.ends_with("/import");
    *method == Method::POST && (over_api || path == "/data")
}

/// The body's length as its sender announced it.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_many() -> ApiError {
    Error::new(ErrorCode::RateLimited, "The server has too many requests in work.")
        .with_retry_after_ms(BUSY_RETRY_MS)
        .into()
}

fn too_slow() -> ApiError {
    Error::new(ErrorCode::Unavailable, "The server took too long over this request.")
        .with_hint("What was asked for may still happen; look before asking again.")
        .with_retry_after_ms(BUSY_RETRY_MS)
        .into()
}
