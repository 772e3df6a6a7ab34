//! API tokens: for programs, which send them in `Authorization: Bearer`.

use protocol::{AccountId, Timestamp};

use crate::label;
use crate::secret::SecretHash;

/// The number by which a token is listed and revoked. It lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(pub i64);

/// A token as it is stored, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// The token's number.
    pub id: TokenId,
    /// The account for which it acts.
    pub account: AccountId,
    /// The name that its owner gave it.
    pub name: TokenName,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The last use, to about a minute.
    pub used_at: Option<Timestamp>,
}

/// A token to be stored.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// See [`ApiToken::account`].
    pub account: AccountId,
    /// See [`ApiToken::name`].
    pub name: TokenName,
    /// The hash of the secret.
    pub hash: SecretHash,
    /// See [`ApiToken::scopes`].
    pub scopes: Scopes,
    /// See [`ApiToken::created_at`].
    pub created_at: Timestamp,
    /// See [`ApiToken::expires_at`].
    pub expires_at: Timestamp,
}

/// What the owner calls a token: 1 to 64 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    /// The most characters.
    pub const MAX_CHARS: usize = 64;

    /// `None` if the text is no such name.
    pub fn parse(text: &str) -> Option<Self> {
        label::parse(text, Self::MAX_CHARS).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a token allows. Each is allowed by itself: `write` does not include `read`, and `admin`
/// needs an account that is an owner, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Reading conversations.
    pub read: bool,
    /// Sending messages and changing conversations.
    pub write: bool,
    /// Accounts, endpoints and settings.
    pub admin: bool,
}

impl Scopes {
    const NAMES: [&str; 3] = ["read", "write", "admin"];

    /// Reads names with spaces between them, as in OAuth (RFC 6749, section 3.3). `None` if there
    /// is none or an unknown one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut scopes = Self::default();
        for name in text.split(' ') {
            match name {
                "read" => scopes.read = true,
                "write" => scopes.write = true,
                "admin" => scopes.admin = true,
                _ => return None,
            }
        }
        Some(scopes)
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has = [self.read, self.write, self.admin];
        let names: Vec<&str> = Self::NAMES
            .into_iter()
            .zip(has)
            .filter(|(_, has)| *has)
            .map(|(name, _)| name)
            .collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_closed_set() {
        for text in ["read", "write", "admin", "read write", "read write admin"] {
            assert_eq!(Scopes::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "all", "read  write", "read,write", "READ"] {
            assert_eq!(Scopes::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_is_short_and_printable() {
        assert_eq!(TokenName::parse(" backup job ").unwrap().as_str(), "backup job");
        for text in ["", "  ", "a\nb", &"x".repeat(65)] {
            assert_eq!(TokenName::parse(text), None, "{text:?}");
        }
    }
}
