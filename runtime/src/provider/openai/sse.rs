//! Server-Sent Events: bytes in, events out, in bounded memory.
//!
//! Pure; see the event stream of the HTML standard, section 9.2.6. Bytes may be split
//! anywhere, lines end with LF, CRLF or CR, comments and unknown fields are skipped. One
//! field is known beyond the standard: llama.cpp until late 2025 told of an error in the
//! middle of a stream as `error: {...}` and then ended it as if all were well
//! (<https://github.com/ggml-org/llama.cpp/pull/16109>); it becomes an ordinary event,
//! `{"error": {...}}`.
//! Written here because the crates of this field (`eventsource-stream`, which async-openai
//! uses, among them) buffer a line for as long as the other side cares to send it.

use serde::de::IgnoredAny;

/// An event was longer than the decoder was told to bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event has more than {max_bytes} bytes")]
pub(super) struct TooLong {
    pub(super) max_bytes: usize,
}

/// Turns bytes into the data of events.
#[derive(Debug)]
pub(super) struct Decoder {
    /// Invariant: `line` and `data` together never hold more than this.
    max_bytes: usize,
    /// The line that has not ended.
    line: Vec<u8>,
    /// The data lines of the event that has not ended, each with its line feed.
    data: String,
    /// The last byte ended a line and was a CR: a LF right after it belongs to it.
    after_cr: bool,
    /// No line has ended yet; the first may begin with a byte order mark.
    first_line: bool,
}

impl Decoder {
    pub(super) fn new(max_bytes: usize) -> Self {
        let (line, data) = (Vec::new(), String::new());
        Self { max_bytes, line, data, after_cr: false, first_line: true }
    }

    /// Takes the next bytes and adds the data of each event that they complete to `events`.
    /// After an error the decoder is of no more use.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        events: &mut Vec<String>,
    ) -> Result<(), TooLong> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + self.data.len() + part.len() > self.max_bytes {
                return Err(TooLong { max_bytes: self.max_bytes });
            }
            self.line.extend_from_slice(part);
            bytes = rest;
            if let Some((end, rest)) = rest.split_first() {
                self.after_cr = *end == b'\r';
                bytes = rest;
                self.end_line(events);
            }
        }
        Ok(())
    }

    /// The data of an event whose lines are complete but whose empty line never came.
    ///
    /// The standard drops it; servers that forget the last empty line are common enough
    /// to keep it, and so are those that do not end their last line
    /// (<https://github.com/ikawrakow/ik_llama.cpp/pull/467>). A line that was cut short is dropped.
    pub(super) fn end(mut self) -> Option<String> {
        let line = String::from_utf8_lossy(&self.line);
        let data = line.strip_prefix("data:").map(str::trim).unwrap_or_default();
        if data == "[DONE]" || serde_json::from_str::<IgnoredAny>(data).is_ok() {
            self.end_line(&mut Vec::new());
        }
        self.take_event()
    }

    fn end_line(&mut self, events: &mut Vec<String>) {
        let line = std::mem::take(&mut self.line);
        let bom: &[u8] = if std::mem::take(&mut self.first_line) { b"\xEF\xBB\xBF" } else { b"" };
        let line = String::from_utf8_lossy(line.strip_prefix(bom).unwrap_or(&line));
        if line.is_empty() {
            events.extend(self.take_event());
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => self.data.extend([value, "\n"]),
            "error" => self.data.extend(["{\"error\":", value, "}\n"]),
            _ => {}
        }
    }

    fn take_event(&mut self) -> Option<String> {
        let mut data = std::mem::take(&mut self.data);
        data.pop().map(|_line_feed| data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let (mut decoder, mut events) = (Decoder::new(1000), Vec::new());
        for part in parts {
            decoder.push(part, &mut events).unwrap();
        }
        events.extend(decoder.end());
        events
    }

    #[test]
    fn lines_end_in_three_ways() {
        let stream: &[u8] = b"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata:d\n\r\n";
        assert_eq!(decode([stream]), ["a", "b", "c", "d"]);
    }

    #[test]
    fn comments_unknown_fields_and_events_without_data_are_skipped() {
        let stream: &[u8] =
            b"\xEF\xBB\xBF: hello\nid: 7\nevent: x\nretry: 5\nfoo\ndata: a\n\n:\n\nevent: y\n\ndata\n\n";
        assert_eq!(decode([stream]), ["a", ""]);
    }

    #[test]
    fn an_error_field_is_an_error_object() {
        let stream: &[u8] = b"error: {\"code\":400}\n\ndata: [DONE]\n\n";
        assert_eq!(decode([stream]), [r#"{"error":{"code":400}}"#, "[DONE]"]);
    }

    #[test]
    fn data_lines_are_joined_and_one_space_is_dropped() {
        assert_eq!(decode([b"data:  a\ndata:b\r\ndata:c\rdata:d\n\n" as &[u8]]), [" a\nb\nc\nd"]);
    }

    #[test]
    fn the_end_keeps_complete_lines_only() {
        assert_eq!(decode([b"data: [DONE]\n" as &[u8]]), ["[DONE]"]);
        assert_eq!(decode([b"data: [DONE]" as &[u8]]), ["[DONE]"]);
        assert_eq!(decode([b"data: a\n\ndata:{\"a\":1}" as &[u8]]), ["a", "{\"a\":1}"]);
        assert_eq!(decode([b"data: {\"cut" as &[u8]]), [] as [&str; 0]);
    }

    #[test]
    fn a_long_event_is_an_error_before_it_is_held() {
        for event in [vec![b'x'; 2000], b"data: 12345678\n".repeat(200)] {
            let mut decoder = Decoder::new(1000);
            let pushed = event.iter().try_for_each(|byte| {
                assert!(decoder.line.len() + decoder.data.len() <= 1001);
                decoder.push(&[*byte], &mut Vec::new())
            });
            assert_eq!(pushed, Err(TooLong { max_bytes: 1000 }));
        }
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("data: ".to_owned()),
            Just(": comment".to_owned()),
            Just("\r".to_owned()),
            Just("\n".to_owned()),
            Just("\r\n".to_owned()),
            "[a-z:日本語🙂 ]{0,6}",
        ];
        let text = prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat());
        prop_oneof![
            4 => text.prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..60),
        ]
    }

    proptest! {
        #[test]
        fn splits_do_not_matter(stream in stream(), cuts in prop::collection::vec(0usize..200, 0..20)) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < stream.len()).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let parts = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]);
            let whole = decode([stream.as_slice()]);
            prop_assert_eq!(decode(parts), whole.clone());
            prop_assert_eq!(decode(stream.chunks(1)), whole);
        }
    }
}
