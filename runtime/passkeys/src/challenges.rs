//! The challenges that browsers were given and have not answered yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use accounts::{Begun, Network, Pending, Secret, SecretHash};
use tokio::time::Instant;

use crate::error::PasskeyError;
use crate::login::BegunLogin;
use crate::registration::BegunRegistration;

/// How long a challenge can be answered; browsers give up after the same time. The cookie lasts as long.
pub(crate) const VALID: Duration = Duration::from_secs(5 * 60);

/// The handle to the challenges; cheap to clone.
#[derive(Clone, Debug)]
pub struct Passkeys {
    shared: Arc<Shared>,
}

/// What all handles share. The locks are held only for lookups in memory.
#[derive(Debug)]
struct Shared {
    started: Instant,
    registrations: Mutex<Pending<BegunRegistration>>,
    logins: Mutex<Pending<BegunLogin>>,
}

/// A challenge that a browser is given.
#[derive(Clone, Debug)]
pub struct Started {
    /// What the browser's authenticator is asked, as JSON: `PublicKeyCredentialCreationOptionsJSON` or
    /// `PublicKeyCredentialRequestOptionsJSON` of WebAuthn.
    pub options: String,
    /// By what the challenge is found, for the form with the answer.
    pub state: Secret,
    /// The secret for a cookie of the browser. No other browser can answer.
    pub browser: Secret,
}

/// What a browser sends back.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// See [`Started::state`].
    pub state: &'a str,
    /// See [`Started::browser`].
    pub browser: Option<&'a str>,
    /// The authenticator's answer, as JSON.
    pub answer: &'a str,
}

impl Default for Passkeys {
    fn default() -> Self {
        let shared = Shared {
            started: Instant::now(),
            registrations: Mutex::new(Pending::new(VALID)),
            logins: Mutex::new(Pending::new(VALID)),
        };
        Self { shared: Arc::new(shared) }
    }
}

impl Passkeys {
    pub(crate) fn registrations(&self) -> MutexGuard<'_, Pending<BegunRegistration>> {
        self.shared.registrations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn logins(&self) -> MutexGuard<'_, Pending<BegunLogin>> {
        self.shared.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a challenge among others of its kind.
    pub(crate) fn remember<T>(
        &self,
        pending: &mut Pending<T>,
        options: String,
        network: Option<Network>,
        what: T,
    ) -> Started {
        let (state, browser) = (Secret::random(""), Secret::random(""));
        let at = self.shared.started.elapsed();
        pending.add(state.hash(), Begun { browser: browser.hash(), network, at, what });
        Started { options, state, browser }
    }

    /// Takes out the challenge that is answered: whatever becomes of this answer, there is no second
    /// one. Error: `Unknown`.
    pub(crate) fn taken<T>(
        &self,
        pending: &mut Pending<T>,
        answered: &Answered<'_>,
    ) -> Result<T, PasskeyError> {
        let bounded = |text: &&str| text.len() <= Secret::MAX_BYTES;
        let state = Some(answered.state).filter(bounded).ok_or(PasskeyError::Unknown)?;
        let browser = answered.browser.filter(bounded).ok_or(PasskeyError::Unknown)?;
        let now = self.shared.started.elapsed();
        pending
            .take(SecretHash::of(state), SecretHash::of(browser), now)
            .ok_or(PasskeyError::Unknown)
    }
}
