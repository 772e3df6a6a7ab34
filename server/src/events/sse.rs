//! Frames as Server-Sent Events.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use protocol::{Cursor, Frame};

use super::{Place, Scribe};

/// The stream of an observation. It ends after the frame `close`, or when the client goes.
pub fn answer(scribe: Scribe, ping: Duration, place: Place) -> Response {
    let frames = stream::unfold((scribe, place), |(mut scribe, place)| async move {
        let frame = scribe.next().await?;
        Some((Ok::<_, Infallible>(event(&frame)), (scribe, place)))
    });
    let mut response = Sse::new(frames).keep_alive(KeepAlive::new().interval(ping)).into_response();
    // Proxies that collect answers would hold the events back.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    response
}

fn event(frame: &Frame) -> Event {
    let data = serde_json::to_string(frame).expect("frames have text keys and no odd numbers");
    let event = Event::default().event(name(frame)).data(data);
    match cursor(frame) {
        Some(cursor) => event.id(cursor.as_str()),
        None => event,
    }
}

/// The frame's tag on the wire.
fn name(frame: &Frame) -> &'static str {
    match frame {
        Frame::Snapshot { .. } => "snapshot",
        Frame::Event(_) => "event",
        Frame::Notice { .. } => "notice",
        Frame::Close { .. } => "close",
    }
}

/// Where a client that saw the frame goes on.
fn cursor(frame: &Frame) -> Option<&Cursor> {
    match frame {
        Frame::Snapshot { snapshot, .. } => Some(&snapshot.transcript.cursor),
        Frame::Event(envelope) => Some(&envelope.cursor),
        Frame::Notice { .. } | Frame::Close { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::CloseReason;

    #[test]
    fn the_name_of_an_event_is_the_tag_of_its_frame() {
        let frame = Frame::Close { reason: CloseReason::Shutdown };
        let json = serde_json::to_value(&frame).unwrap();
        assert_eq!(json["frame"], name(&frame));
    }
}
