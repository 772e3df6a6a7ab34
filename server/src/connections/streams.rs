//! The service of an HTTP/2 connection: its requests become those of HTTP/1.1, and its answers are
//! watched.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use protocol::{Error, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;

use super::activity::{Activity, Flush, Running};
use super::stalls::{Reader, Stalls};
use super::{HEADERS, Peer};
use crate::bounds::BUSY_RETRY_MS;
use crate::error::ApiError;

/// The most bytes of an answer that hyper gets at a time. They are also the most that a reader may
/// leave for as long as it takes to count as stalled, so that a slow one does not.
const PIECE_BYTES: usize = 16 * 1024;

/// What the requests of a connection need.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) peer: Peer,
    pub(super) activity: Arc<Activity>,
    pub(super) stalls: Arc<Stalls>,
    /// Places for the requests of all connections. Over HTTP/1.1 the number of connections bounds
    /// the number of requests, and so the memory that answers take which nobody reads.
    pub(super) places: Arc<Semaphore>,
}

/// A service that answers the requests of one connection.
pub(super) fn multiplexed(
    shared: Shared,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = Infallible,
    Future: Send + 'static,
> {
    service_fn(move |request: Request<Incoming>| answer(shared.clone(), request))
}

async fn answer(shared: Shared, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let Shared { router, peer, activity, stalls, places } = shared;
    let Some(running) = activity.begin(Flush::Unknown) else {
        // The connection is closing, and takes this with it.
        return std::future::pending().await;
    };
    let Ok(place) = places.try_acquire_owned() else {
        return Ok(too_many().into_response());
    };
    let (mut head, body) = request.into_parts();
    if let Err(refusal) = as_http1(&head.method, &mut head.uri, &mut head.headers) {
        return Ok(refusal.into_response());
    }
    head.extensions.insert(peer);
    let response = router.oneshot(Request::from_parts(head, Body::new(body))).await?;
    Ok(response.map(|inner| {
        let reader = stalls.reader();
        let rest = Bytes::new();
        Body::new(Answer { inner, rest, reader, _running: running, _place: place })
    }))
}

/// Gives a request the form that it has over HTTP/1.1, so that every check and every handler sees
/// the same: the authority becomes the `Host`, and the cookies become one header.
/// Source: RFC 9113, sections 8.2.3 and 8.3.1.
fn as_http1(method: &Method, uri: &mut Uri, headers: &mut HeaderMap) -> Result<(), ApiError> {
    if headers.len() > HEADERS {
        return Err(ApiError::invalid(format!("The request has more than {HEADERS} headers."))
            .status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    if method == Method::CONNECT {
        return Err(ApiError::wrong_method());
    }
    if let Some(authority) = uri.authority() {
        let named = HeaderValue::from_str(authority.as_str())
            .map_err(|_| bad("The request's authority is not text."))?;
        let same = |host: &HeaderValue| host.as_bytes().eq_ignore_ascii_case(named.as_bytes());
        if !headers.get_all(header::HOST).iter().all(same) {
            return Err(bad("The request names two different hosts."));
        }
        headers.insert(header::HOST, named);
        let path = uri.path_and_query().cloned();
        *uri = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
    }
    let crumbs: Vec<&[u8]> =
        headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() > 1 {
        let whole = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
            .map_err(|_| bad("The request's cookies are not text."))?;
        headers.insert(header::COOKIE, whole);
    }
    Ok(())
}

fn bad(message: &str) -> ApiError {
    ApiError::invalid(message).status(StatusCode::BAD_REQUEST)
}

fn too_many() -> ApiError {
    Error::new(ErrorCode::RateLimited, "The server is handling too many requests.")
        .with_retry_after_ms(BUSY_RETRY_MS)
        .into()
}

/// The body of an answer, in small pieces. hyper drops it after it has sent the last piece, or when
/// the reader has gone.
struct Answer {
    inner: Body,
    /// What hyper has not got yet of the last data of `inner`.
    rest: Bytes,
    reader: Reader,
    _running: Running,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.reader.asked();
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        self.reader.given();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.inner.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(uri: &str, headers: &[(&'static str, &str)]) -> Result<(Uri, HeaderMap), u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let mut uri = uri.parse().unwrap();
        as_http1(&Method::GET, &mut uri, &mut map)
            .map(|()| (uri, map))
            .map_err(|error| error.into_response().status().as_u16())
    }

    #[test]
    fn the_authority_becomes_the_host_and_the_cookies_become_one() {
        let cookies = [("cookie", "a=1"), ("cookie", "b=2; c=3")];
        let (uri, headers) = changed("https://desk.example:3000/c?x=1", &cookies).unwrap();
        assert_eq!(uri, "/c?x=1");
        assert_eq!(headers["host"], "desk.example:3000");
        assert_eq!(headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
        let (_, headers) = changed("https://a/", &[("host", "A")]).unwrap();
        assert_eq!(headers["host"], "a");
        // A request without an authority keeps its `Host`, which is checked like any other.
        assert_eq!(changed("/c", &[("host", "b")]).unwrap().1["host"], "b");
        assert!(!changed("/c", &[]).unwrap().1.contains_key("host"));
    }

    #[test]
    fn a_second_host_is_refused_and_so_are_too_many_headers() {
        assert_eq!(changed("https://a/", &[("host", "b")]), Err(400));
        assert_eq!(changed("https://a/", &[("host", "a"), ("host", "b")]), Err(400));
        assert_eq!(changed("https://a/", &[("x", "1"); HEADERS + 1]), Err(431));
        assert!(changed("https://a/", &[("x", "1"); HEADERS]).is_ok());
    }
}
