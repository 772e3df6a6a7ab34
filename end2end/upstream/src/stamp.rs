//! Tokens that carry the time at which the endpoint wrote them, for measurements.
//!
//! Each token has the same number of bytes, so a reader finds token `n` at byte
//! `n * TOKEN_BYTES`, however the text was cut into pieces on its way.

use std::io::Write as _;

use rustix::time::{ClockId, clock_gettime};

/// The length of a token in bytes.
pub const TOKEN_BYTES: usize = 22;

/// After this many tokens comes a new paragraph, so that the text is rendered like an answer and
/// not like one endless paragraph.
const PARAGRAPH: u32 = 25;

/// The digits of the time.
const DIGITS: usize = 16;

/// The time by a clock that all processes of the machine share and that is never set, in
/// microseconds.
pub fn now_us() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000 + now.tv_nsec.cast_unsigned() / 1000
}

/// Token number `n` of an answer, written at `at_us`.
pub fn token(n: u32, at_us: u64) -> [u8; TOKEN_BYTES] {
    let mut token = *b"0000000000000000 word ";
    if (n + 1).is_multiple_of(PARAGRAPH) {
        token[DIGITS..].copy_from_slice(b" end\n\n");
    }
    write!(&mut token[..DIGITS], "{at_us:0DIGITS$}").expect("a time in microseconds has 16 digits");
    token
}

/// The time at which a token was written, in microseconds; `None` if this is no token.
pub fn written_at(token: &[u8]) -> Option<u64> {
    let digits = token.get(..DIGITS)?;
    digits.iter().try_fold(0_u64, |time, digit| {
        digit.is_ascii_digit().then(|| time * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_when_it_was_written() {
        let before = now_us();
        for n in [0, 24, 25] {
            let token = token(n, before);
            assert_eq!(written_at(&token), Some(before));
            assert_eq!(token.ends_with(b"\n\n"), n == 24);
        }
        assert_eq!(written_at(b"You said: hello, world"), None);
        assert_eq!(written_at(b"1"), None);
        assert!(now_us() >= before);
    }
}
