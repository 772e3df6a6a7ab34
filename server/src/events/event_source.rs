//! The source of a stream's frames, for both transports.

use std::pin::Pin;

use accounts::Admission;
use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use protocol::{CloseReason, Cursor, Frame, ListFrame};
use runtime::{ListObservation, Observed};
use serde::Serialize;

use super::html_frames::{HtmlFrames, WithHtml};

/// How the deltas of an answer are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeltaForm {
    /// A delta that continues the last event is sent without what the client knows.
    Brief,
    /// Each delta is an event with all its fields.
    Full,
}

/// A worker's frames in the form that the observer asked for.
pub(super) struct WorkerSource {
    frames: HtmlFrames,
    form: DeltaForm,
}

impl WorkerSource {
    pub(super) fn new(frames: HtmlFrames, form: DeltaForm) -> Self {
        Self { frames, form }
    }

    /// A frame in its short form, if that was asked for and the client can know the rest.
    fn brief(&self, frame: Frame, continues: bool) -> Frame {
        match (frame, self.form) {
            (Frame::Event(mut envelope), DeltaForm::Brief) if continues => {
                let html = envelope.html.take();
                Frame::more(&envelope, html.clone()).unwrap_or_else(|| {
                    envelope.html = html;
                    Frame::Event(envelope)
                })
            }
            (frame, _) => frame,
        }
    }
}

/// Produces frames until one that closes the stream.
pub(super) trait EventSource: Send + 'static {
    /// Waits for the next frame. Cancel-safe: dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<Outgoing>> + Send;

    /// The frame that closes the stream with a reason.
    fn close(reason: CloseReason) -> Outgoing;
}

/// A source that ends with the session or token by which its stream was opened.
pub(super) struct WhileAdmitted<S> {
    source: S,
    /// Completes when the session or token has ended. `None` for a stream that needed neither.
    end: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    told: bool,
}

impl<S> WhileAdmitted<S> {
    pub(super) fn new(source: S, admission: Option<Admission>) -> Self {
        let end = |admission: Admission| -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(async move { admission.ended().await })
        };
        Self { source, end: admission.map(end), told: false }
    }
}

impl<S: EventSource> EventSource for WhileAdmitted<S> {
    async fn next(&mut self) -> Option<Outgoing> {
        if self.told {
            return None;
        }
        let Some(end) = &mut self.end else { return self.source.next().await };
        tokio::select! {
            biased;
            () = end => {
                self.told = true;
                Some(S::close(CloseReason::Unauthorized))
            }
            frame = self.source.next() => frame,
        }
    }

    fn close(reason: CloseReason) -> Outgoing {
        S::close(reason)
    }
}

/// A frame in the form in which it is sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The frame's tag on the wire.
    pub name: &'static str,
    /// The cursor from which a client resumes after this frame.
    pub cursor: Option<Cursor>,
    pub json: Utf8Bytes,
    /// The reason of the end, in the last frame.
    pub close: Option<CloseReason>,
}

impl EventSource for WorkerSource {
    async fn next(&mut self) -> Option<Outgoing> {
        let (frame, continues) = match self.frames.next().await? {
            WithHtml::Unchanged(Observed::Event { event, continues }) => {
                let brief = (continues && self.form == DeltaForm::Brief).then(|| event.brief());
                let (name, json) = match brief.flatten() {
                    Some(brief) => ("more", brief),
                    None => ("event", event.json()),
                };
                let cursor = Some(event.envelope().cursor.clone());
                return Some(Outgoing { name, cursor, json: text(json), close: None });
            }
            WithHtml::Unchanged(Observed::Frame(frame)) => (frame, false),
            WithHtml::Event { envelope, continues } => (Frame::Event(envelope), continues),
        };
        let (cursor, close) = match &frame {
            Frame::Snapshot { snapshot, .. } => (Some(snapshot.transcript.cursor.clone()), None),
            Frame::Event(envelope) => (Some(envelope.cursor.clone()), None),
            Frame::Close { reason } => (None, Some(*reason)),
            Frame::More { .. } | Frame::Progress { .. } | Frame::Notice { .. } => (None, None),
        };
        let frame = self.brief(frame, continues);
        let name = match &frame {
            Frame::Snapshot { .. } => "snapshot",
            Frame::Event(_) => "event",
            Frame::More { .. } => "more",
            Frame::Progress { .. } => "progress",
            Frame::Notice { .. } => "notice",
            Frame::Close { .. } => "close",
        };
        Some(Outgoing { name, cursor, json: json(&frame), close })
    }

    fn close(reason: CloseReason) -> Outgoing {
        let json = json(&Frame::Close { reason });
        Outgoing { name: "close", cursor: None, json, close: Some(reason) }
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

    fn close(reason: CloseReason) -> Outgoing {
        let json = json(&ListFrame::Close { reason });
        Outgoing { name: "close", cursor: None, json, close: Some(reason) }
    }
}

fn json(frame: &impl Serialize) -> Utf8Bytes {
    serde_json::to_string(frame).expect("frames have text keys and no odd numbers").into()
}

fn text(json: Bytes) -> Utf8Bytes {
    Utf8Bytes::try_from(json).expect("JSON is UTF-8")
}
