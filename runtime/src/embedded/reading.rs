//! Reads and follows the messages of a conversation.

use protocol::api::TurnInput;
use protocol::{Cursor, Error, MessageId, Snapshot, Transcript, Turn, TurnId, WorkerId, limits};
use store::StoreError;

use super::{Access, Runtime, turns};
use crate::fault;
use crate::listing::{ListObservation, Listing};
use crate::observe::{self, Observation};

impl Access {
    /// The data that a page begins with: the summary, the newest page of the transcript and a
    /// cursor. If these cannot be read, this is a placeholder without messages.
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

    /// A page of messages with their turns; the newest one if `before` is `None`.
    pub async fn transcript(
        &self,
        id: WorkerId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Transcript, Error> {
        let id = self.own(id).await?;
        let limit = limit.clamp(1, limits::TRANSCRIPT_PAGE_MAX);
        let page = self.store().page(id, before, limit).await;
        let page = self.inner.shared.heard(id, page).await?.ok_or_else(fault::no_worker)?;
        let log = page.stored.log;
        Ok(observe::fold(page).transcript(log))
    }

    /// A page that holds the given message: the newest page if the message is on it.
    pub async fn transcript_around(
        &self,
        id: WorkerId,
        message: MessageId,
        limit: u32,
    ) -> Result<Transcript, Error> {
        let id = self.own(id).await?;
        let limit = limit.clamp(1, limits::TRANSCRIPT_PAGE_MAX);
        let page = self.store().around(id, message, limit).await;
        let Some(page) = self.inner.shared.heard(id, page).await? else {
            self.worker(id).await?;
            return Err(fault::no_message());
        };
        let log = page.stored.log;
        Ok(observe::fold(page).transcript(log))
    }

    /// A turn in its current state.
    pub async fn turn(&self, id: WorkerId, turn: TurnId) -> Result<Turn, Error> {
        let id = self.own(id).await?;
        self.inner.shared.turn(id, turn).await
    }

    /// Exactly what was sent to the model in a turn.
    pub async fn turn_input(&self, id: WorkerId, turn: TurnId) -> Result<TurnInput, Error> {
        let id = self.own(id).await?;
        turns::input(&self.inner.shared, id, turn).await
    }

    /// Follows a worker from a cursor, or from a snapshot if there is no cursor. A cursor that is
    /// not of this worker's log gets a `stale_cursor` notice and then a snapshot.
    pub async fn observe(
        &self,
        id: WorkerId,
        cursor: Option<Cursor>,
    ) -> Result<Observation, Error> {
        self.worker(id).await?;
        let shared = &self.inner.shared;
        // The subscription comes before the position is read, so that no commit is missed, and
        // before the check for a shutdown, so that every observer hears of the end.
        let watching = shared.notifier.subscribe(id);
        if shared.down.is_cancelled() {
            return Err(fault::shutting_down());
        }
        let observation = Observation::begin(shared.clone(), id, watching, cursor).await;
        observation.map_err(fault::from_store)?.ok_or_else(fault::no_worker)
    }

    /// Follows the account's list of workers from one of its cursors. Without a cursor, or with one that does
    /// not fit, the reader is told to read its pages again.
    pub fn observe_list(&self, cursor: Option<&Cursor>) -> Result<ListObservation, Error> {
        let shared = &self.inner.shared;
        self.observe_listing(shared.notifier.lists().of(self.account()), cursor)
    }
}

impl Runtime {
    /// Follows the changes of the workers of all accounts, for the caches of this process. Nothing of
    /// it may be shown to anyone.
    pub fn observe_all_lists(&self) -> Result<ListObservation, Error> {
        self.observe_listing(self.inner.shared.notifier.lists().all().clone(), None)
    }

    fn observe_listing(
        &self,
        listing: Listing,
        cursor: Option<&Cursor>,
    ) -> Result<ListObservation, Error> {
        let observation = ListObservation::begin(self.id().clone(), listing, cursor);
        // The check comes after the subscription, so that every observer hears of a shutdown.
        if self.inner.shared.down.is_cancelled() {
            return Err(fault::shutting_down());
        }
        Ok(observation)
    }
}
