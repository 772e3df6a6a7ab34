//! The state that every handler can use.

use accounts::Accounts;
use oidc::RelyingParty;
use protocol::RuntimeId;
use protocol::api::LimitsInForce;
use runtime::{Access, Principal, Registry};
use shares::Shares;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::descriptors::Room;
use crate::error::ApiResult;
use crate::events::{Observers, SharedHtml};

/// The server's state; cheap to clone. What the pages need of it is in `app::Backend`, because `app`
/// does not depend on this crate.
#[derive(Clone)]
pub struct AppState {
    /// Finds the runtime that a path names.
    pub registry: Registry,
    /// Who may come in.
    pub accounts: Accounts,
    /// What strangers may read.
    pub shares: Shares,
    /// The provider of identities by which people can log in.
    pub identity_provider: Option<RelyingParty>,
    /// The limits that were configured.
    pub limits: Limits,
    /// The slots for the open streams of events.
    pub observers: Observers,
    /// The answers whose observers share their HTML.
    pub html: SharedHtml,
    /// Cancelled when the server begins to shut down.
    pub stop: CancellationToken,
}

/// The limits of pages and bodies that the handlers need.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most characters in one message.
    pub message_chars: u32,
    /// The most bytes in the body of a request that carries neither a message nor an import.
    pub body_bytes: u64,
    /// The number of messages in a page of a transcript, unless the request names another one.
    pub transcript_page: u32,
    /// The number of workers in a page of the list, unless the request names another one.
    pub worker_page: u32,
}

impl AppState {
    /// The state of a server with these settings.
    pub fn new(
        registry: Registry,
        accounts: Accounts,
        shares: Shares,
        settings: &Settings,
        room: Room,
        stop: CancellationToken,
    ) -> Self {
        let limits = Limits {
            message_chars: settings.turns.message_chars.small(),
            body_bytes: settings.http.body_bytes.get(),
            transcript_page: settings.turns.transcript_page.small(),
            worker_page: settings.turns.worker_page.small(),
        };
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let observers = Observers::new(
            count(room.observers),
            count(room.connections),
            settings.http.observer_ping_ms.ms(),
        );
        let (identity_provider, html) = (None, SharedHtml::default());
        Self { registry, accounts, shares, identity_provider, limits, observers, html, stop }
    }

    /// The same with a provider of identities.
    #[must_use]
    pub fn with_identity_provider(self, identity_provider: Option<RelyingParty>) -> Self {
        Self { identity_provider, ..self }
    }

    /// A runtime by its id, as the caller may use it. Errors with `not_found`.
    pub fn runtime(&self, id: &RuntimeId, principal: Principal) -> ApiResult<Access> {
        Ok(self.registry.runtime(id)?.access(principal))
    }
}

impl Limits {
    /// The limits as the API shows them.
    pub fn in_force(self) -> LimitsInForce {
        LimitsInForce {
            message_chars: self.message_chars,
            body_bytes: u32::try_from(self.body_bytes).unwrap_or(u32::MAX),
            transcript_page: self.transcript_page,
            worker_page: self.worker_page,
        }
    }
}
