//! The service of one connection: the router, with reports to the connection's [`Activity`].

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use tower::ServiceExt as _;

use super::Peer;
use super::activity::{Activity, Flush, Running};

/// A service that answers requests of `peer` with `router` and reports to `activity`.
pub(super) fn watched(
    router: Router,
    peer: Peer,
    activity: Arc<Activity>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = Infallible,
    Future: Send,
> {
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (router, activity) = (router.clone(), activity.clone());
        async move {
            let Some(running) = activity.begin(Flush::Follows) else {
                // The connection is closing: its task was aborted, so it does not get beyond this.
                return std::future::pending().await;
            };
            let response = router.oneshot(request.map(Body::new)).await?;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                // The connection becomes a WebSocket, which has no further requests.
                running.forever();
                return Ok(response);
            }
            Ok(response.map(|inner| Body::new(Answer { inner, _running: running })))
        }
    })
}

/// The body of an answer. hyper drops it after it has taken the last piece.
struct Answer {
    inner: Body,
    _running: Running,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
