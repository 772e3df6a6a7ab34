//! The log, on standard error. It never contains a body, a query,
//! a header or a key, and no path of this machine ([`redact`]).

use std::panic::PanicHookInfo;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument as _, error, field, info, info_span};
use tracing_subscriber::EnvFilter;

use crate::config::Config;
use crate::config::settings::LogFormat;

mod redact;

use redact::{Redactor, Writer};

/// The most characters of a panic's message that are logged.
const PANIC_CHARS: usize = 200;

/// Starts the log and sets the panic hook. Errors if this process has a log already.
pub fn begin(config: &Config) -> anyhow::Result<()> {
    use std::io::IsTerminal as _;
    let log = &config.settings.log;
    // At `debug`, the connector would log the addresses of endpoints and proxies.
    let quiet = "hyper_util::client::legacy::connect=warn".parse()?;
    let filter = EnvFilter::try_new(&log.log)?.add_directive(quiet);
    let writer = Writer(Redactor::new(config));
    std::panic::set_hook(Box::new(panicked));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let begun = match log.log_format {
        LogFormat::Pretty => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    begun.map_err(|error| anyhow::anyhow!(error))
}

/// The panic hook: logs where a panic happened, and its message without quoted content.
fn panicked(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    error!(at, "panicked: {}", words_of(panic.payload()));
}

/// A panic's message up to the first quotation mark, because what a message quotes may be a user's
/// text: slicing a string within a character, for example, quotes the string.
pub fn words_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no text");
    let end = text.find(['`', '"', '\'']).unwrap_or(text.len());
    let mut words: String = text[..end].chars().take(PANIC_CHARS).collect();
    if words.len() < text.len() {
        words.push('…');
    }
    words
}

/// Opens a span around each request: method, route, status and the time until the response began.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_values_of_a_panic_are_not_logged() {
        let words = |panic: fn()| words_of(std::panic::catch_unwind(panic).unwrap_err().as_ref());
        let cut = words(|| drop("日本の秘密".get(..).map(|text| text[..1].to_owned())));
        assert!(cut.contains("byte index"), "{cut}");
        assert!(!cut.contains('密') && cut.ends_with('…'), "{cut}");
        let unwrapped = words(|| std::hint::black_box(Err::<(), _>("a secret")).unwrap());
        assert!(!unwrapped.contains("secret"), "{unwrapped}");
        assert_eq!(words(|| panic!("plain words")), "plain words");
    }
}
