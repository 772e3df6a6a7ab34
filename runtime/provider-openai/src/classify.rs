//! Maps a provider's answer to the closed set of errors, by its cause; pure.
//!
//! Sources: OpenAI's error codes (<https://platform.openai.com/docs/guides/error-codes>), and the
//! texts of compatible servers as their users report them. The module `error_report` extracts the
//! message from the shape of an error.

use std::time::SystemTime;

use hyper::header::HeaderMap;
use protocol::{Error, ErrorCode, ProviderKind};
use serde_json::Value;

use super::error_report::ErrorReport;
use super::fault::network;
use super::refusal::{self, Parameter, Refused, Sent};
use super::{fault, overflow, words};
use phrases::{
    CREDIT_NAMES, CREDIT_SENTENCES, FILTER_NAMES, FILTER_SENTENCES, KEY_NAMES, KEY_SENTENCES,
    KEY_WORDS, MODEL_DENIED_NAMES, MODEL_NAMES, NO_MODEL, NO_MODEL_SENTENCES, NOT_BY_RESPONSES,
    NOT_FOR_CHATS, NOT_FOR_CHATS_NAMES, NOT_LOADED, ONLY_RESPONSES, PERMISSION_NAMES,
    POLICY_SENTENCES, RATE_NAMES, WANTS_TLS, WRONG_WORDS,
};
use retry_after::retry_after_ms;

mod phrases;
mod retry_after;

/// The longest wait that a provider may ask for: a day.
const MAX_RETRY_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

/// The error of a response whose status is not 200, and the parsed body. `body` may be cut short; a
/// date in `Retry-After` is compared with `now`; `sent` describes the request.
pub(crate) fn from_response(
    (status, headers, body): (u16, &HeaderMap, &[u8]),
    now: SystemTime,
    has_key: bool,
    sent: &Sent,
) -> (Error, ErrorReport) {
    let said = ErrorReport::from_body(body);
    let key = || if has_key { fault::unauthorized() } else { fault::no_key() };
    let cause = || cause_of(&said, sent, has_key);
    let error = match status {
        300..=399 => fault::redirect(),
        401 if said.is_named(MODEL_DENIED_NAMES) => fault::forbidden(),
        401 => key(),
        402 => fault::no_credit(),
        403 => cause().unwrap_or_else(fault::forbidden),
        // This status comes from a proxy in front of the endpoint that is not configured here.
        407 => network::proxy_login(),
        413 => cause().unwrap_or_else(fault::context_length),
        429 => named(&said, has_key).unwrap_or_else(fault::rate_limited),
        404 | 405 => cause().unwrap_or_else(|| fault::wrong_address(status)),
        400 if said.says(WANTS_TLS) => network::wants_tls(),
        400..=499 => cause().unwrap_or_else(|| fault::rejected(status)),
        // Some servers report a request that they refuse as a fault of their own. If the cause is
        // known, the same request is not worth a retry.
        500..=599 => cause().unwrap_or_else(|| fault::upstream(status)),
        _ => fault::not_a_stream(),
    };
    let header = retry_after_ms(headers, now);
    (with_words(with_wait(error, header, &said), &said), said)
}

/// Adds the wait that a header asks for, or else the endpoint's text, to an error for which waiting
/// helps.
fn with_wait(error: Error, header: Option<u64>, said: &ErrorReport) -> Error {
    use ProviderKind::{RateLimited, Upstream};
    let may_pass = matches!(error.code, ErrorCode::Provider(RateLimited | Upstream));
    match header.or_else(|| said.wait_ms()).filter(|_| may_pass) {
        Some(ms) => error.with_retry_after_ms(ms.min(MAX_RETRY_AFTER_MS)),
        None => error,
    }
}

/// The error of a proxy that refuses a request, with the proxy's own words.
pub(crate) fn from_proxy(status: u16, body: &[u8]) -> Error {
    let error = match status {
        407 => network::proxy_login(),
        500..=599 => network::proxy_failed(status),
        _ => network::proxy_refused(status),
    };
    with_words(error, &ErrorReport::from_body(body))
}

/// The error in an event of a stream, or in the body of a 200; `None` if `value` has no error.
pub(crate) fn from_value(value: &Value) -> Option<Error> {
    let said = ErrorReport::from_value(value)?;
    Some(from_said(&said, &Sent::default(), true))
}

/// The error of an answer that was parsed already.
pub(crate) fn from_said(said: &ErrorReport, sent: &Sent, has_key: bool) -> Error {
    let error = cause_of(said, sent, has_key).unwrap_or_else(fault::upstream_in_stream);
    with_words(with_wait(error, None, said), said)
}

/// Adds the endpoint's own words to the error.
fn with_words(mut error: Error, said: &ErrorReport) -> Error {
    error.said = Some(words::cleaned(&said.text())).filter(|words| !words.is_empty());
    error
}

/// Finds the cause by the error's names, then by its words; `None` if neither tells it.
fn cause_of(said: &ErrorReport, sent: &Sent, has_key: bool) -> Option<Error> {
    // This comes first because the error also has the name of an unknown model.
    if said.says(NOT_BY_RESPONSES) {
        return Some(fault::not_by_responses());
    } else if said.says(NOT_LOADED) {
        return Some(fault::not_loaded());
    } else if said.says(POLICY_SENTENCES) {
        return Some(fault::kept_out());
    }
    named(said, has_key).or_else(|| worded(said, sent, has_key))
}

fn named(said: &ErrorReport, has_key: bool) -> Option<Error> {
    if overflow::is_more_than_a_minute(said) {
        return Some(fault::context_length());
    }
    // This comes before the names: Zhipu uses the name of a rate limit, and SiliconFlow that of a
    // permission.
    if said.says(CREDIT_SENTENCES) {
        return Some(fault::no_credit());
    }
    let key = || if has_key { fault::unauthorized() } else { fault::no_key() };
    let causes: [(&[&str], &dyn Fn() -> Error); 6] = [
        (KEY_NAMES, &key),
        (CREDIT_NAMES, &fault::no_credit),
        (RATE_NAMES, &fault::rate_limited),
        (MODEL_NAMES, &fault::model_not_found),
        (FILTER_NAMES, &fault::content_filter),
        // Gemini uses this name for a wrong key, too.
        (PERMISSION_NAMES, &|| if is_key(said) { key() } else { fault::forbidden() }),
    ];
    let cause = causes.iter().find(|(names, _)| said.is_named(names));
    cause.map(|(_, error)| error())
}

fn worded(said: &ErrorReport, sent: &Sent, has_key: bool) -> Option<Error> {
    if said.says(NO_MODEL_SENTENCES) {
        return Some(fault::model_not_found());
    } else if said.says(ONLY_RESPONSES) {
        let other = said.says(NOT_FOR_CHATS_NAMES) && !said.says(&["v1/responses"]);
        return Some(if other { fault::not_for_chats() } else { fault::only_responses() });
    } else if said.says(NOT_FOR_CHATS) {
        return Some(fault::not_for_chats());
    } else if is_key(said) {
        return Some(if has_key { fault::unauthorized() } else { fault::no_key() });
    } else if overflow::is_told(said) {
        return Some(fault::context_length());
    }
    if let Some(refused) = refusal::of(said, sent) {
        return Some(match refused {
            Refused::Parameter(parameter) => fault::parameter(name(parameter)),
            Refused::System | Refused::Roles => fault::roles(),
            Refused::Beginning => fault::beginning(),
            Refused::Reasoning | Refused::NoReasoning => fault::parameter("reasoning_content"),
        });
    }
    if said.says(&["model", "deployment"]) && said.says(NO_MODEL) {
        return Some(fault::model_not_found());
    }
    said.says(FILTER_SENTENCES).then(fault::content_filter)
}

fn is_key(said: &ErrorReport) -> bool {
    let keys = said.says(&["key(s)", "unrecognized key"]);
    said.says(KEY_SENTENCES) || said.says(KEY_WORDS) && said.says(WRONG_WORDS) && !keys
}

fn name(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::Temperature => "temperature",
        Parameter::TopP => "top_p",
        Parameter::Seed => "seed",
        Parameter::Stream => "stream",
        Parameter::StreamOptions => "stream_options",
        Parameter::MaxTokens => "max_tokens",
        Parameter::MaxCompletionTokens => "max_completion_tokens",
        Parameter::MaxOutputTokens => "max_output_tokens",
        Parameter::ReasoningSummary => "reasoning.summary",
        Parameter::Effort => "reasoning_effort",
    }
}

#[cfg(test)]
mod tests;
