//! Who made a request.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use runtime::Principal;

use crate::error::ApiError;

/// Finds out who made a request, and puts the [`Principal`] into its extensions for the handlers.
///
/// The server only listens on loopback, and the requests of other sites were refused before, so
/// every request comes from the person at this machine.
pub async fn identify(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Principal::FIRST_OWNER);
    next.run(request).await
}

/// The principal of a request, for handlers. A request that was not identified is refused.
pub struct Caller(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let principal = parts.extensions.get::<Principal>().copied();
        principal.map(Self).ok_or_else(ApiError::unauthorized)
    }
}
