//! Limits how many renderings run at the same time, so that no conversation can starve the others.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use protocol::WorkerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{self, JoinError, JoinHandle};

use render::Budget;

/// How many renderings run at the same time; further ones wait. Running all of them at once would
/// make each of them slow.
const RENDERERS: usize = 4;

/// How many of them may belong to one conversation. A conversation's other renderings wait for this
/// one before they queue for a permit, so each conversation is in that queue at most once, and all
/// get permits in turn.
const OF_A_CONVERSATION: usize = 1;

/// The permits of a process.
pub struct Renderers {
    permits: Arc<Semaphore>,
    /// A semaphore for each conversation with a running or waiting rendering.
    conversations: Mutex<HashMap<WorkerId, Weak<Semaphore>>>,
}

impl Default for Renderers {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(RENDERERS)), conversations: Mutex::default() }
    }
}

/// A permit for one rendering, released when it is dropped.
pub struct RenderPermit {
    _permit: OwnedSemaphorePermit,
    _of_conversation: OwnedSemaphorePermit,
}

impl Renderers {
    /// Waits for a permit to render a message of a conversation. Dropping the future leaves the
    /// queue.
    pub async fn permit(&self, conversation: WorkerId) -> RenderPermit {
        let of_conversation = acquire(self.conversation(conversation)).await;
        let permit = acquire(Arc::clone(&self.permits)).await;
        RenderPermit { _permit: permit, _of_conversation: of_conversation }
    }

    fn conversation(&self, conversation: WorkerId) -> Arc<Semaphore> {
        let mut known = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(permits) = known.get(&conversation).and_then(Weak::upgrade) {
            return permits;
        }
        // Each waiting or running rendering keeps its semaphore alive, so after this the map has at
        // most as many entries as there are renderings.
        known.retain(|_, permits| permits.strong_count() > 0);
        let permits = Arc::new(Semaphore::new(OF_A_CONVERSATION));
        known.insert(conversation, Arc::downgrade(&permits));
        permits
    }
}

async fn acquire(permits: Arc<Semaphore>) -> OwnedSemaphorePermit {
    permits.acquire_owned().await.expect("the permits are never closed")
}

impl RenderPermit {
    /// Runs the work on a blocking thread, and releases the permit when it ends.
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

/// Running work. Dropping this before the work has ended cancels its budget, because the result is
/// no longer wanted.
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
