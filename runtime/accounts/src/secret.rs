//! Secrets that this server makes: of sessions, devices, API tokens, and the set-up code.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// A secret of 256 random bits as text. `Debug` prints `***`; there is no `Display` and no
/// comparison, because a secret is found by its hash.
///
/// This is not `provider::Secret`, which holds what a person typed into a file: that one is trimmed
/// and can be compared.
#[derive(Clone)]
pub struct Secret(String);

/// The SHA-256 of a secret: what is stored, and by which a secret is found. A plain hash is enough
/// for 256 random bits, and a lookup by it tells nothing about the secret by the time it takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretHash([u8; 32]);

/// The alphabet of base64url (RFC 4648, section 5).
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Secret {
    /// The most bytes of a text that is looked up as a secret; longer ones are nobody's.
    pub const MAX_BYTES: usize = 128;

    /// A new secret behind a prefix, which says what it is to programs that search for leaks.
    pub fn random(prefix: &str) -> Self {
        Self(format!("{prefix}{}", base64url(&random::<32>())))
    }

    /// The text itself, for the code that sends it to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The hash that is stored.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }

    pub(crate) fn from_text(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl SecretHash {
    /// The hash of a text that may be a secret.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// From the stored bytes; `None` if they are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes that are stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Base64url without padding.
fn base64url(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = (0..3).fold(0_u32, |number, at| {
            number << 8 | u32::from(three.get(at).copied().unwrap_or_default())
        });
        for at in 0..=three.len() {
            let digit = number >> (18 - 6 * at) & 63;
            text.push(char::from(BASE64URL[digit as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_differ_and_are_never_printed() {
        let (one, other) = (Secret::random("x_"), Secret::random("x_"));
        assert_eq!(one.reveal().len(), 2 + 43);
        assert!(one.reveal().starts_with("x_"));
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(format!("{one:?} {:?}", one.hash()), "*** ***");
        assert_eq!(one.hash(), SecretHash::of(one.reveal()));
    }

    #[test]
    fn the_text_is_base64url() {
        // The vectors of RFC 4648, section 10, without their padding.
        for (bytes, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")]
        {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }
}
