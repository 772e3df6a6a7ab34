//! Who somebody is at a provider of identities (OpenID Connect).

use std::fmt;

use protocol::Timestamp;

/// A person at a provider. By this an account is found, and never by a name or an address of e-mail,
/// which can be changed, given to somebody else, or be typed in by anybody.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The provider's address, exactly as it writes it itself.
    pub issuer: String,
    /// The person's identifier there, which is never given to anybody else.
    pub subject: String,
}

/// The subject says who somebody is elsewhere, so it is not printed.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*** at {}", self.issuer)
    }
}

/// An identity by which an account can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedIdentity {
    /// Who it is.
    pub identity: Identity,
    /// Since when.
    pub connected_at: Timestamp,
}
