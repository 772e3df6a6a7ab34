//! Errors as HTTP responses. The body is always an [`ErrorBody`]; the status is the code's, unless
//! HTTP has a status of its own for what is wrong with the request.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{Error, ErrorBody, ErrorCode};

use crate::config::BasePath;

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    error: Error,
    /// The limit in bytes that a body exceeded.
    most_bytes: Option<u64>,
}

/// The error of a response, for the middleware that shows it as a page.
#[derive(Clone, Debug)]
pub struct ErrorForPage {
    /// The error in the response's body.
    pub error: Error,
    /// The limit in bytes that a body exceeded; `None` for other errors.
    pub most_bytes: Option<u64>,
}

/// The result of every handler.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// An `invalid_input` error; `message` says what is wrong and where.
    pub fn invalid(message: impl Into<String>) -> Self {
        Error::new(ErrorCode::InvalidInput, message).into()
    }

    /// Adds a hint: what the client can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.error = self.error.with_hint(hint);
        self
    }

    /// Sets the status that HTTP has for this error: 405, 406, 413, 415.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The error that the client gets.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// 404 for an unknown path below `/api`.
    pub fn no_such_route(base: &BasePath) -> Self {
        let document = base.address("/api/v1/openapi.json");
        Error::new(ErrorCode::NotFound, "There's nothing at this address.")
            .with_hint(format!("GET {document} describes every one."))
            .into()
    }

    /// 404 for a path that is not below the base path.
    pub fn outside(base: &BasePath) -> Self {
        Error::new(ErrorCode::NotFound, format!("This site is below {}.", base.address("/")))
            .with_hint(format!(
                "A proxy has to pass paths on as they are, or to send X-Forwarded-Prefix: {base} if it \
                 removes that."
            ))
            .into()
    }

    /// 405 for a route without this method.
    pub fn wrong_method() -> Self {
        Self::invalid("This address doesn't accept that method.")
            .hint("The Allow header lists those that it accepts.")
            .status(StatusCode::METHOD_NOT_ALLOWED)
    }

    /// 413 for a body of more than `body_bytes`.
    pub fn too_large(body_bytes: u64) -> Self {
        let error = Self::invalid(format!("The request's body is larger than {body_bytes} bytes."));
        Self { most_bytes: Some(body_bytes), ..error }.status(StatusCode::PAYLOAD_TOO_LARGE)
    }

    /// 401 for a request of which it is not known who made it.
    pub fn unauthorized() -> Self {
        Error::new(ErrorCode::Unauthorized, "Nobody is signed in.").into()
    }

    /// An `internal` error; the cause belongs into the log and not into the response.
    pub fn internal() -> Self {
        Error::new(ErrorCode::Internal, "Something went wrong on the server.")
            .with_hint("Try again. If it keeps happening, the server's log says why.")
            .into()
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.code.http_status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, error, most_bytes: None }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry_after = self.error.retry_after_ms.map(|ms| ms.div_ceil(1000).max(1));
        let for_page = ErrorForPage { error: self.error.clone(), most_bytes: self.most_bytes };
        let mut response = (self.status, Json(ErrorBody { error: self.error })).into_response();
        response.extensions_mut().insert(for_page);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_delay_is_rounded_up_to_whole_seconds() {
        let error = Error::new(ErrorCode::RateLimited, "Wait.").with_retry_after_ms(1001);
        let response = ApiError::from(error).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }
}
