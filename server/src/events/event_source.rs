//! The source of a stream's frames, for both transports.

use protocol::{CloseReason, Cursor, Frame, ListFrame};
use runtime::ListObservation;
use serde::Serialize;

use super::HtmlFrames;

/// Produces frames until one that closes the stream.
pub(super) trait EventSource: Send + 'static {
    /// Waits for the next frame. Cancel-safe: dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<Outgoing>> + Send;
}

/// A frame in the form in which it is sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The frame's tag on the wire.
    pub name: &'static str,
    /// The cursor from which a client resumes after this frame.
    pub cursor: Option<Cursor>,
    pub json: String,
    /// The reason of the end, in the last frame.
    pub close: Option<CloseReason>,
}

impl EventSource for HtmlFrames {
    async fn next(&mut self) -> Option<Outgoing> {
        let frame = HtmlFrames::next(self).await?;
        let (name, cursor, close) = match &frame {
            Frame::Snapshot { snapshot, .. } => {
                ("snapshot", Some(snapshot.transcript.cursor.clone()), None)
            }
            Frame::Event(envelope) => ("event", Some(envelope.cursor.clone()), None),
            Frame::Progress { .. } => ("progress", None, None),
            Frame::Notice { .. } => ("notice", None, None),
            Frame::Close { reason } => ("close", None, Some(*reason)),
        };
        Some(Outgoing { name, cursor, json: json(&frame), close })
    }
}

impl EventSource for ListObservation {
    async fn next(&mut self) -> Option<Outgoing> {
        let frame = ListObservation::next(self).await?;
        let (name, close) = match &frame {
            ListFrame::Hello { .. } => ("hello", None),
            ListFrame::Worker { .. } => ("worker", None),
            ListFrame::Deleted { .. } => ("deleted", None),
            ListFrame::Close { reason } => ("close", Some(*reason)),
        };
        Some(Outgoing { name, cursor: frame.cursor().cloned(), json: json(&frame), close })
    }
}

fn json(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).expect("frames have text keys and no odd numbers")
}
