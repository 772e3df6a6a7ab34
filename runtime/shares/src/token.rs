//! The part of a share's address that nobody can guess.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// 128 random bits as 32 hexadecimal digits. `Debug` prints `***`, because whoever has the token can
/// read the share.
///
/// Hexadecimal, although base64url would be shorter: programs that find links in texts leave out
/// `-` or `_` at the end of one.
#[derive(Clone, PartialEq, Eq)]
pub struct ShareToken(String);

/// The SHA-256 of a token, by which a share is looked up. The time of a lookup by the token itself
/// could tell how much of a guess is right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl ShareToken {
    /// The digits of a token.
    pub const DIGITS: usize = 32;

    /// A new token from the operating system's random bytes.
    pub fn random() -> Self {
        let mut bytes = [0; Self::DIGITS / 2];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// Reads a token; `None` for every text that is none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_token = text.len() == Self::DIGITS && text.bytes().all(is_digit);
        is_token.then(|| Self(text.to_owned()))
    }

    /// The digits, for the owner and the store.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The hash by which the share is looked up.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(&self.0).into())
    }
}

impl fmt::Debug for ShareToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl TokenHash {
    /// The bytes that are stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_are_never_printed_and_have_one_form() {
        let (one, other) = (ShareToken::random(), ShareToken::random());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(format!("{one:?}"), "***");
        assert_eq!(ShareToken::parse(one.reveal()), Some(one.clone()));
        assert!(one.hash() != other.hash());
        let upper = one.reveal().to_uppercase() + "A";
        for wrong in ["", "0", &one.reveal()[1..], &upper[1..], &format!("{}0", one.reveal())] {
            assert_eq!(ShareToken::parse(wrong), None, "{wrong}");
        }
    }
}
