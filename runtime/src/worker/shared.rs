//! The state that all actors of a runtime share.

use std::sync::Arc;

use protocol::{
    Error, ErrorCode, RuntimeId, Timestamp, Turn, TurnId, UtcOffset, View, Worker, WorkerId,
};
use store::{Store, StoreError, initial_worker};
use tokio_util::sync::CancellationToken;

use crate::bundle::{Bundle, Profile, Variables};
use crate::clock::Clock;
use crate::fault;
use crate::membership_locks::MembershipLocks;
use crate::notifier::{LogStatus, Notifier};
use crate::providers::Providers;
use crate::turn::TurnLimits;
use crate::turn_places::TurnPlaces;
use crate::unreadable::Unreadable;

pub(crate) struct Shared {
    pub(crate) runtime_id: RuntimeId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) notifier: Notifier,
    pub(crate) providers: Providers,
    pub(crate) bundle: Bundle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: TurnLimits,
    pub(crate) message_chars: u32,
    pub(crate) turn_places: TurnPlaces,
    /// The number of messages in the newest page of a transcript.
    pub(crate) transcript_page: u32,
    pub(crate) workspace: String,
    /// Held while a worker is deleted or restored, from the commit until the observers of the list
    /// are told, so that they hear of these changes in the order of the commits.
    pub(crate) membership_locks: MembershipLocks,
    /// The workers that were found to be unreadable.
    pub(crate) unreadable: Unreadable,
    /// Cancelled when the runtime goes down.
    pub(crate) down: CancellationToken,
}

impl Shared {
    /// The placeholder of a worker that cannot be read. Errors with `not_found` if there is no such
    /// worker.
    pub(crate) async fn placeholder(&self, id: WorkerId) -> Result<Worker, Error> {
        let found = self.unreadable.placeholder(self.store.as_ref(), &self.notifier, id).await;
        found.map_err(fault::from_store)?.ok_or_else(fault::no_worker)
    }

    /// Converts the store's result for one worker into the client's. If the worker turns out to be
    /// unreadable, its observers are told.
    pub(crate) async fn heard<T>(
        &self,
        id: WorkerId,
        done: Result<T, StoreError>,
    ) -> Result<T, Error> {
        match done {
            Ok(done) => Ok(done),
            Err(error) => Err(self.failed(id, error).await),
        }
    }

    /// Converts a store error for one worker, like [`Self::heard`].
    pub(crate) async fn failed(&self, id: WorkerId, error: StoreError) -> Error {
        if !matches!(error, StoreError::Damaged(_)) {
            return fault::from_store(error);
        }
        if self.placeholder(id).await.is_ok() {
            self.notifier.wake(id, LogStatus::Unreadable);
        }
        initial_worker::unreadable_reason()
    }

    /// A turn in its current state.
    pub(crate) async fn turn(&self, id: WorkerId, turn: TurnId) -> Result<Turn, Error> {
        let stored = self.heard(id, self.store.worker(id).await).await?;
        let stored = stored.ok_or_else(fault::no_worker)?;
        let events = self.heard(id, self.store.turn(id, turn).await).await?;
        let events = events.ok_or_else(fault::no_turn)?;
        let before = events.first().map_or(0, |event| event.first_seq() - 1);
        let mut view = View::new(stored.worker, before);
        for event in &events {
            view.apply(event);
        }
        view.turn(turn).cloned().ok_or_else(fault::no_turn)
    }

    /// Renders a profile's system prompt with the sender's local date. If that fails, the server's
    /// log names the file and line.
    pub(crate) fn system_prompt(
        &self,
        profile: &Profile,
        now: Timestamp,
        clock: Option<UtcOffset>,
    ) -> Result<String, Error> {
        let variables = Variables {
            workspace: self.workspace.clone(),
            language: profile.language.clone(),
            date: now.date_at(clock.unwrap_or_default()),
        };
        self.bundle.render(profile, &variables).map_err(|error| {
            tracing::error!(%error, "a prompt cannot be rendered");
            Error::new(ErrorCode::Internal, "The system prompt cannot be rendered.")
                .with_hint("The server's log names the file and line.")
        })
    }
}
