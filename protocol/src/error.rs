//! The closed set of errors (invariant 7). The codes are the same in the API, in the WebSocket, on
//! the page and in the store.

mod read;

use std::fmt;

use serde::{Deserialize, Serialize};

/// The cause of an error, so that a client can react to it.
///
/// On the wire: `{"code": "provider", "kind": "auth"}`. Only `provider` and `timeout` have a
/// `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "code", content = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ErrorCode {
    /// No answer is possible: there is no usable provider, or the worker is stopped.
    Unavailable,
    /// A turn is running already; nothing was stored.
    Busy,
    /// The request is invalid.
    InvalidInput,
    /// The resource does not exist.
    NotFound,
    /// The provider failed.
    Provider(ProviderKind),
    /// A timeout expired.
    Timeout(TimeoutPhase),
    /// The turn was cancelled.
    Cancelled,
    /// The caller is not authenticated.
    Unauthorized,
    /// The caller has no permission, or not from this origin.
    Forbidden,
    /// The caller made too many requests.
    RateLimited,
    /// The cursor is not valid here; a fresh snapshot follows.
    StaleCursor,
    /// An internal error of this server.
    Internal,
}

/// How a provider failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProviderKind {
    /// The key is missing or wrong.
    Auth,
    /// The key is valid, but it does not permit this request, or not from here.
    Permission,
    /// The account has no credit left; waiting does not help.
    Credit,
    /// The provider's rate limit was exceeded.
    RateLimited,
    /// The provider does not know the model.
    ModelNotFound,
    /// The model is not made for conversations: it is one for embeddings or speech, or it calls
    /// tools although there are none.
    Unfit,
    /// The conversation does not fit the model's window.
    ContextLength,
    /// The provider refused the content.
    ContentFilter,
    /// The provider does not accept a parameter of the request, or its value.
    Parameter,
    /// The provider does not accept the roles of the messages, or their order.
    Roles,
    /// The provider does not continue an answer.
    Beginning,
    /// The provider refused the request for another reason.
    Rejected,
    /// The provider could not be reached.
    Network,
    /// The provider was reached, and the connection ended before the answer was complete.
    Cut,
    /// The proxy in front of the provider could not be reached, or failed.
    Proxy,
    /// The proxy requires a login, or another one.
    ProxyAuth,
    /// The proxy refused the connection.
    ProxyRefused,
    /// The provider's certificate cannot be trusted.
    Certificate,
    /// One side used TLS and the other did not.
    Tls,
    /// The provider does not have the API that was used, or not for this model.
    Api,
    /// The provider's answer does not follow the protocol.
    Malformed,
    /// The provider compressed its answer although the request did not allow it.
    Compressed,
    /// The provider reported an internal error.
    Upstream,
    /// The model's process ended unexpectedly.
    Crashed,
}

/// Which of a turn's timeouts expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TimeoutPhase {
    /// No text arrived at all.
    FirstToken,
    /// Text arrived, and then no more.
    Stall,
    /// The whole turn took too long.
    Turn,
}

/// An error as it is sent to clients, shown and stored.
///
/// Invariant: all of it is safe to show to all users. It has no key, filesystem path, provider URL
/// or internal text. `message` and `hint` are Companion's words; `said` is the provider's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Error {
    /// The cause. In JSON `code` and `kind` stand beside the other fields.
    #[serde(flatten)]
    pub code: ErrorCode,
    /// One sentence that says what happened.
    pub message: String,
    /// One sentence that says what to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// When a retry makes sense, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The provider's own words about the error: plain text of at most
    /// [`SAID_CHARS`](crate::limits::SAID_CHARS), in which text that looks like a key, an address,
    /// a path or an e-mail address is replaced. Must be shown as the provider's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub said: Option<String>,
}

/// The body of every error response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The error. The HTTP status follows from its code, with few exceptions.
    pub error: Error,
}

impl ErrorCode {
    /// The HTTP status for this code.
    pub fn http_status(self) -> u16 {
        match self {
            Self::InvalidInput => 422,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Busy | Self::Cancelled => 409,
            Self::StaleCursor => 410,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Provider(_) => 502,
            Self::Unavailable => 503,
            Self::Timeout(_) => 504,
        }
    }

    /// Whether the same request may succeed if it is retried shortly.
    pub fn may_pass(self) -> bool {
        use ProviderKind::{Cut, Network, Proxy, RateLimited, Upstream};
        matches!(self, Self::Provider(Cut | Network | Proxy | RateLimited | Upstream))
    }

    /// The code's name on the wire, without its kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Busy => "busy",
            Self::InvalidInput => "invalid_input",
            Self::NotFound => "not_found",
            Self::Provider(_) => "provider",
            Self::Timeout(_) => "timeout",
            Self::Cancelled => "cancelled",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::StaleCursor => "stale_cursor",
            Self::Internal => "internal",
        }
    }
}

impl Error {
    /// Makes an error with a message and without a hint.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, retry_after_ms: None, said: None }
    }

    /// Adds a hint that says what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the time after which a retry makes sense.
    #[must_use]
    pub fn with_retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_is_flat() {
        let error = Error::new(ErrorCode::Provider(ProviderKind::Auth), "No.").with_hint("Key.");
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"code":"provider","kind":"auth","message":"No.","hint":"Key."})
        );
        assert_eq!(serde_json::from_value::<Error>(json).unwrap(), error);

        let busy = Error::new(ErrorCode::Busy, "Busy.");
        let json = serde_json::to_value(&busy).unwrap();
        assert_eq!(json, serde_json::json!({"code":"busy","message":"Busy."}));
        assert_eq!(serde_json::from_value::<Error>(json).unwrap(), busy);
    }

    #[test]
    fn every_code_round_trips() {
        use ErrorCode as E;
        use ProviderKind as P;
        use TimeoutPhase::{FirstToken, Stall, Turn};
        let kinds = [
            P::Auth,
            P::Permission,
            P::Credit,
            P::RateLimited,
            P::ModelNotFound,
            P::ContextLength,
            P::ContentFilter,
            P::Parameter,
            P::Roles,
            P::Beginning,
            P::Rejected,
            P::Network,
            P::Proxy,
            P::ProxyAuth,
            P::ProxyRefused,
            P::Certificate,
            P::Tls,
            P::Api,
            P::Malformed,
            P::Compressed,
            P::Upstream,
            P::Crashed,
        ];
        let plain = [
            E::Unavailable,
            E::Busy,
            E::InvalidInput,
            E::NotFound,
            E::Cancelled,
            E::Unauthorized,
            E::Forbidden,
            E::RateLimited,
            E::StaleCursor,
            E::Internal,
        ];
        let phases = [FirstToken, Stall, Turn];
        let with_kinds = kinds.map(E::Provider).into_iter().chain(phases.map(E::Timeout));
        for code in plain.into_iter().chain(with_kinds) {
            let mut error = Error::new(code, "No.").with_retry_after_ms(5);
            error.said = Some("Not today.".to_owned());
            let json = serde_json::to_string(&error).unwrap();
            assert_eq!(serde_json::from_str::<Error>(&json).unwrap(), error, "{json}");
        }
    }

    #[test]
    fn an_unknown_code_or_kind_is_parsed_as_a_general_one() {
        let upstream = ErrorCode::Provider(ProviderKind::Upstream);
        let turn = ErrorCode::Timeout(TimeoutPhase::Turn);
        for (json, code) in [
            (r#"{"code":"new","message":"No."}"#, ErrorCode::Internal),
            (r#"{"code":"new","kind":"auth","message":"No."}"#, ErrorCode::Internal),
            (r#"{"code":"provider","kind":"new","message":"No."}"#, upstream),
            (r#"{"code":"provider","message":"No."}"#, upstream),
            (r#"{"code":"timeout","kind":"new","message":"No."}"#, turn),
        ] {
            let error = serde_json::from_str::<Error>(json).unwrap();
            assert_eq!(error, Error::new(code, "No."), "{json}");
        }
    }

    #[test]
    fn an_error_without_code_or_message_is_refused() {
        for json in [r#"{"message":"No."}"#, r#"{"code":"busy"}"#, r#"{"code":1,"message":"No."}"#]
        {
            assert!(serde_json::from_str::<Error>(json).is_err(), "{json}");
        }
    }
}
