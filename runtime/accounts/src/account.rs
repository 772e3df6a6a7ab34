//! Accounts and their names.

use protocol::{AccountId, AccountRole, Timestamp};
use unicode_normalization::UnicodeNormalization as _;

use crate::hasher::PasswordHash;

/// An account as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account's number.
    pub id: AccountId,
    /// The name that a person logs in with.
    pub name: AccountName,
    /// What the account may do beside using its own conversations.
    pub role: AccountRole,
    /// Whether nobody can use it any more; its conversations stay.
    pub disabled: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// `None` if it cannot log in with a password.
    pub password: Option<PasswordHash>,
}

/// The name of an account, as it was given and as it is compared.
#[derive(Clone, Debug)]
pub struct AccountName {
    shown: String,
    key: String,
}

/// Why a text cannot be the name of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left after the white space around it.
    #[error("the name is empty")]
    Empty,
    /// It has more than [`AccountName::MAX_CHARS`].
    #[error("the name is longer than {} characters", AccountName::MAX_CHARS)]
    Long,
    /// It has a character that is no letter, digit, or one of `. _ - @ +`, or a single space.
    #[error("the name has characters other than letters, digits and . _ - @ +")]
    Characters,
}

impl AccountName {
    /// The most characters of a name.
    pub const MAX_CHARS: usize = 64;

    /// Reads a name. Names that differ only in case, width or the composition of accents are the
    /// same name, so that nobody can be mistaken for another by them.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        // A few characters may expand when they are normalized, so the length is checked twice.
        if text.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(NameError::Long);
        }
        let shown: String = text.nfkc().collect();
        let key: String = shown.to_lowercase().nfkc().collect();
        if shown.is_empty() {
            return Err(NameError::Empty);
        }
        if [&shown, &key].iter().any(|text| text.chars().nth(Self::MAX_CHARS).is_some()) {
            return Err(NameError::Long);
        }
        // Marks may follow a letter, as in scripts that write vowels with them.
        let allowed = |c: char| {
            c.is_alphanumeric()
                || unicode_normalization::char::is_combining_mark(c)
                || "._-@+ ".contains(c)
        };
        let starts_well = shown.chars().next().is_some_and(char::is_alphanumeric);
        match starts_well && shown.chars().all(allowed) && !shown.contains("  ") {
            true => Ok(Self { shown, key }),
            false => Err(NameError::Characters),
        }
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The form by which names are compared.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for AccountName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for AccountName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_width_and_composition() {
        let name = |text| AccountName::parse(text).unwrap();
        for (one, other) in
            [("Ada", " ada "), ("Jos\u{e9}", "jose\u{301}"), ("Ａｄａ", "ada"), ("ΣΑΣ", "σας")]
        {
            assert_eq!(name(one), name(other), "{one}");
        }
        assert_eq!(name("Ada Lovelace").as_str(), "Ada Lovelace");
        assert_ne!(name("ada"), name("adam"));
    }

    #[test]
    fn unclear_names_are_refused() {
        for (text, error) in [
            ("", NameError::Empty),
            (" \t", NameError::Empty),
            ("a\u{202e}b", NameError::Characters),
            ("a\u{200b}b", NameError::Characters),
            ("a  b", NameError::Characters),
            ("a\nb", NameError::Characters),
            ("<b>", NameError::Characters),
            ("-rf", NameError::Characters),
            ("\u{301}a", NameError::Characters),
        ] {
            assert_eq!(AccountName::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(AccountName::parse(&"x".repeat(65)), Err(NameError::Long));
        // One character that becomes eighteen.
        assert_eq!(AccountName::parse(&"\u{fdfa}".repeat(64)), Err(NameError::Long));
        assert!(AccountName::parse(&"x".repeat(64)).is_ok());
    }
}
