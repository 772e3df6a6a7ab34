//! Watches a turn that is cancelled, and checks what has to hold from the acknowledgement on.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use protocol::api::SendMessage;
use protocol::{CloseReason, TurnState, WorkerId};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::client::{Client, Whole};
use crate::companion::HANG;
use crate::observer::{Link, Observer, Seen, Transport};

/// How long an observer is watched after the end; late text would arrive within this time.
const AFTERWARDS: Duration = Duration::from_millis(30);

/// What an observer has seen of the turn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Glimpse {
    /// The bytes of the answer.
    pub text: usize,
    pub generating: bool,
    /// Whether the turn waits in a queue.
    pub waiting: bool,
}

/// A conversation with one turn, and an observer of it.
pub(super) struct Witness {
    client: Client,
    pub worker: WorkerId,
    glimpses: watch::Receiver<Glimpse>,
    /// Tells the observer that from now on only the end may come.
    acknowledge: oneshot::Sender<()>,
    following: JoinHandle<Result<Option<Observer>>>,
}

/// The state of a conversation when its cancel was acknowledged; `whole` is `None` if it was
/// deleted.
pub(super) struct Verdict {
    worker: WorkerId,
    whole: Option<Whole>,
}

impl Witness {
    /// Starts a conversation with `message`; the observer follows from before its first event.
    pub(super) async fn of(client: &Client, message: &SendMessage) -> Result<Self> {
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

    /// Waits until `enough` returns true for what the observer has seen.
    pub(super) async fn sees(&mut self, enough: impl Fn(&Glimpse) -> bool) -> Result<()> {
        let seen = tokio::time::timeout(HANG, self.glimpses.wait_for(enough)).await;
        seen.context("the turn does not reach the expected point")?
            .context("the observer is gone")?;
        Ok(())
    }

    /// What the observer has seen so far.
    pub(super) fn glimpse(&self) -> Glimpse {
        *self.glimpses.borrow()
    }

    /// Checks right after the acknowledgement that the turn has ended in one of these states, and
    /// that its observer is told this and nothing else.
    pub(super) async fn judge(self, states: &[TurnState]) -> Result<Verdict> {
        let whole = self.client.transcript(self.worker).await?;
        let _ = self.acknowledge.send(());
        let found = whole.turns.last().context("the turn is gone")?;
        ensure!(states.contains(&found.state), "the turn is {:?}", found.state);
        let observer = self.following.await??.context("the conversation is deleted")?;
        let view = observer.view.as_ref().context("the observer has seen nothing")?;
        crate::ledger::same_as_fresh(view, &whole)?;
        Ok(Verdict { worker: self.worker, whole: Some(whole) })
    }

    /// Checks after a deletion that nothing is left and that the observer was told so.
    pub(super) async fn judge_deleted(self) -> Result<Verdict> {
        let answer = self.client.transcript(self.worker).await;
        ensure!(answer.is_err(), "the deleted conversation is there");
        // Observers get the turn's end first and then the deletion.
        let told = tokio::time::timeout(HANG, self.following).await;
        let told = told.context("the observer was not told of the deletion")??;
        ensure!(told?.is_none(), "the observer was told something else");
        Ok(Verdict { worker: self.worker, whole: None })
    }
}

impl Verdict {
    /// Checks much later that nothing has changed.
    pub(super) async fn stands(&self, client: &Client) -> Result<()> {
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

/// Follows until some time after the acknowledgement; `None` if the conversation was deleted.
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
            Err(_) => bail!("the observer does not get the end of the turn"),
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
