//! Answers to plain HTTP on a TLS port: where the encrypted address is.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::service::service_fn;

use crate::error::ApiError;

/// A service that answers every request with the address to use. A browser that opens a page is
/// sent there. Nothing else is: a program that sends a password or a token without encryption must
/// be changed, and would not be if it worked.
pub(super) fn refusing() -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = Infallible,
    Future: Send,
> {
    service_fn(|request: Request<Incoming>| async move {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        Ok(answer(request.method(), path, request.headers()))
    })
}

fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Response<Body> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let host = host.filter(|host| !host.as_str().contains('@'));
    let address = host.map(|host| format!("https://{host}{path}"));
    let message = match &address {
        Some(address) => format!("This is an HTTPS address: {address}"),
        None => "This is an HTTPS address, and the request came without encryption.".to_owned(),
    };
    let mut response = ApiError::invalid(message)
        .hint("Write https:// instead of http://.")
        .status(StatusCode::BAD_REQUEST)
        .into_response();
    let accepts_pages = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let opens_a_page = accepts_pages
        && matches!(*method, Method::GET | Method::HEAD)
        && !headers.contains_key(header::AUTHORIZATION);
    let address = address.and_then(|address| HeaderValue::from_str(&address).ok());
    if let Some(address) = address.filter(|_| opens_a_page) {
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        response.headers_mut().insert(header::LOCATION, address);
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_browser_that_opens_a_page_is_sent_to_the_encrypted_address() {
        let page = ("accept", "text/html,*/*");
        let host = ("host", "desk.example:3000");
        for (method, headers, status, location) in [
            (Method::GET, vec![host, page], 307, Some("https://desk.example:3000/c?x=1")),
            (Method::POST, vec![host, page], 400, None),
            (Method::GET, vec![host, page, ("authorization", "Bearer t")], 400, None),
            (Method::GET, vec![host], 400, None),
            (Method::GET, vec![page], 400, None),
            (Method::GET, vec![page, ("host", "me@evil.example")], 400, None),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.insert(*name, value.parse().unwrap());
            }
            let response = answer(&method, "/c?x=1", &map);
            assert_eq!(response.status(), status, "{headers:?}");
            let sent = response.headers().get("location").map(|value| value.to_str().unwrap());
            assert_eq!(sent, location, "{headers:?}");
        }
    }
}
