//! The OpenAPI document of the API.

use std::sync::Arc;

use axum::Extension;
use axum::http::{HeaderName, header};
use utoipa::OpenApi;

/// The head of the document; the routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Companion",
        description = "A self-hosted console for talking with a language model. Errors have a \
            closed set of codes; their HTTP status follows from the code, but for what is wrong \
            with a request itself: 400 (body cut off), 405 (method), 406 (events), 408 (body too \
            slow), 413 (body too large), 415 (not JSON), all with the code `invalid_input`. A body \
            is one JSON object in UTF-8, without a field twice.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(protocol::Frame, protocol::ListFrame))
)]
pub struct Document;

/// The document as JSON text, as it is served.
#[derive(Clone)]
pub struct Served(pub Arc<str>);

/// Returns this document.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "status",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
pub async fn openapi(
    Extension(served): Extension<Served>,
) -> ([(HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "application/json")], served.0.to_string())
}
