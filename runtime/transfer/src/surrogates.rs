//! Surrogates that were encoded as if each were a character. This is not valid UTF-8, but the
//! meaning is certain, and programs write emojis this way
//! (<https://github.com/mohamed-chs/convoviz/issues/69>).

use std::borrow::Cow;

/// The JSON text with such surrogates replaced by JSON escapes; the JSON parser then joins pairs to
/// characters. The error is the number of bytes before the first other byte that is not UTF-8.
pub(crate) fn escaped(bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
    let (mut text, mut from) = (String::new(), 0);
    loop {
        let error = match std::str::from_utf8(&bytes[from..]) {
            Ok(rest) if from == 0 => return Ok(Cow::Borrowed(rest)),
            Ok(rest) => {
                text.push_str(rest);
                return Ok(Cow::Owned(text));
            }
            Err(error) => error,
        };
        let at = from + error.valid_up_to();
        text.push_str(
            std::str::from_utf8(&bytes[from..at]).expect("the text is valid UTF-8 up to the error"),
        );
        let Some([0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF]) = bytes.get(at..at + 3) else {
            return Err(at);
        };
        let unit = 0xD000 | u32::from(second & 0x3F) << 6 | u32::from(third & 0x3F);
        text.push_str(&format!("\\u{unit:04x}"));
        from = at + 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_are_escaped_and_other_invalid_utf_8_is_refused() {
        assert_eq!(escaped("\u{fffd}é".as_bytes()), Ok("\u{fffd}é".into()));
        let pair = b"a\xed\xa0\xbd\xed\xb8\x82b";
        assert_eq!(escaped(pair), Ok("a\\ud83d\\ude02b".into()));
        assert_eq!(escaped(b"\xed\xa0\x80\xed\xbf\xbf"), Ok("\\ud800\\udfff".into()));
        for (bytes, before) in [(&b"ab\xfc"[..], 2), (b"\xed\xa0", 0), (b"\xed\xa0\xbd\xed\xa0", 3)]
        {
            assert_eq!(escaped(bytes), Err(before), "{bytes:?}");
        }
    }
}
