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
        let starts_well = shown.chars().next().is_some_and(char::is_alphanumeric);
        match starts_well && shown.chars().all(is_allowed) && !shown.contains("  ") {
            true => Ok(Self { shown, key }),
            false => Err(NameError::Characters),
        }
    }

    /// A name as much like the text as a name can be; `None` if nothing of it is left.
    pub(crate) fn like(text: &str) -> Option<Self> {
        // Normalizing may lengthen a name, and a number may be added to it.
        const CHARS: usize = AccountName::MAX_CHARS - 8;
        let clean = |c: char| if is_allowed(c) { c } else { ' ' };
        let words: String = text.nfkc().take(4 * CHARS).map(clean).collect();
        let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
        let words = words.join(" ");
        let words = words.trim_start_matches(|c: char| !c.is_alphanumeric());
        let mut shown: String = words.chars().take(CHARS).collect();
        while !shown.is_empty() {
            match Self::parse(&shown) {
                // A lower-case letter may be longer than its capital.
                Ok(name) if name.key.chars().nth(CHARS).is_none() => return Some(name),
                _ => drop(shown.pop()),
            }
        }
        None
    }

    /// The name with a number behind it, beginning with 2; the first one is the name itself.
    pub(crate) fn numbered(&self, number: u32) -> Self {
        match number {
            ..=1 => self.clone(),
            number => Self {
                shown: format!("{}-{number}", self.shown),
                key: format!("{}-{number}", self.key),
            },
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

/// Marks may follow a letter, as in scripts that write vowels with them.
fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) || "._-@+ ".contains(c)
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
    fn a_name_from_elsewhere_is_made_acceptable() {
        let like = |text: &str| AccountName::like(text).map(|name| name.as_str().to_owned());
        for (text, name) in [
            ("ada", "ada"),
            ("  Ada \u{202e} <b>Lovelace</b>", "Ada b Lovelace b"),
            ("ada@example.org", "ada@example.org"),
            ("CORP\\ada", "CORP ada"),
            ("__ada", "ada"),
            ("山田 太郎", "山田 太郎"),
            ("Ａｄａ", "Ada"),
        ] {
            assert_eq!(like(text).as_deref(), Some(name), "{text}");
        }
        for text in ["", " ", "<>", "\u{200b}", "...", "\u{301}"] {
            assert_eq!(like(text), None, "{text:?}");
        }
        for long in ["x".repeat(9_999), "\u{fdfa}".repeat(99), "İ".repeat(99)] {
            let name = AccountName::like(&long).unwrap().numbered(1_001);
            assert_eq!(AccountName::parse(name.as_str()).unwrap().key(), name.key());
        }
        let ada = AccountName::parse("Ada").unwrap();
        assert_eq!(ada.numbered(1), ada);
        assert_eq!(ada.numbered(2), AccountName::parse("ada-2").unwrap());
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
