//! Who asks.

use protocol::{AccountId, AccountRole};

/// The account for which a call is made. The server finds it out at its edge, from a session or a
/// token; every call about conversations needs one ([`crate::Access`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account whose conversations the caller may use.
    pub account: AccountId,
    /// What else the caller may do.
    pub role: AccountRole,
}

impl Principal {
    /// The person at the server's own machine.
    pub const FIRST_OWNER: Self = Self { account: AccountId::FIRST, role: AccountRole::Owner };
}
