//! The code with which the first owner is made: pure, the time is passed in.

use protocol::Timestamp;

use crate::secret::{Secret, SecretHash, random};

/// Letters and digits that are not mistaken for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The characters of a code: 80 random bits.
const CHARS: usize = 16;

/// A code that is valid for a while, once, and for a limited number of attempts.
#[derive(Debug)]
pub struct SetUpCode {
    hash: SecretHash,
    expires_at: Timestamp,
    attempts_left: u32,
}

/// Why a code is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetUpError {
    /// It is another code.
    #[error("the set-up code is wrong")]
    Wrong,
    /// There is none, it has expired, or there were too many attempts; the server prints a new one
    /// at its next start.
    #[error("the set-up code is not valid any more")]
    Void,
}

impl SetUpCode {
    /// For how long a code is valid.
    pub const VALID_MS: i64 = 15 * 60 * 1000;

    /// How many wrong codes make it void. With 80 bits, guessing is hopeless anyway; the limit is
    /// high enough that strangers do not reach it before the owner has typed the code, since their
    /// attempts are delayed as well.
    pub const ATTEMPTS: u32 = 100;

    /// A new code and its text, in groups of four.
    pub fn new(now: Timestamp) -> (Self, Secret) {
        let bytes: [u8; CHARS] = random();
        // 256 is a multiple of 32, so each character is as likely as the others.
        let text: String =
            bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        let code = Self {
            hash: SecretHash::of(&text),
            expires_at: Timestamp::from_unix_ms(now.unix_ms().saturating_add(Self::VALID_MS)),
            attempts_left: Self::ATTEMPTS,
        };
        let groups: Vec<&str> = (0..CHARS).step_by(4).map(|at| &text[at..at + 4]).collect();
        (code, Secret::from_text(groups.join("-")))
    }

    /// Checks what somebody typed; lower case, hyphens and spaces do not matter.
    pub fn check(&mut self, now: Timestamp, typed: &str) -> Result<(), SetUpError> {
        if now >= self.expires_at || self.attempts_left == 0 {
            return Err(SetUpError::Void);
        }
        let typed: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .take(2 * CHARS)
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            })
            .collect();
        if SecretHash::of(&typed) == self.hash {
            return Ok(());
        }
        self.attempts_left -= 1;
        Err(SetUpError::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    #[test]
    fn a_code_is_valid_for_fifteen_minutes_as_it_is_typed() {
        let (mut code, text) = SetUpCode::new(at(1_000));
        let text = text.reveal();
        assert_eq!(text.len(), 19);
        let last = at(1_000 + 15 * 60_000 - 1);
        for typed in [text.to_owned(), text.to_lowercase(), text.replace('-', " ")] {
            assert_eq!(code.check(last, &typed), Ok(()));
        }
        assert_eq!(code.check(at(1_000 + 15 * 60_000), text), Err(SetUpError::Void));
    }

    #[test]
    fn attempts_are_limited() {
        let (mut code, text) = SetUpCode::new(at(0));
        for _ in 0..SetUpCode::ATTEMPTS {
            assert_eq!(code.check(at(1), "WRONG"), Err(SetUpError::Wrong));
        }
        assert_eq!(code.check(at(1), text.reveal()), Err(SetUpError::Void));
    }
}
