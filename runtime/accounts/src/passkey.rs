//! Passkeys: keys of a person's devices, by which an account can be used without a password.
//!
//! This crate stores them and decides whose login they are. What a key's answer has to look like, the
//! crate `passkeys` knows.

use std::fmt;

use protocol::{AccountId, Timestamp};

use crate::secret::random;

/// The number by which a passkey is listed and removed. It lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PasskeyId(pub i64);

/// The identifier that the authenticator gave to a passkey, and by which it is found.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CredentialId(Vec<u8>);

impl CredentialId {
    /// The most bytes that an identifier may have (WebAuthn, section 4, "credential ID").
    pub const MAX_BYTES: usize = 1_023;

    /// `None` if no authenticator makes such an identifier.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (1..=Self::MAX_BYTES).contains(&bytes.len()).then(|| Self(bytes.to_vec()))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// It says which device somebody has, so it is not printed.
impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// By what an authenticator knows an account: random bytes, which say nothing about the account, so
/// that a device that was found tells no name or number (WebAuthn, section 14.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserHandle([u8; 16]);

impl UserHandle {
    /// A new handle.
    pub fn random() -> Self {
        Self(random())
    }

    /// `None` if these are no 16 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for UserHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What an answer of a passkey is checked against: its public key, and the counter of its signatures.
/// A text in the form of the crate `passkeys`, which nobody else reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(String);

impl PublicKey {
    /// From its stored form.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The stored form.
    pub fn as_stored(&self) -> &str {
        &self.0
    }
}

/// What the owner calls a passkey: 1 to 64 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyName(String);

impl PasskeyName {
    /// The most characters.
    pub const MAX_CHARS: usize = 64;

    /// `None` if the text is no such name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_name = !text.is_empty()
            && text.chars().nth(Self::MAX_CHARS).is_none()
            && !text.chars().any(char::is_control);
        is_name.then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A passkey as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The passkey's number.
    pub id: PasskeyId,
    /// Whose account it opens.
    pub account: AccountId,
    /// See [`NewPasskey::credential`].
    pub credential: CredentialId,
    /// See [`NewPasskey::handle`].
    pub handle: UserHandle,
    /// See [`NewPasskey::host`].
    pub host: String,
    /// See [`NewPasskey::name`].
    pub name: PasskeyName,
    /// See [`NewPasskey::key`].
    pub key: PublicKey,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody last logged in with it.
    pub used_at: Option<Timestamp>,
}

/// A passkey to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPasskey {
    /// The identifier of the authenticator.
    pub credential: CredentialId,
    /// By what the authenticator knows the account.
    pub handle: UserHandle,
    /// The name of this server for which it was made. Under another name browsers do not offer it.
    pub host: String,
    /// What its owner calls it.
    pub name: PasskeyName,
    /// What its answers are checked against.
    pub key: PublicKey,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A passkey's answer that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckedAnswer {
    /// It is the passkey's. What its next answer is checked against comes with it.
    Right(PublicKey),
    /// It is not, or it is no answer to what was asked.
    Wrong,
    /// It is the passkey's, but its counter has not increased: somebody may have a copy of the key.
    Copied,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_identifiers_are_bounded() {
        assert_eq!(PasskeyName::parse("  Phone ").unwrap().as_str(), "Phone");
        for text in ["", "  ", "a\nb", &"x".repeat(65)] {
            assert_eq!(PasskeyName::parse(text), None, "{text:?}");
        }
        assert!(PasskeyName::parse(&"鍵".repeat(64)).is_some());
        assert_eq!(CredentialId::from_bytes(&[]), None);
        assert_eq!(CredentialId::from_bytes(&[0; 1_024]), None);
        assert!(CredentialId::from_bytes(&[0; 1_023]).is_some());
        assert_ne!(UserHandle::random(), UserHandle::random());
    }
}
