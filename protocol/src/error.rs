//! The closed set of errors (invariant 7): the same code in the API, over the
//! WebSocket, on the page and in the store.

mod read;

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, as a client may act on it.
///
/// On the wire `{"code": "provider", "kind": "auth"}`; only `provider` and `timeout` have
/// a `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "code", content = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ErrorCode {
    /// Nothing can answer: no usable provider, or the worker is stopped.
    Unavailable,
    /// A turn is running already; nothing was stored.
    Busy,
    /// The request itself is wrong.
    InvalidInput,
    /// There is no such thing.
    NotFound,
    /// What produces text failed.
    Provider(ProviderKind),
    /// A time limit passed.
    Timeout(TimeoutPhase),
    /// Someone asked for the end.
    Cancelled,
    /// Who is asking is not known.
    Unauthorized,
    /// Who is asking may not, or not from there.
    Forbidden,
    /// Too many requests.
    RateLimited,
    /// The cursor is unknown here; a fresh snapshot follows.
    StaleCursor,
    /// A fault of this server.
    Internal,
}

/// In what way a provider failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProviderKind {
    /// The key is missing or wrong.
    Auth,
    /// The key is right, and what was asked for is not allowed with it, or not from here.
    Permission,
    /// The account has no credit left; waiting does not help.
    Credit,
    /// The provider asks to wait.
    RateLimited,
    /// The provider does not know the model.
    ModelNotFound,
    /// The model is none for conversations: one for embeddings or speech, or one that calls tools
    /// though there are none.
    Unfit,
    /// The conversation does not fit the model's window.
    ContextLength,
    /// The provider refused the content.
    ContentFilter,
    /// The provider does not take a parameter of the request, or not its value.
    Parameter,
    /// The provider does not take the roles of the messages, or their order.
    Roles,
    /// The provider does not go on from an answer that was begun.
    Beginning,
    /// The provider refused the request for a reason of its own.
    Rejected,
    /// The provider could not be reached.
    Network,
    /// The provider was reached, and the connection ended before the answer was complete.
    Cut,
    /// The proxy before the provider could not be reached, or has a fault of its own.
    Proxy,
    /// That proxy wants a login, or another one.
    ProxyAuth,
    /// That proxy does not let this through.
    ProxyRefused,
    /// The provider's certificate cannot be trusted.
    Certificate,
    /// One side spoke TLS and the other did not.
    Tls,
    /// The provider does not have the interface that it was asked by, or not for this model.
    Api,
    /// The provider answered something that is not the protocol.
    Malformed,
    /// The provider compressed its answer, which nobody had asked for.
    Compressed,
    /// The provider reported a fault of its own.
    Upstream,
    /// The model's process ended unexpectedly.
    Crashed,
}

/// Which of a turn's time limits passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TimeoutPhase {
    /// No text came at all.
    FirstToken,
    /// Text came and then stopped coming.
    Stall,
    /// The whole turn took too long.
    Turn,
}

/// An error as it is told to clients, shown and stored.
///
/// Invariant: all of it is safe to show to anyone: no key, no filesystem path, no provider URL,
/// no internal text. `message` and `hint` are Companion's words; `said` is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Error {
    #[serde(flatten)]
    pub code: ErrorCode,
    /// One sentence: what happened.
    pub message: String,
    /// One sentence: what to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// When asking again makes sense, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// What the provider itself said of it: plain text of at most
    /// [`SAID_CHARS`](crate::limits::SAID_CHARS), in which what looks like a key, an address, a
    /// path or an e-mail address is replaced. To be shown as its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub said: Option<String>,
}

/// The body of every answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    pub error: Error,
}

impl ErrorCode {
    /// The HTTP status that carries this code.
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

    /// Whether the same request may well succeed when it is made again shortly.
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
    /// An error with its sentence, no hint.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, retry_after_ms: None, said: None }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with when to ask again.
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
    fn every_code_is_read_as_it_is_written() {
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
    fn a_code_or_kind_of_a_newer_version_is_read_as_a_general_one() {
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
    fn an_error_without_code_or_message_is_not_read() {
        for json in [r#"{"message":"No."}"#, r#"{"code":"busy"}"#, r#"{"code":1,"message":"No."}"#]
        {
            assert!(serde_json::from_str::<Error>(json).is_err(), "{json}");
        }
    }
}
