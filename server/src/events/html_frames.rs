//! Adds to frames the HTML that they change, for observers that ask for HTML.

use std::pin::Pin;

use app::rendering;
use protocol::{Envelope, EventBody, Frame, HtmlPatch, MessageId, TurnId, WorkerId};
use render::{Budget, Live};
use runtime::{Observation, Runtime};

/// An observation whose frames contain HTML as well.
pub struct HtmlFrames {
    observation: Observation,
    /// `None` if the observer did not ask for HTML, and while a frame is being written.
    html: Option<Html>,
    /// The future that writes the current frame. It is kept here so that dropping a call of `next`
    /// loses nothing; dropping [`HtmlFrames`] cancels it.
    writing: Option<Writing>,
}

/// Returns `None` if rendering the frame's HTML failed.
type Writing = Pin<Box<dyn Future<Output = Option<(Frame, Html)>> + Send>>;

/// The state of the HTML of the streaming answer.
struct Html {
    runtime: Runtime,
    worker: WorkerId,
    live: Option<Live>,
}

/// Whether an observer asked for HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Html,
}

impl HtmlFrames {
    pub fn new(
        observation: Observation,
        runtime: Runtime,
        worker: WorkerId,
        format: Format,
    ) -> Self {
        let html = (format == Format::Html).then_some(Html { runtime, worker, live: None });
        Self { observation, html, writing: None }
    }

    /// Like [`Observation::next`].
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(writing) = &mut self.writing {
                let written = writing.await;
                self.writing = None;
                // If the HTML cannot be written the stream ends, and the client reconnects.
                let (frame, html) = written?;
                self.html = Some(html);
                return Some(frame);
            }
            let frame = self.observation.next().await?;
            match self.html.take() {
                None => return Some(frame),
                Some(html) => self.writing = Some(Box::pin(html.write(frame))),
            }
        }
    }
}

impl Html {
    /// Adds the changed HTML to a frame.
    async fn write(mut self, frame: Frame) -> Option<(Frame, Self)> {
        let frame = match frame {
            Frame::Snapshot { .. } => self.begin(frame).await,
            Frame::Event(mut envelope) => {
                self.catch_up(&envelope).await;
                if !self.changes(&envelope) {
                    return Some((Frame::Event(envelope), self));
                }
                let permit = rendering::permit(self.worker).await;
                let mut live = self.live.take();
                let work = permit.begin(Budget::default(), move |budget| {
                    envelope.html = patch(&mut live, &envelope, budget);
                    (envelope, live)
                });
                let (envelope, live) = work.await.ok()?;
                self.live = live;
                Frame::Event(envelope)
            }
            other => other,
        };
        Some((frame, self))
    }

    /// Renders the messages of a snapshot one by one, so that other conversations can be rendered
    /// in between.
    async fn begin(&mut self, mut frame: Frame) -> Frame {
        if let Frame::Snapshot { snapshot, .. } = &mut frame {
            rendering::fill(self.worker, &mut snapshot.transcript).await;
            let messages = &snapshot.transcript.messages;
            let running = snapshot.transcript.turns.iter().find(|t| !t.state.is_final());
            let answer = running.and_then(|turn| messages.iter().find(|m| m.id == turn.answer));
            self.live = answer.map(|message| {
                let shown = message.html.clone().unwrap_or_default();
                Live::new(message.id, message.text.clone(), shown)
            });
        }
        frame
    }

    /// Whether an event changes any HTML. Begins a new answer if the event accepts a turn.
    fn changes(&mut self, envelope: &Envelope) -> bool {
        match &envelope.event.body {
            EventBody::TurnAccepted { turn } => {
                self.live = Some(Live::new(turn.answer, String::new(), Vec::new()));
                false
            }
            EventBody::TextDelta { .. }
            | EventBody::TextWasReasoning { .. }
            | EventBody::TurnEnded { .. } => self.live.is_some(),
            _ => false,
        }
    }

    /// Reads the text before a delta from the store if this stream has not seen it.
    async fn catch_up(&mut self, envelope: &Envelope) {
        let known = self.live.as_ref().map(|live| (live.message_id(), live.bytes()));
        match &envelope.event.body {
            EventBody::TextDelta { message_id, offset, .. }
                if known != Some((*message_id, *offset)) =>
            {
                self.live = self.load(*message_id, *offset).await;
            }
            EventBody::TextWasReasoning { message_id, offset, .. }
                if known.map(|(message, _)| message) != Some(*message_id) =>
            {
                self.live = self.load(*message_id, *offset).await;
            }
            EventBody::TurnEnded { turn_id, .. } if known.is_none() => {
                self.live = self.load_whole(*turn_id).await;
            }
            _ => {}
        }
    }

    /// The answer up to a byte offset. Its last block is sent again, because the client may not
    /// have it.
    async fn load(&self, message_id: MessageId, offset: u64) -> Option<Live> {
        let snapshot = self.runtime.snapshot(self.worker).await.ok()?;
        let mut messages = snapshot.transcript.messages.into_iter();
        let text = messages.find(|message| message.id == message_id)?.text;
        let text = text.get(..usize::try_from(offset).ok()?)?.to_owned();
        let mut shown = rendering::render(self.worker, &text, message_id).await;
        shown.pop();
        Some(Live::new(message_id, text, shown))
    }

    /// The whole answer of a turn. All its HTML is sent again, because the client may have any part
    /// of it.
    async fn load_whole(&self, turn_id: TurnId) -> Option<Live> {
        let snapshot = self.runtime.snapshot(self.worker).await.ok()?;
        let transcript = snapshot.transcript;
        let answer = transcript.turns.iter().find(|turn| turn.turn_id == turn_id)?.answer;
        let message = transcript.messages.into_iter().find(|message| message.id == answer)?;
        Some(Live::new(answer, message.text, Vec::new()))
    }
}

fn patch(live: &mut Option<Live>, envelope: &Envelope, budget: &Budget) -> Option<HtmlPatch> {
    match &envelope.event.body {
        EventBody::TextDelta { text, .. } => live.as_mut()?.push(text, budget),
        EventBody::TextWasReasoning { offset, .. } => live.as_mut()?.cut(*offset, budget),
        EventBody::TurnEnded { .. } => live.take()?.finish(budget),
        _ => None,
    }
}
