//! Observers: they follow a conversation over a WebSocket or as Server-Sent Events, fold its
//! frames, and keep their state over cuts, kills and restarts.

use anyhow::{Context as _, Result, bail};
use protocol::{Applied, CloseReason, Cursor, Error, Frame, FrameExpander, View, WorkerId};

use crate::client::{Client, Whole};
use crate::companion::HANG;
use crate::ledger::{Loss, same_as_fresh};
use sse::Sse;
use websocket::WebSocket;

pub mod sse;
pub mod websocket;

/// The transports of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `GET .../events` with an upgrade.
    WebSocket,
    /// `GET .../events` with `Accept: text/event-stream`.
    Sse,
}

/// The state of an observer, connected or not.
#[derive(Clone, Debug)]
pub struct Observer {
    /// The conversation that it follows.
    pub worker: WorkerId,
    /// The transport of all its connections.
    pub transport: Transport,
    /// The folded frames; `None` before the first snapshot.
    pub view: Option<View>,
    /// The cursor of the last frame that has one.
    pub cursor: Option<Cursor>,
    /// The number of frames over all connections.
    pub frames: u64,
    /// Makes whole events of short frames.
    pub expander: FrameExpander,
}

/// The effect of a frame on the observer.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The view was replaced.
    Snapshot,
    /// An event, and the result of folding it.
    Event(Applied),
    /// The progress of reading a prompt.
    Progress,
    /// A notice, such as that of a stale cursor.
    Notice(Error),
    /// The last frame, with the server's reason.
    Close(CloseReason),
}

impl Seen {
    /// Checks a frame: after a cursor come the events that follow it, without a gap or a
    /// repetition; without one, a snapshot comes first.
    pub fn check(&self, worker: WorkerId, resumed: bool) -> Result<(), Loss> {
        match self {
            Self::Event(Applied::Changed(_)) => Ok(()),
            Self::Progress => Ok(()),
            Self::Snapshot if !resumed => Ok(()),
            other => Err(Loss::Resume(worker, format!("{other:?}"))),
        }
    }
}

/// One connection of an observer.
pub enum Link {
    /// Boxed because a socket is much larger than the other variant.
    WebSocket(Box<WebSocket>),
    /// A response whose body is still being read.
    Sse(Sse),
}

impl Observer {
    /// An observer that has seen nothing yet.
    pub fn new(worker: WorkerId, transport: Transport) -> Self {
        Self {
            worker,
            transport,
            view: None,
            cursor: None,
            frames: 0,
            expander: FrameExpander::default(),
        }
    }

    /// Connects with the current cursor, if there is one.
    pub async fn connect(&self, client: &Client) -> Result<Link> {
        let cursor = self.cursor.as_ref().map(Cursor::as_str);
        Link::open(client, self.worker, self.transport, cursor).await
    }

    /// Folds a frame and records its cursor.
    pub fn take(&mut self, frame: Frame) -> Result<Seen> {
        self.frames += 1;
        let frame = self.expander.expand(frame).context("a short frame continues nothing")?;
        Ok(match frame {
            Frame::Snapshot { snapshot, .. } => {
                self.cursor = Some(snapshot.transcript.cursor.clone());
                self.view = Some(View::from_snapshot(*snapshot));
                Seen::Snapshot
            }
            Frame::Event(envelope) => {
                let view = self.view.as_mut().context("an event came before any snapshot")?;
                let applied = view.apply(&envelope.event);
                self.cursor = Some(envelope.cursor);
                Seen::Event(applied)
            }
            Frame::More { .. } => bail!("a short frame was not expanded"),
            Frame::Progress { .. } => Seen::Progress,
            Frame::Notice { error } => Seen::Notice(error),
            Frame::Close { reason } => Seen::Close(reason),
        })
    }

    /// Follows from the cursor until all of `whole` was seen, and then compares with it. Errors
    /// with a [`Loss`], or if the stream ends or hangs.
    pub async fn catch_up(&mut self, client: &Client, whole: &Whole) -> Result<()> {
        let (_, newest) = whole.cursor.parts().context("the transcript's cursor is not valid")?;
        let resumed = self.cursor.is_some();
        let mut link = self.connect(client).await?;
        while self.seq() < newest {
            self.next(&mut link, resumed).await?;
        }
        self.view.as_ref().map_or(Ok(()), |view| same_as_fresh(view, whole))?;
        Ok(())
    }

    /// Reads and folds the next frame. Errors if it is not an expected one (see [`Seen::check`]),
    /// or if none comes.
    pub async fn next(&mut self, link: &mut Link, resumed: bool) -> Result<Seen> {
        let frame = tokio::time::timeout(HANG, link.next()).await;
        let frame = frame.with_context(|| format!("an observer of {} starves", self.worker))?;
        let Some(frame) = frame? else { bail!("a stream ended by itself") };
        let seen = self.take(frame)?;
        seen.check(self.worker, resumed)?;
        Ok(seen)
    }

    /// Whether the newest turn in the view has ended.
    pub fn sees_the_end(&self) -> bool {
        let turn = self.view.as_ref().and_then(|view| view.turns.last());
        turn.is_some_and(|turn| turn.state.is_final())
    }

    /// The seq of the last folded event; 0 before the first snapshot.
    pub fn seq(&self) -> u64 {
        self.view.as_ref().map_or(0, |view| view.seq)
    }
}

impl Link {
    /// Follows `worker` from `cursor`, which is sent in the URL for a WebSocket and as
    /// `Last-Event-ID` for Server-Sent Events.
    pub async fn open(
        client: &Client,
        worker: WorkerId,
        transport: Transport,
        cursor: Option<&str>,
    ) -> Result<Self> {
        Ok(match transport {
            Transport::WebSocket => {
                Self::WebSocket(Box::new(WebSocket::open(client, worker, cursor).await?))
            }
            Transport::Sse => Self::Sse(Sse::open(client, worker, cursor).await?),
        })
    }

    /// Waits for the next frame without a time limit; `None` if the stream has ended in order.
    /// Errors if it broke. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        match self {
            Self::WebSocket(socket) => socket.next().await,
            Self::Sse(sse) => sse.next().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_resumed_observer_may_get_only_the_events_that_follow() {
        let worker = sample::worker_id(1);
        let event = |seq| {
            Frame::Event(Box::new(protocol::Envelope {
                cursor: Cursor::new(protocol::LogId(1), seq),
                runtime_id: sample::worker(1).runtime_id,
                worker_id: worker,
                html: None,
                event: sample::after(seq - 1, vec![protocol::EventBody::WorkerStopped]).remove(0),
            }))
        };
        let mut observer = Observer::new(worker, Transport::Sse);
        assert!(observer.take(event(1)).is_err(), "nothing comes before a snapshot");
        observer.view = Some(View::new(sample::worker(1), 4));
        let seen = [event(5), event(5), event(7)].map(|frame| observer.take(frame).unwrap());
        let kept = seen.map(|seen| seen.check(worker, true).is_ok());
        assert_eq!(kept, [true, false, false]);
        assert!(Seen::Snapshot.check(worker, true).is_err());
        assert!(Seen::Snapshot.check(worker, false).is_ok());
    }
}
