//! Maps a provider's answer to the closed set of errors, by its cause; pure.
//!
//! Sources: OpenAI's error codes (<https://platform.openai.com/docs/guides/error-codes>), and the
//! texts of compatible servers as their users report them. The module `error_report` extracts the
//! message from the shape of an error.

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::header::{HeaderMap, RETRY_AFTER};
use protocol::{Error, ErrorCode, ProviderKind};
use serde_json::Value;

use super::error_report::ErrorReport;
use super::fault::network;
use super::refusal::{self, Parameter, Refused, Sent};
use super::{fault, overflow, words};

/// The longest wait that a provider may ask for: a day.
const MAX_RETRY_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

/// Error names for a wrong or missing key. LiteLLM's proxy without a database looks for keys there
/// (<https://github.com/BerriAI/litellm/issues/12273>).
const KEY_NAMES: &[&str] = &[
    "invalid_api_key",
    "invalidapikey",
    "api_key_invalid",
    "authentication_error",
    "invalid_authentication_error",
    "authenticationerror",
    "auth_error",
    "no_db_connection",
    "unauthenticated",
    "unauthorized",
    "401",
];
/// Words that mean a key, and words that say what is wrong with it.
const KEY_WORDS: &[&str] = &[
    "api key",
    "api-key",
    "api_key",
    "apikey",
    "the key",
    "your key",
    "access token",
    "auth token",
    "bearer token",
    "bearer",
    "credential",
    "authentication",
    "authorization header",
    "令牌",
    "密钥",
];
const WRONG_WORDS: &[&str] = &[
    "valid",
    "incorrect",
    "wrong",
    "missing",
    "expired",
    "required",
    "provide",
    "not found",
    "no api key",
    "no auth",
    "unknown",
    "denied",
    "revoked",
    "disabled",
    "malformed",
    "leaked",
    "fail",
    "error",
    "过期",
    "不正确",
    "无效",
];
/// Sentences that mean a wrong or missing key by themselves.
const KEY_SENTENCES: &[&str] = &[
    "no connected db",
    "unauthorized",
    "no auth credentials",
    "unregistered callers",
    "invalid username or password",
];

const PERMISSION_NAMES: &[&str] = &[
    "permission_error",
    "permission_denied",
    "permissiondenied",
    "accessdenied",
    "access_denied",
    "forbidden",
    "403",
];
/// Error names for a valid key that may not use the model. LiteLLM's proxy sends them with 401.
const MODEL_DENIED_NAMES: &[&str] =
    &["key_model_access_denied", "team_model_access_denied", "user_model_access_denied"];
const CREDIT_NAMES: &[&str] = &[
    "insufficient_quota",
    "insufficient_balance",
    "insufficient_credits",
    "billing_not_active",
    "billing_error",
    "payment_required",
    "exceeded_current_quota_error",
    "arrearage",
    "budget_exceeded",
    "402",
];
const CREDIT_SENTENCES: &[&str] = &[
    "credit balance",
    "insufficient balance",
    "balance is insufficient",
    "余额不足",
    "insufficient credit",
    "insufficient funds",
    "out of credits",
    "requires more credits",
    "no credits",
    "spending limit",
    "budget has been exceeded",
    "billing hard limit",
];
const RATE_NAMES: &[&str] = &[
    "rate_limit_exceeded",
    "rate_limit_error",
    "rate_limited",
    "too_many_requests",
    "throttling",
    "throttlingexception",
    "resource_exhausted",
    "429",
];
const MODEL_NAMES: &[&str] = &["model_not_found", "model_not_exist", "deploymentnotfound"];
const FILTER_NAMES: &[&str] = &[
    "content_filter",
    "content_policy_violation",
    "contentfilter",
    "data_inspection_failed",
    "datainspectionfailed",
    "responsibleaipolicyviolation",
];
const FILTER_SENTENCES: &[&str] =
    &["content management policy", "content policy", "content exists risk", "safety system"];

/// What an https port answers to http, in lower case: nginx, Go's server, Apache.
const WANTS_TLS: &[&str] = &[
    "plain http request was sent to https port",
    "http request to an https server",
    "speaking plain http to an ssl-enabled server port",
];

/// Lower-case texts that say that there is no such model, even if they mention keys: LiteLLM's
/// proxy adds how to list the models "for your key".
const NO_MODEL_SENTENCES: &[&str] = &[
    "invalid model name",
    "not a valid model",
    "no such model",
    "unknown model",
    "no endpoints found for",
];
/// Lower-case texts that mean the same if the word "model" is there, too: OpenAI and vLLM ("does
/// not exist"), Ollama ("not found"), DeepSeek, LiteLLM, OpenRouter.
const NO_MODEL: &[&str] = &[
    "does not exist",
    "not found",
    "not exist",
    "invalid model",
    "not a valid model",
    "no such model",
    "no endpoints found",
    "no models loaded",
    "unknown model",
];

/// Lower-case texts that say that a model is not made for chats: OpenAI
/// (<https://github.com/run-llama/llama_index/issues/1332>,
/// <https://github.com/CherryHQ/cherry-studio/issues/1179>), Ollama
/// (<https://github.com/ollama/ollama/issues/2778>), vLLM
/// (<https://github.com/QwenLM/Qwen3-VL/issues/988>), OpenRouter
/// (<https://github.com/decolua/9router/issues/1304>).
const NOT_FOR_CHATS: &[&str] = &[
    "not a chat model",
    "not a chat completion model",
    "does not support chat",
    "do not support chat",
    "doesn't support chat",
    "cannot be used with the chat",
    "not supported in the v1/chat/completions",
    "not supported for chat",
    "not supported with chat",
    "content or output modality contain audio",
];
/// Parts of the names of models that are not made for chats. When Azure reports that an operation
/// does not work, it names the model (<https://github.com/microsoft/graphrag/issues/1557>).
const NOT_FOR_CHATS_NAMES: &[&str] =
    &["embedding", "embed-", "whisper", "tts", "dall-e", "gpt-image", "moderation", "rerank"];

/// Lower-case texts that say that a model is offered only by the Responses API: OpenAI
/// (<https://github.com/sigoden/aichat/pull/1318>), Azure, a gateway
/// (<https://github.com/Wei-Shaw/sub2api/issues/885>).
const ONLY_RESPONSES: &[&str] = &[
    "only supported in v1/responses",
    "chatcompletion operation does not work with the specified model",
    "please use /v1/responses",
];

/// Lower-case texts that say that a model is not offered by the Responses API: OpenAI
/// (<https://github.com/CherryHQ/cherry-studio/issues/6170>,
/// <https://github.com/Laisky/one-api/issues/88>).
const NOT_BY_RESPONSES: &[&str] =
    &["not supported with the responses api", "not supported in the v1/responses"];

/// Lower-case texts that say that a model exists but could not be loaded into memory. LM Studio
/// gives these errors the name of an unknown model
/// (<https://github.com/continuedev/continue/issues/10150>,
/// <https://github.com/continuedev/continue/issues/12794>).
const NOT_LOADED: &[&str] = &["failed to load model", "error loading model"];

/// Lower-case texts that say that the account's own settings exclude all servers of the model:
/// OpenRouter, with 404 (<https://github.com/truefoundry/models/pull/826>,
/// <https://openrouter.ai/docs/features/privacy-and-logging>).
const POLICY_SENTENCES: &[&str] =
    &["guardrail restrictions", "matching your data policy", "no allowed providers are available"];

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

/// Reads `retry-after-ms`, which OpenAI sends, or `Retry-After` in seconds or as a date.
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
    // The conversion saturates at the limits of the integer.
    Some(ms.ceil() as u64)
}

#[cfg(test)]
mod tests;
