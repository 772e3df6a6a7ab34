//! Events on their way into the store.

use std::sync::Arc;
use std::time::Duration;

use protocol::{Event, EventBody, LogId, Timestamp, View};
use tokio::time::Instant;

use crate::hub::{Hub, Wake};
use crate::store::{Append, Durability, Prompt, Store, StoreError, Stored};

/// How long after a failed commit the next attempt is made.
const RETRY: Duration = Duration::from_millis(500);

/// A worker's log as its actor holds it: the folded newest state, and the events that are
/// decided but not committed yet.
///
/// Invariant: while anything is pending nothing more is taken from the provider, so a store
/// that is away costs waiting and no memory.
pub(crate) struct Outbox {
    store: Arc<dyn Store>,
    hub: Hub,
    log: LogId,
    /// Committed events folded; holds only the newest turn's messages.
    view: View,
    pending: Vec<Event>,
    retry_at: Option<Instant>,
}

impl Outbox {
    pub(crate) fn new(store: Arc<dyn Store>, hub: Hub, stored: Stored) -> Self {
        let view = View::new(stored.worker, stored.last_seq);
        Self { store, hub, log: stored.log, view, pending: Vec::new(), retry_at: None }
    }

    /// The state as far as it is committed.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    pub(crate) fn log(&self) -> LogId {
        self.log
    }

    /// Forgets messages and turns, which a new turn does not need.
    pub(crate) fn forget(&mut self) {
        self.view.messages.clear();
        self.view.turns.clear();
    }

    pub(crate) fn push(&mut self, at: Timestamp, body: EventBody) {
        let last = self.pending.last().map_or(self.view.seq, |event| event.seq);
        self.pending.push(Event { seq: last + 1, first_seq: None, at, body });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// When to try again after a failure.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Commits what is pending, then wakes the observers. On an error all of it stays
    /// pending, to be tried again at [`Self::retry_at`].
    pub(crate) async fn flush(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let events = self.pending.clone();
        let result = self.commit(events, None).await;
        if result.is_ok() {
            self.pending.clear();
            self.retry_at = None;
        } else {
            self.retry_at = Some(Instant::now() + RETRY);
        }
        result
    }

    /// Commits all of these, or none and forgets them: for requests whose asker hears of a
    /// failure. Nothing may be pending.
    pub(crate) async fn commit_now(
        &mut self,
        at: Timestamp,
        bodies: Vec<EventBody>,
        prompt: Option<Prompt>,
    ) -> Result<(), StoreError> {
        let first = self.view.seq + 1;
        let events = (first..).zip(bodies);
        let events = events.map(|(seq, body)| Event { seq, first_seq: None, at, body }).collect();
        self.commit(events, prompt).await
    }

    async fn commit(
        &mut self,
        events: Vec<Event>,
        prompt: Option<Prompt>,
    ) -> Result<(), StoreError> {
        let mut worker = self.view.worker.clone();
        for event in &events {
            worker.apply(event);
        }
        let durability = events.iter().map(|event| durability(&event.body)).max();
        let durability = durability.unwrap_or(Durability::Process);
        let append = Append { worker, events: events.clone(), durability, prompt };
        self.store.append(append).await?;
        for event in &events {
            self.view.apply(event);
        }
        self.hub.wake(self.view.worker.worker_id, Wake::Committed(self.view.seq));
        Ok(())
    }
}

/// Whatever a user was told or has read as finished survives a power cut; what streams by
/// survives the end of the process (invariant 1).
fn durability(body: &EventBody) -> Durability {
    match body {
        EventBody::WorkerCreated { .. }
        | EventBody::WorkerRenamed { .. }
        | EventBody::WorkerStopped
        | EventBody::MessageCommitted { .. }
        | EventBody::TurnAccepted { .. }
        | EventBody::TurnEnded { .. } => Durability::Power,
        EventBody::AvailabilityChanged { .. }
        | EventBody::TurnWaiting { .. }
        | EventBody::TurnGenerating { .. }
        | EventBody::TextDelta { .. } => Durability::Process,
    }
}
