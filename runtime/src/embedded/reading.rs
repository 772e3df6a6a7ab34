//! What is said in a conversation, read and followed.

use protocol::api::TurnInput;
use protocol::{Cursor, Error, MessageId, Snapshot, Transcript, Turn, TurnId, WorkerId, limits};
use store::StoreError;

use super::{Runtime, turns};
use crate::fault;
use crate::listing::ListObservation;
use crate::observe::{self, Observation};

impl Runtime {
    /// Summary, newest page of the transcript, position: what a page begins with. Where they
    /// cannot be read, a placeholder without messages.
    pub async fn snapshot(&self, id: WorkerId) -> Result<Snapshot, Error> {
        let worker = self.worker(id).await?;
        let shared = &self.inner.shared;
        let mut page = match shared.store.page(id, None, shared.transcript_page).await {
            Ok(page) => page.ok_or_else(fault::no_worker)?,
            Err(StoreError::Damaged(_)) => {
                return Ok(observe::placeholder(shared.placeholder(id).await?));
            }
            Err(error) => return Err(fault::from_store(error)),
        };
        if worker.unreadable {
            page.stored.worker = worker;
        }
        Ok(observe::snapshot(page))
    }

    /// A page of messages with their turns, the newest without `before`.
    pub async fn transcript(
        &self,
        id: WorkerId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Transcript, Error> {
        let limit = limit.clamp(1, limits::TRANSCRIPT_PAGE_MAX);
        let page = self.store().page(id, before, limit).await;
        let page = self.inner.shared.heard(id, page).await?.ok_or_else(fault::no_worker)?;
        let log = page.stored.log;
        Ok(observe::fold(page).transcript(log))
    }

    /// A page that holds a message: the newest one where it is in it.
    pub async fn transcript_around(
        &self,
        id: WorkerId,
        message: MessageId,
        limit: u32,
    ) -> Result<Transcript, Error> {
        let limit = limit.clamp(1, limits::TRANSCRIPT_PAGE_MAX);
        let page = self.store().around(id, message, limit).await;
        let Some(page) = self.inner.shared.heard(id, page).await? else {
            self.worker(id).await?;
            return Err(fault::no_message());
        };
        let log = page.stored.log;
        Ok(observe::fold(page).transcript(log))
    }

    /// A turn as it stands.
    pub async fn turn(&self, id: WorkerId, turn: TurnId) -> Result<Turn, Error> {
        self.inner.shared.turn(id, turn).await
    }

    /// Exactly what a turn's model was sent.
    pub async fn turn_input(&self, id: WorkerId, turn: TurnId) -> Result<TurnInput, Error> {
        turns::input(&self.inner.shared, id, turn).await
    }

    /// Follows a worker from a cursor, or from a snapshot. A cursor that does not fit
    /// becomes a notice (`stale_cursor`) and then a snapshot.
    pub async fn observe(
        &self,
        id: WorkerId,
        cursor: Option<Cursor>,
    ) -> Result<Observation, Error> {
        self.worker(id).await?;
        let shared = &self.inner.shared;
        // Subscribed before the position is read, so that no commit falls between, and before
        // it is asked whether all goes down, so that whoever is let in is told of it.
        let watching = shared.notifier.subscribe(id);
        if shared.down.is_cancelled() {
            return Err(fault::shutting_down());
        }
        let observation = Observation::begin(shared.clone(), id, watching, cursor).await;
        observation.map_err(fault::from_store)?.ok_or_else(fault::no_worker)
    }

    /// Follows the list of workers from a cursor of it. Without one, or with one that does not
    /// fit, the reader is told to read its pages again.
    pub fn observe_list(&self, cursor: Option<&Cursor>) -> Result<ListObservation, Error> {
        let shared = &self.inner.shared;
        let observation =
            ListObservation::begin(self.id().clone(), shared.notifier.listing().clone(), cursor);
        // Asked after it was subscribed, so that whoever is let in is told of the end.
        if shared.down.is_cancelled() {
            return Err(fault::shutting_down());
        }
        Ok(observation)
    }
}
