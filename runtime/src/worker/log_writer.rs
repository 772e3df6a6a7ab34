//! Events on their way into the store.

use std::sync::Arc;
use std::time::Duration;

use protocol::{Event, EventBody, LogId, Timestamp, View};
use tokio::time::Instant;

use crate::listing::Revision;
use crate::notifier::{LogStatus, Notifier};
use crate::store::{Append, Durability, Prompt, Store, StoreError, Stored};

/// How long after a failed commit the next attempt is made.
const RETRY: Duration = Duration::from_millis(500);

/// A worker's log as its actor holds it: the folded newest state, and the events that are
/// decided but not committed yet.
///
/// Invariant: while anything is pending nothing more is taken from the provider, so a store
/// that is away costs waiting and no memory.
pub(crate) struct LogWriter {
    store: Arc<dyn Store>,
    notifier: Notifier,
    log: LogId,
    /// Committed events folded; holds only the newest turn's messages.
    view: View,
    pending: Vec<Event>,
    /// A text that the pending events refer to.
    prompt: Option<Prompt>,
    retry_at: Option<Instant>,
    lost: bool,
}

impl LogWriter {
    pub(crate) fn new(store: Arc<dyn Store>, notifier: Notifier, stored: Stored) -> Self {
        let view = View::new(stored.worker, stored.last_seq);
        let log = stored.log;
        Self {
            store,
            notifier,
            log,
            view,
            pending: Vec::new(),
            prompt: None,
            retry_at: None,
            lost: false,
        }
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

    /// Commits a text with the pending events, which refer to it.
    pub(crate) fn keep(&mut self, prompt: Option<Prompt>) {
        self.prompt = prompt;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// When to try again after a failure.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Whether the log holds, or may hold, what is not known here. Nothing more can be
    /// committed then; whoever loads the worker anew knows it.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Commits what is pending, then wakes the observers. On an error what the log does not
    /// hold stays pending, to be tried again at [`Self::retry_at`].
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
        let result = self.commit(events, prompt).await;
        result.map_err(|failure| {
            // They are forgotten here, and may be in the log all the same.
            self.lost |= failure.unclear;
            failure.error
        })
    }

    async fn commit(&mut self, events: Vec<Event>, prompt: Option<Prompt>) -> Result<(), Failure> {
        let mut worker = self.view.worker.clone();
        for event in &events {
            worker.apply(event);
        }
        let durability = events.iter().map(|event| durability(&event.body)).max();
        let durability = durability.unwrap_or(Durability::Process);
        let append = Append { worker, events: events.clone(), durability, prompt };
        let since = self.notifier.listing().revision();
        let Err(error) = self.store.append(append).await else {
            self.committed(&events, since);
            return Ok(());
        };
        // What failed may be the answer alone; what counts is what the log holds.
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

    fn committed(&mut self, events: &[Event], since: Revision) {
        let before = self.view.worker.clone();
        for event in events {
            self.view.apply(event);
        }
        if self.view.worker != before {
            self.notifier.listed(&self.view.worker, self.view.seq, since);
        }
        if !events.is_empty() {
            self.notifier.wake(self.view.worker.worker_id, LogStatus::Committed(self.view.seq));
        }
    }

    /// How many of `events` the log holds; none when it holds something else.
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
        // Compared as folded: a turn that ended in the log has its deltas folded there.
        Ok((stored == meant).then_some(count))
    }
}

/// Why events were not committed.
struct Failure {
    error: StoreError,
    /// Whether the log could not be read either, so that it may hold them all the same.
    unclear: bool,
}

/// Whatever a user was told or has read as finished survives a power cut; what streams by
/// survives the end of the process (invariant 1).
fn durability(body: &EventBody) -> Durability {
    match body {
        EventBody::WorkerCreated { .. }
        | EventBody::WorkerRenamed { .. }
        | EventBody::WorkerPlaced { .. }
        | EventBody::ProfileChanged { .. }
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
