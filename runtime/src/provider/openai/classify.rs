//! From what a provider answered to the closed set of errors; pure.
//!
//! Facts: OpenAI's error codes (<https://platform.openai.com/docs/guides/error-codes>), and
//! the shapes and texts of compatible servers as their users report them. The error is
//! `{"error": {"message", "type", "code"}}` with a code that is a text, a number or null;
//! `{"error": "text"}`; or flat, `{"object": "error", "message", "type", "code"}` (vLLM),
//! `{"detail": "text"}` (FastAPI).

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::header::{HeaderMap, RETRY_AFTER};
use protocol::{Error, ErrorCode, ProviderKind};
use serde_json::Value;

use super::fault;

/// A wait that a provider asks for is believed up to a day.
const MAX_RETRY_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

/// Texts that say, in lower case, that the conversation does not fit the window: OpenAI,
/// vLLM, SGLang, Mistral ("context length"), llama.cpp ("available context size",
/// "exceed_context_size_error"), LiteLLM ("contextwindowexceeded"), LM Studio and others.
const CONTEXT_LENGTH: [&str; 8] = [
    "context_length_exceeded",
    "context length",
    "context size",
    "context_size",
    "context window",
    "contextwindowexceeded",
    "prompt is too long",
    "maximum prompt length",
];

/// Texts that say, in lower case and beside the word "model", that there is none such:
/// OpenAI and vLLM ("does not exist"), Ollama ("not found"), DeepSeek, LiteLLM, OpenRouter.
const NO_MODEL: [&str; 6] = [
    "does not exist",
    "not found",
    "not exist",
    "invalid model",
    "not a valid model",
    "no such model",
];

/// The error of a response whose status is not 200. `body` may be cut short; `now` is what
/// a date in `Retry-After` is compared with.
pub(super) fn from_response(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Error {
    let said = Said::from_body(body);
    let error = match status {
        300..=399 => fault::redirect(),
        401 => fault::unauthorized(),
        402 => fault::no_credit(),
        403 => said.code().unwrap_or_else(fault::forbidden),
        429 => said.code().unwrap_or_else(fault::rate_limited),
        400..=499 => said.code().or_else(|| said.text()).unwrap_or_else(|| match status {
            404 | 405 => fault::wrong_address(status),
            _ => fault::rejected(status),
        }),
        500..=599 => said.code().or_else(|| said.window()).unwrap_or(fault::upstream(status)),
        _ => fault::not_a_stream(),
    };
    let may_pass = matches!(
        error.code,
        ErrorCode::Provider(ProviderKind::RateLimited | ProviderKind::Upstream)
    );
    match retry_after_ms(headers, now).filter(|_| may_pass) {
        Some(ms) => error.with_retry_after_ms(ms),
        None => error,
    }
}

/// The error that an event of a stream, or the body of a 200, tells; none when `value` is
/// no error.
pub(super) fn from_value(value: &Value) -> Option<Error> {
    let said = Said::from_value(value)?;
    Some(said.code().or_else(|| said.text()).unwrap_or_else(fault::upstream_in_stream))
}

/// What an error says, in lower case.
#[derive(Default)]
struct Said {
    /// Its code and its type.
    names: [String; 2],
    message: String,
}

impl Said {
    fn from_body(body: &[u8]) -> Self {
        let value = serde_json::from_slice::<Value>(body).unwrap_or_default();
        Self::from_value(&value).or_else(|| Self::from_flat(&value)).unwrap_or_default()
    }

    fn from_value(value: &Value) -> Option<Self> {
        match &value["error"] {
            Value::Null if value["object"] == "error" => Self::from_flat(value),
            Value::Null => None,
            Value::String(text) => Some(Self { message: text.to_lowercase(), ..Self::default() }),
            error => Some(Self::from_flat(error).unwrap_or_default()),
        }
    }

    fn from_flat(value: &Value) -> Option<Self> {
        let text = |name: &str| match &value[name] {
            Value::String(text) => text.to_lowercase(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let message = text("message") + &text("detail");
        value.is_object().then(|| Self { names: [text("code"), text("type")], message })
    }

    /// By its code or type alone.
    fn code(&self) -> Option<Error> {
        self.names.iter().find_map(|name| match name.as_str() {
            "invalid_api_key" | "authentication_error" | "401" => Some(fault::unauthorized()),
            "permission_error" | "403" => Some(fault::forbidden()),
            "insufficient_quota" | "billing_not_active" | "402" => Some(fault::no_credit()),
            "rate_limit_exceeded" | "rate_limit_error" | "429" => Some(fault::rate_limited()),
            "model_not_found" => Some(fault::model_not_found()),
            "content_filter" | "content_policy_violation" => Some(fault::content_filter()),
            name if CONTEXT_LENGTH.iter().any(|known| name.contains(known)) => {
                Some(fault::context_length())
            }
            _ => None,
        })
    }

    /// By its words.
    fn text(&self) -> Option<Error> {
        let no_model = self.message.contains("model")
            && NO_MODEL.iter().any(|known| self.message.contains(known));
        self.window().or_else(|| no_model.then(fault::model_not_found))
    }

    fn window(&self) -> Option<Error> {
        let window = CONTEXT_LENGTH.iter().any(|known| self.message.contains(known));
        window.then(fault::context_length)
    }
}

/// `retry-after-ms`, which OpenAI sends, or `Retry-After` in seconds or as a date.
fn retry_after_ms(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
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
    // A float becomes the nearest whole number that fits.
    Some((ms.ceil() as u64).min(MAX_RETRY_AFTER_MS))
}

#[cfg(test)]
mod tests;
