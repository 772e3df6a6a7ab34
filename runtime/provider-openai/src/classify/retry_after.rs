//! Reads from the headers of a response how long to wait before the next request.

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::header::{HeaderMap, RETRY_AFTER};

/// Reads `retry-after-ms`, which OpenAI sends, or `Retry-After` in seconds or as a date.
pub(super) fn retry_after_ms(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let exact = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok());
    let after = text(RETRY_AFTER.as_str());
    let seconds = after.and_then(|text| text.parse::<f64>().ok()).map(|seconds| seconds * 1000.0);
    let date = || {
        let date = httpdate::parse_http_date(after?).ok()?;
        let [date, now] = [date, now].map(|time| time.duration_since(UNIX_EPOCH));
        Some(date.ok()?.saturating_sub(now.ok()?).as_millis() as f64)
    };
    let ms = exact.or(seconds).or_else(date).filter(|ms| *ms >= 0.0)?;
    // The conversion saturates at the limits of the integer.
    Some(ms.ceil() as u64)
}
