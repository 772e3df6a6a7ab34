//! axum's extractors with errors in the API's form, which say what is wrong and where.

use std::str::FromStr;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::rejection::{QueryRejection, RawPathParamsRejection};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize as _, Deserializer};

use crate::error::ApiError;
use crate::json::{self, Unreadable, Wrong};

/// The most characters of a parser's message that are passed on, since it may quote the input.
const COMPLAINT_CHARS: usize = 300;

/// The request's body as JSON.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// The query parameters.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The parameters in the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = json_body(&parts.headers, body).await?;
        json::read(&body).map(Self).map_err(unreadable)
    }
}

/// The body of a request whose headers declare JSON. Its size needs no check here, because
/// [`crate::bounds`] limits the bodies of all requests.
async fn json_body(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    json::check(headers).map_err(wrong_media)?;
    to_bytes(body, usize::MAX).await.map_err(|_| ApiError::invalid("The body could not be read."))
}

/// A middleware that passes a request on if its body is a JSON object, and otherwise answers with
/// the same errors as [`Json`].
pub async fn only_objects(request: Request, next: Next) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = json_body(&parts.headers, body).await?;
    json::object(&body).map_err(unreadable)?;
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

/// `None` for a request without a body.
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

/// Reads a field of a path, which is always text, as a number. For `deserialize_with`.
pub fn number<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: std::fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

fn wrong_media(wrong: Wrong) -> ApiError {
    let error = match wrong {
        Wrong::Type => ApiError::invalid("The body is not JSON.")
            .hint("Send it with the header Content-Type: application/json."),
        Wrong::Charset => ApiError::invalid("The body is not in UTF-8.")
            .hint("JSON is always UTF-8; leave out the charset."),
        Wrong::Encoding => {
            ApiError::invalid("The body is compressed.").hint("Send it without a Content-Encoding.")
        }
    };
    error.status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

fn unreadable(error: Unreadable) -> ApiError {
    complaint("In the body: ", &error.to_string())
}

fn query_error(rejection: QueryRejection) -> ApiError {
    complaint("Behind the question mark: ", &rejection.body_text())
}

fn path_error(rejection: RawPathParamsRejection) -> ApiError {
    complaint("In the path: ", &rejection.body_text())
}

/// A parser's message as an error of limited length.
fn complaint(place: &str, text: &str) -> ApiError {
    // axum puts these words before the parser's message.
    let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(text);
    let mut message: String = text.chars().take(COMPLAINT_CHARS).collect();
    if message.len() < text.len() {
        message.push('…');
    }
    ApiError::invalid(format!("{place}{message}"))
}
