//! What all actors of a runtime share.

use std::sync::Arc;

use protocol::{Error, ErrorCode, RuntimeId, Timestamp, Worker, WorkerId};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::bundle::{Bundle, Profile, Variables};
use crate::clock::Clock;
use crate::fault;
use crate::hub::Hub;
use crate::providers::Providers;
use crate::store::{Store, StoreError};
use crate::turn::TurnLimits;
use crate::unreadable::Unreadable;

/// What all actors of a runtime share.
pub(crate) struct Shared {
    pub(crate) runtime_id: RuntimeId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) hub: Hub,
    pub(crate) providers: Providers,
    pub(crate) bundle: Bundle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: TurnLimits,
    pub(crate) message_chars: u32,
    pub(crate) workspace: String,
    /// Whoever adds a worker, deletes one or brings one back holds this from the commit until
    /// those who follow the list are told: they are told in the order of the commits.
    pub(crate) coming_and_going: Mutex<()>,
    /// The workers that were found to be unreadable.
    pub(crate) unreadable: Unreadable,
    /// Cancelled when the runtime goes down.
    pub(crate) down: CancellationToken,
}

impl Shared {
    /// What is shown of a worker of which something cannot be read. Error: `not_found` where
    /// there is no such worker.
    pub(crate) async fn placeholder(&self, id: WorkerId) -> Result<Worker, Error> {
        let found = self.unreadable.placeholder(self.store.as_ref(), &self.hub, id).await;
        found.map_err(fault::from_store)?.ok_or_else(fault::no_worker)
    }

    /// What a client hears when the store could not do something with one worker.
    pub(crate) fn failed(&self, id: WorkerId, error: StoreError) -> Error {
        if matches!(error, StoreError::Damaged(_)) {
            self.unreadable.note(id);
            return fault::unreadable();
        }
        fault::from_store(error)
    }

    /// A profile's prompt as it is sent at this time. The log is told which file and line is
    /// wrong.
    pub(crate) fn system_prompt(&self, profile: &Profile, now: Timestamp) -> Result<String, Error> {
        let variables = Variables {
            workspace: self.workspace.clone(),
            language: profile.language.clone(),
            date: now.date_utc(),
        };
        self.bundle.render(profile, &variables).map_err(|error| {
            tracing::error!(%error, "a prompt cannot be rendered");
            Error::new(ErrorCode::Internal, "The system prompt cannot be rendered.")
                .with_hint("The server's log names the file and line.")
        })
    }
}
