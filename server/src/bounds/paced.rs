//! A request body that has to keep a rate and can be cut off.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::incoming::{IncomingRequest, Unread};
use super::pace::{Pace, Rate};

/// Counts the received pieces, and ends with an error when they arrive too slowly or the body is
/// cut off.
pub(super) struct Paced {
    inner: Body,
    pace: Pace,
    /// While the next piece is awaited: since when, and a timer for the end of the patience.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    place: IncomingRequest,
}

/// [`Unread`] as the error of the body's stream.
#[derive(Debug, thiserror::Error)]
#[error("the body was not received completely: {0:?}")]
pub(super) struct Ended(pub Unread);

impl Paced {
    pub(super) fn new(inner: Body, rate: Rate, place: IncomingRequest) -> Self {
        let cut = Box::pin(place.cut().cancelled_owned());
        Self { inner, pace: Pace::new(rate), waiting: None, cut, place }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unread>>> {
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(Unread::MadeRoom)));
        }
        let came = match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(came) => came,
            Poll::Pending => {
                let patience = self.pace.patience();
                let (_, over) =
                    self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(patience))));
                ready!(over.as_mut().poll(cx));
                return Poll::Ready(Some(Err(Unread::TooSlow)));
            }
        };
        let waited = self.waiting.take().map(|(since, _)| since.elapsed()).unwrap_or_default();
        let Some(frame) = came else { return Poll::Ready(None) };
        let Ok(frame) = frame else { return Poll::Ready(Some(Err(Unread::Broken))) };
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        self.pace.came(bytes, waited);
        self.place.add(bytes);
        Poll::Ready(Some(Ok(frame)))
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        let came = ready!(self.poll(cx));
        match &came {
            None => self.place.end(Ok(())),
            Some(Err(unread)) => self.place.end(Err(*unread)),
            Some(Ok(_)) if self.inner.is_end_stream() => self.place.end(Ok(())),
            Some(Ok(_)) => {}
        }
        Poll::Ready(came.map(|came| came.map_err(Ended)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
