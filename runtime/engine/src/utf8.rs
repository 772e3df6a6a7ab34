//! Assembles whole characters from the bytes of tokens, which may end within a character. Pure.

/// The bytes of a character that is not complete yet: at most three.
#[derive(Debug, Default)]
pub(crate) struct Utf8 {
    rest: Vec<u8>,
}

impl Utf8 {
    /// Adds the bytes of a token and returns the characters that are complete now. Bytes that can
    /// never be part of a character become U+FFFD.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    self.rest.clear();
                    return text;
                }
                Err(error) => {
                    let (valid, after) = self.rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    let Some(bad) = error.error_len() else {
                        self.rest = after.to_vec();
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.rest = after[bad..].to_vec();
                }
            }
        }
    }

    /// Ends the text; an incomplete character becomes one U+FFFD.
    pub(crate) fn finish(self) -> Option<char> {
        (!self.rest.is_empty()).then_some(char::REPLACEMENT_CHARACTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_character_waits_for_its_last_byte() {
        let mut utf8 = Utf8::default();
        let [a, b, c, d] = *"🙂".as_bytes() else { unreachable!() };
        assert_eq!(utf8.push(&[b'x', a]), "x");
        assert_eq!(utf8.push(&[b, c]), "");
        assert_eq!(utf8.push(&[d, b'y']), "🙂y");
        assert_eq!(utf8.finish(), None);
    }

    #[test]
    fn incomplete_characters_are_replaced() {
        let mut utf8 = Utf8::default();
        assert_eq!(utf8.push(&[0xff, b'a', 0xe6, b'b']), "\u{fffd}a\u{fffd}b");
        assert_eq!(utf8.push(&[0xe6, 0x97]), "");
        assert_eq!(utf8.finish(), Some('\u{fffd}'));
    }

    proptest! {
        #[test]
        fn bytes_split_anywhere_decode_like_the_whole(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            cuts in proptest::collection::vec(0usize..40, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut utf8 = Utf8::default();
            let mut text: String = cuts.windows(2).map(|w| utf8.push(&bytes[w[0]..w[1]])).collect();
            text.extend(utf8.finish());
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }
    }
}
