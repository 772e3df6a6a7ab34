//! Places to render in, which no conversation can take from the others.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use protocol::WorkerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{self, JoinError, JoinHandle};

use crate::markdown::Budget;

/// How much is rendered at the same time; what comes then waits. A processor that renders for
/// everybody at once is finished with nobody's.
const RENDERERS: usize = 4;

/// How much of it is one conversation's. Its pages and its observers wait for each other, and so
/// only one of them waits beside other conversations: all of these get a place in turn.
const OF_A_CONVERSATION: usize = 1;

/// The places of a process.
pub struct Renderers {
    places: Arc<Semaphore>,
    /// Those of the conversations that are rendered or wait.
    conversations: Mutex<HashMap<WorkerId, Weak<Semaphore>>>,
}

impl Default for Renderers {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(RENDERERS)), conversations: Mutex::default() }
    }
}

/// Leave to render something.
pub struct Place {
    _place: OwnedSemaphorePermit,
    _of_conversation: OwnedSemaphorePermit,
}

impl Renderers {
    /// Waits for a place to render something of a conversation. Who stops waiting has no place
    /// in the queue any more.
    pub async fn place(&self, conversation: WorkerId) -> Place {
        let of_conversation = acquire(self.conversation(conversation)).await;
        let place = acquire(Arc::clone(&self.places)).await;
        Place { _place: place, _of_conversation: of_conversation }
    }

    fn conversation(&self, conversation: WorkerId) -> Arc<Semaphore> {
        let mut known = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = known.get(&conversation).and_then(Weak::upgrade) {
            return places;
        }
        // Each waiting or running renderer keeps one, so the map is no larger than they are many.
        known.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(OF_A_CONVERSATION));
        known.insert(conversation, Arc::downgrade(&places));
        places
    }
}

async fn acquire(places: Arc<Semaphore>) -> OwnedSemaphorePermit {
    places.acquire_owned().await.expect("the places are never closed")
}

impl Place {
    /// Does what takes long on a thread where nobody waits for anything else.
    pub fn begin<T: Send + 'static>(
        self,
        budget: Budget,
        work: impl FnOnce(&Budget) -> T + Send + 'static,
    ) -> Work<T> {
        let spent = budget.clone();
        let handle = task::spawn_blocking(move || {
            let done = work(&spent);
            drop(self);
            done
        });
        Work { handle, budget, is_done: false }
    }
}

/// What is being done. Who drops it does not wait any more: its budget is cancelled.
pub struct Work<T> {
    handle: JoinHandle<T>,
    budget: Budget,
    is_done: bool,
}

impl<T> Future for Work<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let done = ready!(Pin::new(&mut self.handle).poll(context));
        self.is_done = true;
        Poll::Ready(done)
    }
}

impl<T> Drop for Work<T> {
    fn drop(&mut self) {
        if !self.is_done {
            self.budget.cancel();
        }
    }
}
