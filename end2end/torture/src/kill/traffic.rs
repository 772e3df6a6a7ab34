//! The traffic of a companion while it is killed: clients that send, cancel and repeat, and
//! observers, some of them slow.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fastrand::Rng;
use protocol::WorkerId;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::speaker::Speaker;
use crate::client::{Client, Failure};
use crate::ledger::{Ledger, Loss};
use crate::observer::Observer;

/// How long data that was sent before the kill may still be read after it.
const LEFTOVERS: Duration = Duration::from_secs(10);

/// The current activity, as far as it can be seen from outside.
#[derive(Default)]
pub(super) struct Activity {
    /// Set just before the kill: from then on a broken connection is not an error.
    pub dying: AtomicBool,
    /// The number of sends without an answer yet.
    pub in_flight: AtomicUsize,
    pub sends: AtomicU64,
    pub frames: AtomicU64,
    /// The number of turns whose senders have seen the end.
    pub ends: AtomicU64,
    pub changed: Notify,
}

/// An observer that outlives its connections.
pub(super) type SharedObserver = Arc<Mutex<Observer>>;

/// All traffic of one companion.
pub(super) struct Traffic {
    pub activity: Arc<Activity>,
    pub ledger: Arc<Mutex<Ledger>>,
    client: Client,
    tasks: JoinSet<Result<()>>,
}

/// Locks a mutex whose data is consistent even after a panic.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Traffic {
    pub(super) fn new(client: Client, ledger: Arc<Mutex<Ledger>>) -> Self {
        Self { activity: Arc::default(), ledger, client, tasks: JoinSet::new() }
    }

    /// Starts an observer that pauses between frames.
    pub(super) fn follow(&mut self, observer: SharedObserver, pause: Duration) {
        let (client, activity) = (self.client.clone(), self.activity.clone());
        self.tasks.spawn(async move {
            follow(&client, &observer, pause, &activity).await.or_else(|e| activity.forgive(e))
        });
    }

    /// Starts a client that converses with a worker until the end.
    pub(super) fn converse(&mut self, worker: WorkerId, rng: Rng) {
        let mut speaker = self.speaker(worker, rng);
        self.tasks.spawn(async move {
            loop {
                if let Err(error) = speaker.exchange().await {
                    return speaker.activity.forgive(error);
                }
            }
        });
    }

    /// Starts a client that creates conversations and deletes them again.
    pub(super) fn visit(&mut self, mut rng: Rng) {
        let (client, ledger) = (self.client.clone(), self.ledger.clone());
        let activity = self.activity.clone();
        self.tasks.spawn(async move {
            loop {
                let visit = async {
                    let worker = client.create().await?.worker_id;
                    lock(&ledger).created(worker);
                    // Its turn may be running when it is deleted.
                    client.send(worker, &super::text::message(&mut rng)).await?;
                    tokio::time::sleep(Duration::from_millis(rng.u64(0..80))).await;
                    lock(&ledger).deletes(worker);
                    client.delete(worker).await?;
                    lock(&ledger).deleted(worker);
                    tokio::time::sleep(Duration::from_millis(rng.u64(0..80))).await;
                    Ok(())
                };
                if let Err(error) = visit.await {
                    return activity.forgive(error);
                }
            }
        });
    }

    fn speaker(&self, worker: WorkerId, rng: Rng) -> Speaker {
        let (client, ledger) = (self.client.clone(), self.ledger.clone());
        Speaker { client, ledger, activity: self.activity.clone(), worker, last: None, rng }
    }

    /// Waits after the kill until all clients have read the remaining data. Errors if something
    /// failed for another reason than the kill.
    pub(super) async fn end(mut self) -> Result<()> {
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.context("a task of the traffic panicked")??;
            }
            Ok(())
        };
        match tokio::time::timeout(LEFTOVERS, all).await {
            Ok(result) => result,
            Err(_) => bail!("a connection to the killed companion does not end"),
        }
    }
}

impl Activity {
    /// A connection that breaks at the kill is not an error; a loss always is.
    fn forgive(&self, error: anyhow::Error) -> Result<()> {
        let is_loss = error.downcast_ref::<Loss>().is_some();
        let is_answer = error.downcast_ref::<Failure>().is_some_and(|why| !why.is_unclear());
        if self.dying.load(SeqCst) && !is_loss && !is_answer { Ok(()) } else { Err(error) }
    }
}

async fn follow(
    client: &Client,
    observer: &SharedObserver,
    pause: Duration,
    activity: &Activity,
) -> Result<()> {
    let current = lock(observer).clone();
    let resumed = current.cursor.is_some();
    let mut link = current.connect(client).await?;
    while let Some(frame) = link.next().await? {
        let seen = lock(observer).take(frame)?;
        seen.check(current.worker, resumed)?;
        activity.frames.fetch_add(1, SeqCst);
        activity.changed.notify_waiters();
        if !pause.is_zero() && !activity.dying.load(SeqCst) {
            tokio::time::sleep(pause).await;
        }
    }
    bail!("a stream ended by itself")
}
