//! The closed set of errors as server functions carry it to the page.

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::{Bytes, Decodes as _};
use protocol::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

use crate::text::tr;
use crate::wire::Wire;

/// A [`protocol::Error`] on its way to the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppError(pub Error);

impl AppError {
    /// Whether the thing that was asked for does not exist (any more).
    pub fn is_not_found(&self) -> bool {
        self.0.code == ErrorCode::NotFound
    }

    /// Whether the session has ended by which the page was loaded.
    #[cfg(feature = "browser")]
    pub fn is_unauthorized(&self) -> bool {
        self.0.code == ErrorCode::Unauthorized
    }

    /// Parses an error that this server wrote as JSON; `None` for any other bytes.
    pub(crate) fn read(bytes: Bytes) -> Option<Self> {
        let body = Wire::decode(bytes.clone()).map(|body: Body| body.error);
        body.or_else(|_| Wire::decode(bytes)).ok()
    }

    /// The error for a response that cannot be parsed.
    pub(crate) fn unreadable() -> Self {
        let error =
            Error::new(ErrorCode::Internal, tr!(bad_answer)).with_hint(tr!(bad_answer_hint));
        Self(error)
    }
}

/// Whether an error says that the server could not be reached. Only the page makes such errors;
/// they say nothing about a model.
pub fn is_away(error: &Error) -> bool {
    error.code == ErrorCode::Unavailable && error.message == tr!(server_away)
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// The error body of the REST API. Middleware that refuses a request before it reaches its server
/// function writes the same body.
#[derive(Deserialize)]
struct Body {
    error: AppError,
}

impl FromServerFnError for AppError {
    type Encoder = Wire;

    fn de(bytes: Bytes) -> Self {
        Self::read(bytes).unwrap_or_else(Self::unreadable)
    }

    fn from_server_fn_error(failure: ServerFnErrorErr) -> Self {
        use ServerFnErrorErr as E;
        let error = match failure {
            E::Request(_) => Error::new(ErrorCode::Unavailable, tr!(server_away))
                .with_hint(tr!(server_away_hint)),
            E::Args(_) | E::MissingArg(_) | E::Serialization(_) => {
                Error::new(ErrorCode::InvalidInput, tr!(bad_request))
            }
            // The library uses one variant for two failures: on the server, arguments that cannot
            // be decoded; in the browser, an answer that cannot be decoded.
            #[cfg(feature = "ssr")]
            E::Deserialization(_) => Error::new(ErrorCode::InvalidInput, tr!(bad_request)),
            #[cfg(not(feature = "ssr"))]
            E::Deserialization(_) => return Self::unreadable(),
            E::Registration(_)
            | E::UnsupportedRequestMethod(_)
            | E::ServerError(_)
            | E::MiddlewareError(_)
            | E::Response(_) => Error::new(ErrorCode::Internal, tr!(server_fault)),
        };
        #[cfg(feature = "ssr")]
        crate::response::set_status(error.code.http_status());
        Self(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_failure_becomes_unavailable() {
        let error = AppError::from_server_fn_error(ServerFnErrorErr::Request("x".into()));
        assert_eq!(error.0.code, ErrorCode::Unavailable);
        assert!(error.0.hint.is_some());
    }

    #[test]
    fn an_error_round_trips_to_the_page() {
        let error = AppError(Error::new(ErrorCode::Busy, "Busy.").with_hint("Wait."));
        assert_eq!(AppError::de(error.ser()), error);
        let refused = leptos::serde_json::json!({ "error": error.0 }).to_string();
        assert_eq!(AppError::de(refused.into()), error);
        assert_eq!(AppError::de("<html>".into()).0.code, ErrorCode::Internal);
    }
}
