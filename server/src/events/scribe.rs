//! Frames with the HTML of what they change, for the observers that ask for it.

use std::mem;

use app::markdown::{self, Budget, Live};
use app::rendering;
use protocol::{Envelope, EventBody, Frame, HtmlPatch, MessageId, TurnId, WorkerId};
use runtime::{Observation, Runtime};
use tokio::task::JoinHandle;

/// An observation whose frames are told in HTML too.
pub struct Scribe {
    observation: Observation,
    /// None where nobody asked.
    html: Option<Html>,
    frame: Pending,
}

/// A frame on its way: a call of `next` that is dropped loses nothing.
enum Pending {
    None,
    Read(Box<Frame>),
    /// Its HTML is being written, on a thread of its own.
    Written(JoinHandle<(Box<Frame>, Option<Live>)>),
}

/// What is known of the answer that is being written.
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

impl Scribe {
    pub fn new(
        observation: Observation,
        runtime: Runtime,
        worker: WorkerId,
        format: Format,
    ) -> Self {
        let html = (format == Format::Html).then_some(Html { runtime, worker, live: None });
        Self { observation, html, frame: Pending::None }
    }

    /// As [`Observation::next`].
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            match (&mut self.frame, &mut self.html) {
                (Pending::None, None) => return self.observation.next().await,
                (Pending::None, Some(_)) => {
                    self.frame = Pending::Read(Box::new(self.observation.next().await?));
                }
                (Pending::Read(frame), Some(html)) => {
                    html.catch_up(frame).await;
                    let place = rendering::place().await;
                    let Pending::Read(mut frame) = mem::replace(&mut self.frame, Pending::None)
                    else {
                        continue;
                    };
                    let mut live = html.live.take();
                    self.frame = Pending::Written(place.begin(move || {
                        write(&mut live, &mut frame);
                        (frame, live)
                    }));
                }
                (Pending::Written(work), Some(html)) => {
                    let written = work.await;
                    self.frame = Pending::None;
                    // One that cannot be written ends the stream; its reader begins anew.
                    let (frame, live) = written.ok()?;
                    html.live = live;
                    return Some(*frame);
                }
                // Nothing is kept where nobody asked for HTML.
                (_, None) => return None,
            }
        }
    }
}

impl Html {
    /// Finds what came before a piece of text, where this stream has not seen it.
    async fn catch_up(&mut self, frame: &Frame) {
        let Frame::Event(envelope) = frame else { return };
        let known = self.live.as_ref().map(|live| (live.message_id(), live.bytes()));
        match &envelope.event.body {
            EventBody::TextDelta { message_id, offset, .. }
                if known != Some((*message_id, *offset)) =>
            {
                self.live = self.load(*message_id, *offset).await;
            }
            EventBody::TurnEnded { turn_id, .. } if known.is_none() => {
                self.live = self.load_whole(*turn_id).await;
            }
            _ => {}
        }
    }

    /// The answer up to a byte. Of what its reader has the last block is taken to be unknown.
    async fn load(&self, message_id: MessageId, offset: u64) -> Option<Live> {
        let snapshot = self.runtime.snapshot(self.worker).await.ok()?;
        let mut messages = snapshot.transcript.messages.into_iter();
        let text = messages.find(|message| message.id == message_id)?.text;
        let text = text.get(..usize::try_from(offset).ok()?)?.to_owned();
        let mut shown = rendering::render(&text, message_id).await;
        shown.pop();
        Some(Live::new(message_id, text, shown))
    }

    /// A turn's answer, of which its reader has nothing for sure.
    async fn load_whole(&self, turn_id: TurnId) -> Option<Live> {
        let snapshot = self.runtime.snapshot(self.worker).await.ok()?;
        let transcript = snapshot.transcript;
        let answer = transcript.turns.iter().find(|turn| turn.turn_id == turn_id)?.answer;
        let message = transcript.messages.into_iter().find(|message| message.id == answer)?;
        Some(Live::new(answer, message.text, Vec::new()))
    }
}

/// Adds to a frame what it changes of the HTML.
fn write(live: &mut Option<Live>, frame: &mut Frame) {
    match frame {
        Frame::Snapshot { snapshot, .. } => {
            let messages = &mut snapshot.transcript.messages;
            markdown::fill(messages);
            let running = snapshot.transcript.turns.iter().find(|t| !t.state.is_final());
            let answer = running.and_then(|turn| messages.iter().find(|m| m.id == turn.answer));
            *live = answer.map(|message| {
                let shown = message.html.clone().unwrap_or_default();
                Live::new(message.id, message.text.clone(), shown)
            });
        }
        Frame::Event(envelope) => envelope.html = patch(live, envelope),
        Frame::Notice { .. } | Frame::Close { .. } => {}
    }
}

fn patch(live: &mut Option<Live>, envelope: &Envelope) -> Option<HtmlPatch> {
    match &envelope.event.body {
        EventBody::TurnAccepted { turn } => {
            *live = Some(Live::new(turn.answer, String::new(), Vec::new()));
            None
        }
        EventBody::TextDelta { text, .. } => live.as_mut()?.push(text, &Budget::default()),
        EventBody::TurnEnded { .. } => live.take()?.finish(&Budget::default()),
        _ => None,
    }
}
