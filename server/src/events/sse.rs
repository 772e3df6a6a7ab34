//! Sends frames as Server-Sent Events.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;

use super::ObserverSlot;
use super::event_source::{EventSource, Outgoing};

/// The response with the stream. It ends after the frame `close`, or when the client disconnects.
pub(super) fn answer(
    event_source: impl EventSource,
    ping: Duration,
    slot: ObserverSlot,
) -> Response {
    let frames = stream::unfold((event_source, slot), |(mut event_source, slot)| async move {
        let frame = event_source.next().await?;
        Some((Ok::<_, Infallible>(event(frame)), (event_source, slot)))
    });
    let mut response = Sse::new(frames).keep_alive(KeepAlive::new().interval(ping)).into_response();
    // Proxies that buffer responses would delay the events.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    response
}

fn event(frame: Outgoing) -> Event {
    let event = Event::default().event(frame.name).data(frame.json.as_str());
    match frame.cursor {
        Some(cursor) => event.id(cursor.as_str()),
        None => event,
    }
}
