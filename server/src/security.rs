//! Checks where a request comes from, and sets the security headers of answers.
//!
//! Who may come in is decided in [`crate::caller`]. This protects those who are in: the server answers
//! only to its own names (against DNS rebinding), and refuses requests that another site makes a
//! browser send and that would change something or use the API.

pub mod headers;
pub mod hosts;
pub mod hsts;
pub mod origin;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::Response;
use protocol::{Error, ErrorCode};

use crate::connections::Peer;
use crate::error::{ApiError, ApiResult};
use hosts::Hosts;
use origin::{Claims, is_guarded, permits};

/// The `Host` that a proxy received, where the proxy replaces it when it forwards a request.
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Refuses requests under foreign names and from other sites.
pub async fn guard(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let headers = request.headers();
    let host = one(headers, &header::HOST)?;
    let named = host.is_some_and(|host| hosts.allow(host));
    let targeted = request.uri().authority().is_none_or(|target| hosts.allow(target.as_str()));
    let forwarded = headers
        .get_all(&FORWARDED_HOST)
        .iter()
        .all(|value| value.to_str().is_ok_and(|forwarded| hosts.allow_forwarded(forwarded)));
    if !named || !targeted || !forwarded {
        return Err(forbidden("This server does not answer to that name.").hint(
            "Use the address it printed when it started, or add the name to allowed_hosts.",
        ));
    }
    let claims = Claims {
        host: host.unwrap_or_default(),
        origin: one(headers, &header::ORIGIN)?,
        fetch_site: one(headers, &HeaderName::from_static("sec-fetch-site"))?,
    };
    let secure = request.extensions().get::<Peer>().is_some_and(|peer| peer.tls);
    let permitted = permits(&claims, &hosts) && !(secure && claims.is_unencrypted());
    if is_guarded(request.method(), request.uri().path()) && !permitted {
        return Err(forbidden("This request comes from another site.").hint(
            "Only this server's own pages may do that; programs leave out the Origin header.",
        ));
    }
    Ok(next.run(request).await)
}

/// The value of a header; `None` if it is missing. Errors if there are several, or if it is not
/// text.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> ApiResult<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| bad_header(name)),
        (Some(_), Some(_)) => Err(bad_header(name)),
    }
}

fn bad_header(name: &HeaderName) -> ApiError {
    forbidden(format!("The header {name} is there twice or is not text."))
}

fn forbidden(message: impl Into<String>) -> ApiError {
    Error::new(ErrorCode::Forbidden, message).into()
}
