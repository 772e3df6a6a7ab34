//! The closed set of errors as server functions carry it to the page.

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
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
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl FromServerFnError for AppError {
    type Encoder = Wire;

    fn from_server_fn_error(failure: ServerFnErrorErr) -> Self {
        use ServerFnErrorErr as E;
        let error = match failure {
            E::Request(_) => Error::new(ErrorCode::Unavailable, tr!(server_away))
                .with_hint(tr!(server_away_hint)),
            E::Args(_) | E::MissingArg(_) | E::Serialization(_) => {
                Error::new(ErrorCode::InvalidInput, tr!(bad_request))
            }
            E::Deserialization(_) => {
                Error::new(ErrorCode::Internal, tr!(bad_answer)).with_hint(tr!(bad_answer_hint))
            }
            E::Registration(_)
            | E::UnsupportedRequestMethod(_)
            | E::ServerError(_)
            | E::MiddlewareError(_)
            | E::Response(_) => Error::new(ErrorCode::Internal, tr!(server_fault)),
        };
        #[cfg(feature = "ssr")]
        crate::backend::set_status(error.code.http_status());
        Self(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_network_did_is_told_as_unavailable() {
        let error = AppError::from_server_fn_error(ServerFnErrorErr::Request("x".into()));
        assert_eq!(error.0.code, ErrorCode::Unavailable);
        assert!(error.0.hint.is_some());
    }

    #[test]
    fn an_error_survives_the_way_to_the_page() {
        let error = AppError(Error::new(ErrorCode::Busy, "Busy.").with_hint("Wait."));
        assert_eq!(AppError::de(error.ser()), error);
    }
}
