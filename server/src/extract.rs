//! axum's extractors with our errors: each says what is wrong and where.

use axum::body::HttpBody as _;
use axum::extract::rejection::{JsonRejection, QueryRejection, RawPathParamsRejection};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, RawPathParams, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;

use crate::error::ApiError;

/// Characters of a parser's complaint that are passed on; it may quote what it was given.
const COMPLAINT_CHARS: usize = 300;

/// The request's body as JSON.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// The parameters behind the question mark.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The parameters in the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let result = <axum::Json<T> as FromRequest<S>>::from_request(request, state).await;
        result.map(|axum::Json(value)| Self(value)).map_err(json_error)
    }
}

/// None without a body.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let result = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        result.map(|axum::extract::Query(value)| Self(value)).map_err(query_error)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(path_error)?;
        let fields = MapDeserializer::new(params.iter());
        let value = serde_path_to_error::deserialize(fields).map_err(|error| {
            let (field, problem): (_, serde::de::value::Error) =
                (error.path().to_string(), error.into_inner());
            complaint("In the path: ", &format!("{field}: {problem}"))
        });
        value.map(Self)
    }
}

fn json_error(rejection: JsonRejection) -> ApiError {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => ApiError::invalid("The body is not JSON.")
            .hint("Send it with the header Content-Type: application/json.")
            .status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        JsonRejection::JsonDataError(error) => complaint("In the body: ", &error.body_text()),
        JsonRejection::JsonSyntaxError(error) => complaint("In the body: ", &error.body_text()),
        rejection if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::invalid("The request's body is larger than is allowed.")
                .status(StatusCode::PAYLOAD_TOO_LARGE)
        }
        rejection => complaint("The body could not be read: ", &rejection.body_text()),
    }
}

fn query_error(rejection: QueryRejection) -> ApiError {
    complaint("Behind the question mark: ", &rejection.body_text())
}

fn path_error(rejection: RawPathParamsRejection) -> ApiError {
    complaint("In the path: ", &rejection.body_text())
}

/// A parser's complaint as one safe sentence of bounded length.
fn complaint(place: &str, text: &str) -> ApiError {
    // What axum says before the interesting part.
    let known = [
        "Failed to deserialize the JSON body into the target type: ",
        "Failed to parse the request body as JSON: ",
        "Failed to deserialize query string: ",
    ];
    let text = known.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    let mut message: String = text.chars().take(COMPLAINT_CHARS).collect();
    if message.len() < text.len() {
        message.push('…');
    }
    ApiError::invalid(format!("{place}{message}"))
}
