//! Who watches a turn that is stopped, and what has to be true from the acknowledgement on.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use protocol::api::SendMessage;
use protocol::{CloseReason, TurnState, WorkerId};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::client::{Client, Whole};
use crate::companion::HANG;
use crate::observer::{Link, Observer, Seen, Transport};

/// How long an observer is watched after the end: text that still came would come within it.
const AFTERWARDS: Duration = Duration::from_millis(30);

/// What an observer has been shown of the turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Glimpse {
    /// Bytes of the answer.
    pub text: usize,
    pub generating: bool,
    /// It stands in a queue.
    pub waiting: bool,
}

/// A conversation with one turn, and an observer of it.
pub struct Witness {
    client: Client,
    pub worker: WorkerId,
    glimpses: watch::Receiver<Glimpse>,
    /// Tells the observer that from now on nothing but the end may come.
    acknowledge: oneshot::Sender<()>,
    following: JoinHandle<Result<Option<Observer>>>,
}

/// What a conversation was when its cancel was acknowledged; none when it was deleted.
pub struct Verdict {
    worker: WorkerId,
    whole: Option<Whole>,
}

impl Witness {
    /// Begins a conversation with `message`, followed from before its first event.
    pub async fn of(client: &Client, message: &SendMessage) -> Result<Self> {
        let worker = client.create().await?.worker_id;
        let mut observer = Observer::new(worker, Transport::WebSocket);
        let mut link = observer.connect(client).await?;
        observer.next(&mut link, false).await?;
        let (sees, glimpses) = watch::channel(Glimpse::default());
        let (acknowledge, acknowledged) = oneshot::channel();
        let following = tokio::spawn(follow(observer, link, sees, acknowledged));
        client.send(worker, message).await?;
        Ok(Self { client: client.clone(), worker, glimpses, acknowledge, following })
    }

    /// Waits until the observer has seen it.
    pub async fn sees(&mut self, enough: impl Fn(&Glimpse) -> bool) -> Result<()> {
        let seen = tokio::time::timeout(HANG, self.glimpses.wait_for(enough)).await;
        seen.context("the turn does not come that far")?.context("the observer is gone")?;
        Ok(())
    }

    /// What the observer has seen so far.
    pub fn glimpse(&self) -> Glimpse {
        *self.glimpses.borrow()
    }

    /// Right after the acknowledgement: the turn is over in one of these states, and its
    /// observer is told that it is, and nothing else.
    pub async fn judge(self, states: &[TurnState]) -> Result<Verdict> {
        let whole = self.client.transcript(self.worker).await?;
        let _ = self.acknowledge.send(());
        let found = whole.turns.last().context("the turn is gone")?;
        ensure!(states.contains(&found.state), "the turn is {:?}", found.state);
        let observer = self.following.await??.context("the conversation is deleted")?;
        let view = observer.view.as_ref().context("the observer has seen nothing")?;
        crate::ledger::same_as_fresh(view, &whole)?;
        Ok(Verdict { worker: self.worker, whole: Some(whole) })
    }

    /// The same after a deletion: nothing is left, and the observer was told so.
    pub async fn judge_deleted(self) -> Result<Verdict> {
        let answer = self.client.transcript(self.worker).await;
        ensure!(answer.is_err(), "the deleted conversation is there");
        // Whoever follows is told the turn's end and then the deletion.
        let told = tokio::time::timeout(HANG, self.following).await;
        let told = told.context("the observer was not told of the deletion")??;
        ensure!(told?.is_none(), "the observer was told something else");
        Ok(Verdict { worker: self.worker, whole: None })
    }
}

impl Verdict {
    /// Much later: nothing has changed.
    pub async fn stands(&self, client: &Client) -> Result<()> {
        match (client.transcript(self.worker).await, &self.whole) {
            (Ok(now), Some(then)) => {
                ensure!(now == *then, "conversation {} changed after its stop", self.worker);
            }
            (Err(_), None) => {}
            (Ok(_), None) => bail!("the deleted conversation {} is back", self.worker),
            (Err(failure), Some(_)) => return Err(failure.into()),
        }
        Ok(())
    }
}

/// Follows until a while after the acknowledgement; none when the conversation was deleted.
async fn follow(
    mut observer: Observer,
    mut link: Link,
    sees: watch::Sender<Glimpse>,
    mut acknowledged: oneshot::Receiver<()>,
) -> Result<Option<Observer>> {
    let mut over = false;
    loop {
        let patience = if over && observer.sees_the_end() { AFTERWARDS } else { HANG };
        let frame = tokio::select! {
            frame = tokio::time::timeout(patience, link.next()) => frame,
            _ = &mut acknowledged, if !over => {
                over = true;
                continue;
            }
        };
        let frame = match frame {
            Ok(frame) => frame?.context("a stream ended by itself")?,
            Err(_) if over && observer.sees_the_end() => return Ok(Some(observer)),
            Err(_) => bail!("the observer is not told the end"),
        };
        match observer.take(frame)? {
            Seen::Close(CloseReason::Deleted) => return Ok(None),
            seen => seen.check(observer.worker, true)?,
        }
        sees.send_replace(glimpse(&observer));
    }
}

fn glimpse(observer: &Observer) -> Glimpse {
    let Some(view) = &observer.view else { return Glimpse::default() };
    let Some(turn) = view.turns.last() else { return Glimpse::default() };
    let answer = view.messages.iter().find(|message| message.id == turn.answer);
    Glimpse {
        text: answer.map_or(0, |answer| answer.text.len()),
        generating: turn.state == TurnState::Generating,
        waiting: turn.waiting.is_some_and(|ahead| ahead > 0),
    }
}
