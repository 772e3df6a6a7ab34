//! A login that has begun at the provider.

use std::time::Duration;

use accounts::SessionId;
use openidconnect::{Nonce, PkceCodeVerifier};
use protocol::AccountId;

/// How long a login may take. The cookie lasts as long.
pub(crate) const VALID: Duration = Duration::from_secs(10 * 60);

/// What a login is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Logging in.
    LogIn,
    /// Connecting the provider with the account that is logged in, by the session from which it was
    /// asked for. Another session must not end it.
    Connect(AccountId, SessionId),
}

/// What is needed to end a login.
#[derive(Debug)]
pub(crate) struct BegunLogin {
    pub(crate) nonce: Nonce,
    pub(crate) verifier: PkceCodeVerifier,
    pub(crate) redirect: String,
    pub(crate) next: String,
    pub(crate) purpose: Purpose,
}
