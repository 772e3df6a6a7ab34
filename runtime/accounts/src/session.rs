//! Sessions: one for each browser that has logged in.

use protocol::{AccountId, Timestamp};

use crate::hasher::PasswordHash;
use crate::identity::Identity;
use crate::passkey::{PasskeyId, PublicKey};
use crate::secret::SecretHash;

/// The number by which a session is listed and revoked. It lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub i64);

/// A session as it is stored, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's number.
    pub id: SessionId,
    /// Who has logged in.
    pub account: AccountId,
    /// When.
    pub created_at: Timestamp,
    /// The last use, to about a minute.
    pub used_at: Timestamp,
    /// When it ends unless it is used.
    pub idle_expires_at: Timestamp,
    /// When it ends however much it is used.
    pub expires_at: Timestamp,
    /// What it was opened with.
    pub device: Device,
}

impl Session {
    /// When it ends unless it is used.
    pub fn ends_at(&self) -> Timestamp {
        self.idle_expires_at.min(self.expires_at)
    }

    /// Whether it has ended.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.ends_at()
    }
}

/// A session to be stored.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Who has logged in.
    pub account: AccountId,
    /// What the login was checked against. If it is not the account's any more, or the account is
    /// disabled, there is no session.
    pub proof: Proof,
    /// The hash of the session's secret.
    pub hash: SecretHash,
    /// The hash of the secret by which the device is known from now on.
    pub device_hash: SecretHash,
    /// The session that the browser had until now, which ends.
    pub replaces: Option<SecretHash>,
    /// When.
    pub created_at: Timestamp,
    /// See [`Session::idle_expires_at`].
    pub idle_expires_at: Timestamp,
    /// See [`Session::expires_at`].
    pub expires_at: Timestamp,
    /// See [`Session::device`].
    pub device: Device,
}

/// What a login was checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The hash of a password.
    Password(PasswordHash),
    /// Somebody whom a provider has authenticated.
    Identity(Identity),
    /// A passkey, whose use is noted.
    Passkey(UsedPasskey),
}

/// A passkey whose answer was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedPasskey {
    /// Which one.
    pub id: PasskeyId,
    /// What its answer was checked against. If that is not what is stored any more, another answer came
    /// first, and this one is not proof.
    pub key: PublicKey,
    /// What its next answer is checked against.
    pub next: PublicKey,
}

/// What a browser says about itself, cleaned, for its owner to recognize it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device(String);

impl Device {
    /// The most characters.
    pub const MAX_CHARS: usize = 200;

    /// From a `User-Agent`, which anybody may fill with anything: printable ASCII only, as in all
    /// real ones, and bounded.
    pub fn from_user_agent(text: &str) -> Self {
        let printable = text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ');
        let text: String = printable.take(Self::MAX_CHARS).collect();
        Self(text.trim().to_owned())
    }

    /// The text; empty if there was none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_plain_and_bounded() {
        let clean = |text: &str| Device::from_user_agent(text).0;
        assert_eq!(clean("Mozilla/5.0 (X11; Linux)"), "Mozilla/5.0 (X11; Linux)");
        assert_eq!(clean(" a\r\nb\u{202e}\u{0}c "), "abc");
        assert_eq!(clean(&"x".repeat(9_999)).len(), Device::MAX_CHARS);
    }
}
