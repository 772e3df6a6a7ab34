//! What is written about the server's own doing, on standard error. Never a body, a query,
//! a header or a key.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, field, info, info_span};
use tracing_subscriber::EnvFilter;

use crate::config::settings::{Log, LogFormat};

/// Begins to write. Error: something else in this process does already.
pub fn begin(log: &Log) -> anyhow::Result<()> {
    use std::io::IsTerminal as _;
    let filter = EnvFilter::try_new(&log.log)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match log.log_format {
        LogFormat::Pretty => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    begun.map_err(|error| anyhow::anyhow!(error))
}

/// A span around each request: method, route, status and the time until the answer began.
pub async fn request(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = info_span!(
        "request",
        method = %request.method(),
        route = route.as_deref().unwrap_or("-"),
        status = field::Empty,
        latency_ms = field::Empty,
    );
    let begin = Instant::now();
    async move {
        let response = next.run(request).await;
        let latency_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let current = tracing::Span::current();
        current.record("status", response.status().as_u16());
        current.record("latency_ms", latency_ms);
        info!(target: "server::request", "answered");
        response
    }
    .instrument(span)
    .await
}
