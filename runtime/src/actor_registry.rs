//! The actors that run now, one per worker that is in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::{Error, ErrorCode, WorkerId};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::fault;
use crate::worker::{Command, Reply, Shared, supervise};

/// Requests that may wait in one actor's inbox; further callers wait until there is room. Handling
/// a request is quick, so the inbox only fills while the store does not answer.
const INBOX: usize = 32;

/// How often a request is sent to a new actor if the previous one was just ending.
const ATTEMPTS: usize = 5;

/// Finds or starts actors. The lock is held for a map access only.
pub(crate) struct ActorRegistry {
    shared: Arc<Shared>,
    actors: Mutex<HashMap<WorkerId, mpsc::Sender<Command>>>,
    tasks: TaskTracker,
}

impl ActorRegistry {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, actors: Mutex::default(), tasks: TaskTracker::new() }
    }

    /// Sends a request to a worker's actor and waits for the answer. `make` is called once for each
    /// attempt.
    pub(crate) async fn ask<T>(
        &self,
        id: WorkerId,
        make: impl Fn(Reply<T>) -> Command,
    ) -> Result<T, Error> {
        for _ in 0..ATTEMPTS {
            // Not `worker`, which fails where the row is unreadable: such a worker must still be
            // deletable.
            if !self.shared.store.exists(id).await.map_err(fault::from_store)? {
                return Err(fault::no_worker());
            }
            if self.shared.down.is_cancelled() {
                return Err(fault::shutting_down());
            }
            let (reply, answer) = oneshot::channel();
            let sent = match self.find_or_start(id, make(reply)) {
                Ok(()) => true,
                Err((actor, command)) => actor.send(command).await.is_ok(),
            };
            if sent && let Ok(answer) = answer.await {
                return answer;
            }
        }
        Err(Error::new(ErrorCode::Internal, "The conversation does not answer.")
            .with_hint("Try again; the server's log says why."))
    }

    /// How many actors run.
    pub(crate) fn count(&self) -> usize {
        self.tasks.len()
    }

    /// Waits until all actors have ended; the runtime's `down` token tells them to end.
    pub(crate) async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Starts the worker's actor with `first` in its inbox. If an actor is already running, the
    /// error holds that actor's sender and the request, so that the caller can send it.
    ///
    /// An actor that has ended has dropped its inbox, so two actors never work on one log. The
    /// request is put into the inbox before the actor starts, because an actor that cannot load its
    /// worker answers the requests in its inbox and ends at once.
    fn find_or_start(
        &self,
        id: WorkerId,
        first: Command,
    ) -> Result<(), (mpsc::Sender<Command>, Command)> {
        let mut actors = self.actors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(actor) = actors.get(&id).filter(|actor| !actor.is_closed()) {
            return Err((actor.clone(), first));
        }
        actors.retain(|_, actor| !actor.is_closed());
        let (sender, inbox) = mpsc::channel(INBOX);
        sender.try_send(first).unwrap_or_else(|_| unreachable!("a new inbox has room"));
        self.tasks.spawn(supervise(self.shared.clone(), id, inbox));
        actors.insert(id, sender);
        Ok(())
    }
}
