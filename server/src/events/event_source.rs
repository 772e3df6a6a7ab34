//! What a stream passes on, whichever way it goes out.

use protocol::{CloseReason, Cursor, Frame, ListFrame};
use runtime::ListObservation;
use serde::Serialize;

use super::HtmlFrames;

/// Something that is followed, frame by frame. The last frame is one that closes.
pub trait EventSource: Send + 'static {
    /// The next frame, waiting for it. Cancel-safe: a call that is dropped loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<Outgoing>> + Send;
}

/// A frame as it goes out.
#[derive(Debug)]
pub struct Outgoing {
    /// The frame's tag on the wire.
    pub name: &'static str,
    /// Where a client that saw the frame goes on.
    pub cursor: Option<Cursor>,
    pub json: String,
    /// Of the last frame.
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
