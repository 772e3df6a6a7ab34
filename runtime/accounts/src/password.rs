//! Which passwords are accepted.
//!
//! The rules are those of NIST SP 800-63B (section 5.1.1.2 in revision 3, 3.1.1.2 in revision 4):
//! a length, all characters, no rules of composition, no truncation, and no password that attackers
//! try first.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use crate::account::AccountName;

/// The passwords of at least [`NewPassword::MIN_CHARS`] characters that people choose most, in lower case, one a line.
const COMMON: &str = include_str!("password/common.txt");

/// The longest run that a password may be made of by repeating it, such as `abcabcabcabc`.
const REPEATED_CHARS: usize = 4;

/// The characters that follow each other in lists and on keyboards.
const SEQUENCES: [&str; 5] = [
    "0123456789012345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
];

/// A password as somebody typed it to log in. `Debug` prints `***`.
#[derive(Clone)]
pub struct Password {
    text: String,
    /// Whether it was longer than any password. Then there is no text, so that it is none's, and an
    /// attempt with it costs no more than others.
    is_too_long: bool,
}

/// A password that was chosen and follows the rules.
#[derive(Clone, Debug)]
pub struct NewPassword(Password);

/// Why a password is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It has fewer than [`NewPassword::MIN_CHARS`].
    #[error("the password has fewer than {} characters", NewPassword::MIN_CHARS)]
    Short,
    /// It has more than [`NewPassword::MAX_CHARS`].
    #[error("the password has more than {} characters", NewPassword::MAX_CHARS)]
    Long,
    /// It is among those that attackers try first: common ones, repetitions, sequences, and the
    /// names of the account and of this program.
    #[error("the password is one that is guessed first")]
    Common,
}

impl Password {
    /// Takes the text as it is, white space included, and composes its accents (NFC), so that it is
    /// the same from every keyboard.
    pub fn new(text: &str) -> Self {
        let is_too_long = text.len() > 4 * NewPassword::MAX_CHARS;
        let text = if is_too_long { String::new() } else { text.nfc().collect() };
        Self { text, is_too_long }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl NewPassword {
    /// The fewest characters. Composition is not asked for; length is what makes a password strong.
    pub const MIN_CHARS: usize = 10;
    /// The most characters.
    pub const MAX_CHARS: usize = 1_000;

    /// Checks a password that was chosen for an account with this name.
    pub fn parse(text: &str, name: &AccountName) -> Result<Self, PasswordError> {
        Self::choose(Password::new(text), name)
    }

    /// Like [`Self::parse`].
    pub fn choose(password: Password, name: &AccountName) -> Result<Self, PasswordError> {
        match password.text.chars().count() {
            _ if password.is_too_long => Err(PasswordError::Long),
            ..Self::MIN_CHARS => Err(PasswordError::Short),
            count if count > Self::MAX_CHARS => Err(PasswordError::Long),
            _ if is_guessed_first(&password.text, name) => Err(PasswordError::Common),
            _ => Ok(Self(password)),
        }
    }

    pub(crate) fn as_password(&self) -> &Password {
        &self.0
    }
}

fn is_guessed_first(password: &str, name: &AccountName) -> bool {
    let lower = password.to_lowercase();
    let bare = lower.trim();
    let without_digits = bare.trim_end_matches(|c: char| c.is_ascii_digit() || c == '!');
    COMMON.lines().any(|common| common == bare)
        || without_digits == name.key()
        || without_digits == "companion"
        || is_repetition(bare)
        || is_sequence(bare)
}

fn is_repetition(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=REPEATED_CHARS)
        .any(|length| chars.iter().zip(chars.iter().skip(length)).all(|(a, b)| a == b))
}

fn is_sequence(text: &str) -> bool {
    let backwards: String = text.chars().rev().collect();
    SEQUENCES.iter().any(|sequence| sequence.contains(text) || sequence.contains(&backwards))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(), PasswordError> {
        NewPassword::parse(text, &AccountName::parse("adalovelace").unwrap()).map(drop)
    }

    /// NIST SP 800-63B: each code point is a character, spaces are kept, and there are no rules of
    /// composition.
    #[test]
    fn only_length_decides() {
        for good in [
            "correct horse",
            "  x  y  zed ",
            "tresblaireau",
            "パスワードは長いほうがいい",
            "🦀🦞🦐🦑🐙🐚🐟🐠🐡🐬",
        ] {
            assert_eq!(parse(good), Ok(()), "{good}");
        }
        assert_eq!(parse("short one"), Err(PasswordError::Short));
        assert_eq!(parse("パスワードは長い"), Err(PasswordError::Short));
        let long: String = "correct horse battery staple ".chars().cycle().take(1_001).collect();
        assert_eq!(parse(&long[..1_000]), Ok(()));
        assert_eq!(parse(&long), Err(PasswordError::Long));
        assert_eq!(parse(&"é".repeat(1 << 20)), Err(PasswordError::Long));
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for bad in [
            "password123",
            "Password123",
            "1q2w3e4r5t",
            " password123 ",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "1234567890",
            "0987654321",
            "qwertyuiop",
            "AdaLovelace",
            "adalovelace2026!",
            "companion123",
        ] {
            assert_eq!(parse(bad), Err(PasswordError::Common), "{bad}");
        }
    }

    #[test]
    fn the_list_is_in_the_form_that_it_is_compared_in() {
        for line in COMMON.lines() {
            assert_eq!(line, line.trim().to_lowercase());
            assert!(line.chars().count() >= NewPassword::MIN_CHARS, "{line}");
        }
        assert!(COMMON.lines().count() > 100);
    }

    #[test]
    fn accents_are_composed_and_nothing_is_printed() {
        let (one, other) =
            (Password::new("cafe\u{301} au lait"), Password::new("caf\u{e9} au lait"));
        assert_eq!(one.as_bytes(), other.as_bytes());
        assert_eq!(format!("{one:?}"), "***");
        let name = AccountName::parse("ada").unwrap();
        let chosen = NewPassword::parse("correct horse", &name).unwrap();
        assert_eq!(format!("{chosen:?}"), "NewPassword(***)");
    }
}
