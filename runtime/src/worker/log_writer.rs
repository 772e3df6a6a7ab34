//! Writes a worker's events to the store.

use std::sync::Arc;
use std::time::Duration;

use protocol::{AccountId, Event, EventBody, LogId, Timestamp, View};
use store::{Append, Durability, Prompt, Store, StoreError, Stored};
use tokio::time::Instant;

use crate::listing::Since;
use crate::notifier::Notifier;

/// The pause between a failed commit and the next attempt.
const RETRY: Duration = Duration::from_millis(500);

/// A worker's log as its actor holds it: the folded committed state, and the events that are
/// decided but not committed yet.
///
/// Invariant: while events are pending, the actor takes no more output from the provider, so an
/// outage of the store costs time but no memory.
pub(crate) struct LogWriter {
    store: Arc<dyn Store>,
    notifier: Notifier,
    log: LogId,
    owner: AccountId,
    /// The fold of the committed events; it holds only the newest turn's messages.
    view: View,
    pending: Vec<Event>,
    /// A prompt or request that the pending events refer to.
    prompt: Option<Prompt>,
    retry_at: Option<Instant>,
    lost: bool,
}

impl LogWriter {
    pub(crate) fn new(store: Arc<dyn Store>, notifier: Notifier, stored: Stored) -> Self {
        let view = View::new(stored.worker, stored.last_seq);
        let (log, owner) = (stored.log, stored.owner);
        Self {
            store,
            notifier,
            log,
            owner,
            view,
            pending: Vec::new(),
            prompt: None,
            retry_at: None,
            lost: false,
        }
    }

    /// The committed state.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    pub(crate) fn log(&self) -> LogId {
        self.log
    }

    /// Forgets the messages and turns, which a new turn does not need.
    pub(crate) fn forget(&mut self) {
        self.view.messages.clear();
        self.view.turns.clear();
    }

    pub(crate) fn push(&mut self, at: Timestamp, body: EventBody) {
        let last = self.pending.last().map_or(self.view.seq, |event| event.seq);
        self.pending.push(Event { seq: last + 1, first_seq: None, at, body });
    }

    /// Commits a prompt together with the pending events that refer to it.
    pub(crate) fn attach_prompt(&mut self, prompt: Option<Prompt>) {
        self.prompt = prompt;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// When to try again after a failed commit.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Whether the log holds, or may hold, events that are not known here. Then nothing more can be
    /// committed, and the worker has to be loaded again.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Commits the pending events, then wakes the observers. On an error, events that the log does
    /// not hold stay pending until [`Self::retry_at`].
    pub(crate) async fn flush(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let events = self.pending.clone();
        let result = self.commit(events, self.prompt.clone()).await;
        if result.is_ok() {
            self.prompt = None;
        }
        self.pending.retain(|event| event.seq > self.view.seq);
        self.retry_at = result.is_err().then(|| Instant::now() + RETRY);
        result.map_err(|failure| failure.error)
    }

    /// Commits these events, all or none; on an error they are dropped, because the client hears of
    /// the failure. Nothing may be pending.
    pub(crate) async fn commit_now(
        &mut self,
        at: Timestamp,
        bodies: Vec<EventBody>,
        prompt: Option<Prompt>,
    ) -> Result<(), StoreError> {
        let first = self.view.seq + 1;
        let events = (first..).zip(bodies);
        let events = events.map(|(seq, body)| Event { seq, first_seq: None, at, body }).collect();
        let result = self.commit(events, prompt).await;
        result.map_err(|failure| {
            // The events are dropped here, but the log may hold them.
            self.lost |= failure.unclear;
            failure.error
        })
    }

    async fn commit(&mut self, events: Vec<Event>, prompt: Option<Prompt>) -> Result<(), Failure> {
        let summary = changes_summary(&events).then(|| {
            let mut worker = self.view.worker.clone();
            for event in &events {
                worker.apply(event);
            }
            worker
        });
        let worker_id = self.view.worker.worker_id;
        let durability = events.iter().map(|event| durability(&event.body)).max();
        let durability = durability.unwrap_or(Durability::Process);
        let append = Append { worker_id, summary, events: events.clone(), durability, prompt };
        // Only a changed summary is told to those who follow the list.
        let since = append.summary.is_some().then(|| self.notifier.lists().since(self.owner));
        let Err(error) = self.store.append(append).await else {
            self.committed(&events, since);
            return Ok(());
        };
        // The commit may have succeeded although we got an error, so read the log and compare
        // before trying again.
        let found = self.found(&events).await;
        self.lost |=
            matches!(error, StoreError::Closed | StoreError::Gone | StoreError::Damaged(_));
        match found {
            Ok(Some(count)) => {
                self.committed(&events[..count], since);
                if count == events.len() { Ok(()) } else { Err(Failure { error, unclear: false }) }
            }
            Ok(None) => {
                self.lost = true;
                Err(Failure { error, unclear: false })
            }
            Err(_) => Err(Failure { error, unclear: true }),
        }
    }

    fn committed(&mut self, events: &[Event], since: Option<Since>) {
        let before = since.map(|since| (self.view.worker.clone(), since));
        for event in events {
            self.view.apply(event);
        }
        if let Some((before, since)) = before
            && before != self.view.worker
        {
            let (worker, seq) = (&self.view.worker, self.view.seq);
            self.notifier.lists().changed(self.owner, worker, seq, since);
        }
        self.notifier.committed(&self.view.worker, self.log, events);
    }

    /// How many of `events` the log holds; `None` if it holds other events instead.
    async fn found(&self, events: &[Event]) -> Result<Option<usize>, StoreError> {
        let id = self.view.worker.worker_id;
        let (mut stored, mut meant) = (self.view.clone(), self.view.clone());
        loop {
            let tail = self.store.tail(id, stored.seq, u32::MAX).await?;
            let tail = tail.ok_or(StoreError::Gone)?;
            if tail.is_empty() {
                break;
            }
            for event in &tail {
                stored.apply(event);
            }
        }
        let count = events.iter().take_while(|event| event.seq <= stored.seq).count();
        for event in &events[..count] {
            meant.apply(event);
        }
        // Folded states are compared, because the log merges a turn's deltas when the turn ends.
        Ok((stored == meant).then_some(count))
    }
}

/// Whether any of the events may change the worker's summary. Deltas, which are nearly all events
/// of a running turn, do not.
fn changes_summary(events: &[Event]) -> bool {
    !events.iter().all(|event| event.body.is_delta())
}

/// Why events were not committed.
struct Failure {
    error: StoreError,
    /// Whether the log could not be read either, so that it may hold the events.
    unclear: bool,
}

/// Events that a user was told of, or has read as finished, survive a power cut; streamed deltas
/// only survive the end of the process (invariant 1).
fn durability(body: &EventBody) -> Durability {
    match body {
        EventBody::WorkerCreated { .. }
        | EventBody::WorkerRenamed { .. }
        | EventBody::WorkerPlaced { .. }
        | EventBody::ProfileChanged { .. }
        | EventBody::MessageOmitted { .. }
        | EventBody::WorkerStopped
        | EventBody::MessageCommitted { .. }
        | EventBody::TurnAccepted { .. }
        | EventBody::TurnEnded { .. } => Durability::Power,
        EventBody::AvailabilityChanged { .. }
        | EventBody::TurnWaiting { .. }
        | EventBody::TurnLoading { .. }
        | EventBody::TurnAsked { .. }
        | EventBody::TurnGenerating { .. }
        | EventBody::TurnRetrying { .. }
        | EventBody::TextDelta { .. }
        | EventBody::ReasoningDelta { .. }
        | EventBody::TextWasReasoning { .. } => Durability::Process,
    }
}
