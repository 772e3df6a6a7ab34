//! Adds to frames the HTML that they change, for observers that ask for HTML.

use std::pin::Pin;

use app::rendering;
use protocol::{Envelope, EventBody, Frame, HtmlPatch, MessageId, TurnId, WorkerId};
use render::{Budget, Live};
use runtime::{Access, Observation, Observed};

use super::shared_html::{Follower, Lost, SharedHtml, render_event};

/// An observation whose frames contain HTML as well.
pub(super) struct HtmlFrames {
    observation: Observation,
    /// `None` if the observer did not ask for HTML, and while a frame is being written.
    html: Option<Html>,
    /// The future that writes the current frame. It is kept here so that dropping a call of `next`
    /// loses nothing; dropping [`HtmlFrames`] cancels it.
    writing: Option<Writing>,
}

/// What an observer is sent next.
pub(super) enum WithHtml {
    /// HTML was not asked for.
    Unchanged(Observed),
    /// An event, with the HTML that it changes.
    Event {
        envelope: Box<Envelope>,
        /// As in [`Observed::Event`].
        continues: bool,
    },
}

/// Returns `None` if rendering the frame's HTML failed.
type Writing = Pin<Box<dyn Future<Output = Option<(WithHtml, Html)>> + Send>>;

/// The state of the HTML of the streaming answer.
struct Html {
    runtime: Access,
    worker: WorkerId,
    shared: SharedHtml,
    answer: Answer,
}

/// The streaming answer, by the way in which its HTML is rendered.
enum Answer {
    /// There is no answer, or its HTML is not known.
    Unknown,
    /// This stream renders the answer for itself.
    Own {
        live: Box<Live>,
        /// Whether the client has all HTML of `live`.
        is_shown: bool,
    },
    /// The streams of the conversation share one rendering of the answer.
    Shared(Follower),
}

/// Whether an observer asked for HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Html,
}

impl HtmlFrames {
    pub(super) fn new(
        observation: Observation,
        runtime: Access,
        worker: WorkerId,
        format: Format,
        shared: SharedHtml,
    ) -> Self {
        let answer = Answer::Unknown;
        let html = (format == Format::Html).then_some(Html { runtime, worker, shared, answer });
        Self { observation, html, writing: None }
    }

    /// Like [`Observation::next_shared`].
    pub(super) async fn next(&mut self) -> Option<WithHtml> {
        loop {
            if let Some(writing) = &mut self.writing {
                let written = writing.await;
                self.writing = None;
                // If the HTML cannot be rendered, the stream ends and the client reconnects.
                let (frame, html) = written?;
                self.html = Some(html);
                return Some(frame);
            }
            let observed = self.observation.next_shared().await?;
            match self.html.take() {
                None => return Some(WithHtml::Unchanged(observed)),
                Some(html) => self.writing = Some(Box::pin(html.write(observed))),
            }
        }
    }
}

impl Html {
    /// Adds the changed HTML to a frame.
    async fn write(mut self, observed: Observed) -> Option<(WithHtml, Self)> {
        let (event, continues) = match observed {
            Observed::Event { event, continues } => (event, continues),
            Observed::Frame(frame @ Frame::Snapshot { .. }) => {
                let frame = self.begin(frame).await;
                return Some((WithHtml::Unchanged(Observed::Frame(frame)), self));
            }
            other => return Some((WithHtml::Unchanged(other), self)),
        };
        self.catch_up(event.envelope()).await;
        if !self.changes(event.envelope()) {
            return Some((WithHtml::Unchanged(Observed::Event { event, continues }), self));
        }
        let mut envelope = Box::new(event.envelope().clone());
        self.join(&envelope);
        let shared = self.follow(&envelope).await;
        envelope.html = match shared {
            Some(html) => html,
            None => self.render(&envelope).await.ok()?,
        };
        if matches!(envelope.event.body, EventBody::TurnEnded { .. }) {
            self.answer = Answer::Unknown;
        }
        Some((WithHtml::Event { envelope, continues }, self))
    }

    /// Renders the messages of a snapshot one by one, so that other conversations can be rendered
    /// in between.
    async fn begin(&mut self, mut frame: Frame) -> Frame {
        if let Frame::Snapshot { snapshot, .. } = &mut frame {
            rendering::fill(self.worker, &mut snapshot.transcript).await;
            let messages = &snapshot.transcript.messages;
            let running = snapshot.transcript.turns.iter().find(|t| !t.state.is_final());
            let answer = running.and_then(|turn| messages.iter().find(|m| m.id == turn.answer));
            self.answer = answer.map_or(Answer::Unknown, |message| {
                let shown = message.html.clone().unwrap_or_default();
                let live = Box::new(Live::new(message.id, message.text.clone(), shown));
                Answer::Own { live, is_shown: true }
            });
        }
        frame
    }

    /// Joins the rendering that the other streams of the conversation share, as soon as this
    /// stream's client has the same HTML as their clients.
    fn join(&mut self, envelope: &Envelope) {
        self.answer = match std::mem::replace(&mut self.answer, Answer::Unknown) {
            Answer::Own { live, is_shown: true } if live.is_current() => {
                let seen = envelope.event.first_seq() - 1;
                match self.shared.join(self.worker, live, seen) {
                    Ok(follower) => Answer::Shared(follower),
                    Err(live) => Answer::Own { live, is_shown: true },
                }
            }
            other => other,
        };
    }

    /// The change of HTML that an event causes, from the shared rendering. `None` if this stream
    /// renders for itself. If the shared rendering is lost, the answer is read from the store.
    async fn follow(&mut self, envelope: &Envelope) -> Option<Option<HtmlPatch>> {
        let Answer::Shared(follower) = &mut self.answer else { return None };
        match follower.follow(self.worker, &envelope.event).await {
            Ok(html) => {
                match &envelope.event.body {
                    EventBody::TextDelta { offset, text, .. } => {
                        follower.bytes = offset + text.len() as u64;
                    }
                    EventBody::TextWasReasoning { offset, .. } => follower.bytes = *offset,
                    _ => {}
                }
                Some(html)
            }
            Err(Lost) => {
                self.answer = Answer::Unknown;
                self.catch_up(envelope).await;
                None
            }
        }
    }

    /// The change of HTML that an event causes, rendered for this stream only. Fails if the
    /// rendering failed.
    async fn render(&mut self, envelope: &Envelope) -> Result<Option<HtmlPatch>, Lost> {
        let answer = std::mem::replace(&mut self.answer, Answer::Unknown);
        let Answer::Own { mut live, .. } = answer else { return Ok(None) };
        self.shared.count();
        let permit = rendering::permit(self.worker).await;
        let event = envelope.event.body.clone();
        let work = permit.begin(Budget::default(), move |budget| {
            let html = render_event(&mut live, &event, budget);
            (html, live)
        });
        let (html, live) = work.await.map_err(|_| Lost)?;
        let is_shown = live.is_current();
        self.answer = Answer::Own { live, is_shown };
        Ok(html)
    }

    /// Whether an event changes any HTML. Begins a new answer if the event accepts a turn.
    fn changes(&mut self, envelope: &Envelope) -> bool {
        match &envelope.event.body {
            EventBody::TurnAccepted { turn } => {
                let live = Box::new(Live::new(turn.answer, String::new(), Vec::new()));
                self.answer = Answer::Own { live, is_shown: true };
                false
            }
            EventBody::TextDelta { .. }
            | EventBody::TextWasReasoning { .. }
            | EventBody::TurnEnded { .. } => !matches!(self.answer, Answer::Unknown),
            _ => false,
        }
    }

    /// Reads the text before a delta from the store if this stream has not seen it.
    async fn catch_up(&mut self, envelope: &Envelope) {
        let known = match &self.answer {
            Answer::Unknown => None,
            Answer::Own { live, .. } => Some((live.message_id(), live.bytes())),
            Answer::Shared(follower) => Some((follower.message_id(), follower.bytes)),
        };
        match &envelope.event.body {
            EventBody::TextDelta { message_id, offset, .. }
                if known != Some((*message_id, *offset)) =>
            {
                self.answer = self.load(*message_id, *offset).await;
            }
            EventBody::TextWasReasoning { message_id, offset, .. }
                if known.map(|(message, _)| message) != Some(*message_id) =>
            {
                self.answer = self.load(*message_id, *offset).await;
            }
            EventBody::TurnEnded { turn_id, .. } if known.is_none() => {
                self.answer = self.load_whole(*turn_id).await;
            }
            _ => {}
        }
    }

    /// The answer up to a byte offset. Its last block is sent again, since it is not known whether
    /// the client has it.
    async fn load(&self, message_id: MessageId, offset: u64) -> Answer {
        let live = self.load_live(message_id, offset).await;
        live.map_or(Answer::Unknown, |live| Answer::Own { live: Box::new(live), is_shown: false })
    }

    async fn load_live(&self, message_id: MessageId, offset: u64) -> Option<Live> {
        let snapshot = self.runtime.snapshot(self.worker).await.ok()?;
        let mut messages = snapshot.transcript.messages.into_iter();
        let text = messages.find(|message| message.id == message_id)?.text;
        let text = text.get(..usize::try_from(offset).ok()?)?.to_owned();
        let mut shown = rendering::render(self.worker, &text, message_id).await;
        shown.pop();
        Some(Live::new(message_id, text, shown))
    }

    /// The whole answer of a turn. It is not known which part of its HTML the client has.
    async fn load_whole(&self, turn_id: TurnId) -> Answer {
        let live = self.load_whole_live(turn_id).await;
        live.map_or(Answer::Unknown, |live| Answer::Own { live: Box::new(live), is_shown: false })
    }

    async fn load_whole_live(&self, turn_id: TurnId) -> Option<Live> {
        let snapshot = self.runtime.snapshot(self.worker).await.ok()?;
        let transcript = snapshot.transcript;
        let answer = transcript.turns.iter().find(|turn| turn.turn_id == turn_id)?.answer;
        let message = transcript.messages.into_iter().find(|message| message.id == answer)?;
        Some(Live::new(answer, message.text, Vec::new()))
    }
}
