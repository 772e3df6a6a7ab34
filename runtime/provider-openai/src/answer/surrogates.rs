//! Parses events in which a surrogate pair is split: some servers write `\ud83d` at the end of one
//! event and `\ude00` at the beginning of the next. A half that is never completed must not make
//! the answer fail. It becomes U+FFFD, so that readers see that something is missing.

use serde_json::Value;

/// Replaces a half that is never completed.
pub(super) const LOST: char = '\u{fffd}';

/// Parses the events one after the other.
#[derive(Debug, Default)]
pub(super) struct Surrogates {
    /// The first half of a character at the end of a text of the last event. Its second half may be
    /// in the next event.
    half: Option<u16>,
    /// The first half from an earlier event, if it has not been completed yet.
    older: Option<u16>,
}

impl Surrogates {
    pub(super) fn parse(&mut self, data: &str) -> Result<Value, serde_json::Error> {
        self.older = self.half.take().or(self.older);
        // Nearly all JSON is valid. If the repair changes nothing, the original error is returned.
        serde_json::from_str(data).or_else(|error| {
            let mended = self.mend(data);
            if mended == data { Err(error) } else { serde_json::from_str(&mended) }
        })
    }

    /// Whether a half from before the last event is still incomplete. Callers have found further
    /// text in the last event, so the half is lost. A lost half is reported once.
    pub(super) fn take_lost(&mut self) -> bool {
        self.older.take().is_some()
    }

    /// Whether a half is incomplete at the end of the answer, also one in the last event.
    pub(super) fn take_rest(&mut self) -> bool {
        let half = self.half.take();
        self.take_lost() || half.is_some()
    }

    /// Replaces halves by whole characters. The whole character is put in place of its second half.
    fn mend(&mut self, data: &str) -> String {
        let (mut mended, mut rest) = (String::with_capacity(data.len()), data);
        while let Some(at) = rest.find('\\') {
            mended.push_str(&rest[..at]);
            rest = &rest[at..];
            let Some(unit) = escaped(rest) else {
                // This is another escape. It is skipped as a whole, because it may be `\\`.
                let end = rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end);
                mended.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            };
            let (escape, behind) = rest.split_at(6);
            rest = behind;
            match unit {
                0xD800..=0xDBFF => match escaped(rest) {
                    Some(0xDC00..=0xDFFF) => {
                        mended.push_str(escape);
                        mended.push_str(&rest[..6]);
                        rest = &rest[6..];
                    }
                    // A pair can be split only at the end of a text.
                    _ if rest.starts_with('"') => self.half = Some(unit),
                    _ => mended.push(LOST),
                },
                0xDC00..=0xDFFF => mended.push(self.whole(unit)),
                _ => mended.push_str(escape),
            }
        }
        mended.push_str(rest);
        mended
    }

    fn whole(&mut self, second: u16) -> char {
        let units = self.older.take().into_iter().chain([second]);
        char::decode_utf16(units).next().and_then(Result::ok).unwrap_or(LOST)
    }
}

/// The code unit of an escape such as `\ud83d` at the beginning of a text.
fn escaped(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(events: &[&str]) -> Vec<String> {
        let mut surrogates = Surrogates::default();
        let parse = |event: &&str| surrogates.parse(event).unwrap().as_str().unwrap().to_owned();
        events.iter().map(parse).collect()
    }

    #[test]
    fn a_surrogate_pair_split_over_two_events_is_joined() {
        assert_eq!(read(&[r#""a\ud83d""#, r#""\ude00b""#]), ["a", "😀b"]);
        assert_eq!(read(&[r#""\ud83d\ude00""#]), ["😀"]);
        assert_eq!(read(&[r#""\ud83d\ude00\ud83d""#, r#""\n\\ude00""#]), ["😀", "\n\\ude00"]);
        assert_eq!(read(&[r#""a\ude00""#]), ["a\u{fffd}"]);
        // An event without a text may come in between.
        assert_eq!(read(&[r#""a\ud83d""#, "\"\"", r#""\ude00b""#]), ["a", "", "😀b"]);
    }

    #[test]
    fn a_lone_surrogate_becomes_a_visible_replacement_character() {
        assert_eq!(read(&[r#""a\ud83d b""#, r#""\ud83d\n""#]), ["a\u{fffd} b", "\u{fffd}\n"]);
        let mut surrogates = Surrogates::default();
        surrogates.parse(r#""a\ud83d""#).unwrap();
        assert!(!surrogates.take_lost(), "the next event may complete it");
        surrogates.parse(r#""b""#).unwrap();
        assert!(surrogates.take_lost() && !surrogates.take_lost());
        surrogates.parse(r#""c\ud83d""#).unwrap();
        assert!(surrogates.take_rest() && !surrogates.take_rest());
    }

    #[test]
    fn other_json_errors_are_still_errors() {
        for data in ["{oops", r#""\u12"#, r#""\x""#, "\\", r#"{"a":"\ud8"#] {
            assert!(Surrogates::default().parse(data).is_err(), "{data}");
        }
    }
}
