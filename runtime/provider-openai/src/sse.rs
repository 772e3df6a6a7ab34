//! Decodes Server-Sent Events: bytes in, events out, in bounded memory.
//!
//! Pure; see the event stream of the HTML standard, section 9.2.6. Bytes may be split anywhere,
//! lines end with LF, CRLF or CR, and comments and unknown fields are skipped. One field beyond the
//! standard is supported: llama.cpp until late 2025 sent an error in the middle of a stream as
//! `error: {...}` and then ended the stream normally
//! (<https://github.com/ggml-org/llama.cpp/pull/16109>). It becomes an ordinary event, `{"error":
//! {...}}`. This is written here because the existing crates (such as `eventsource-stream`, which
//! async-openai uses) buffer a line of any length.

use serde::de::IgnoredAny;

/// How many bytes of an event that is too long are kept, so that its kind can be recognized.
const BEGINNING_BYTES: usize = 1024;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The most bytes of an event's name. No known name is longer.
const NAME_BYTES: usize = 64;

/// An item of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Data(String),
    /// An event that is longer than the decoder's bound: its name in quotation marks, if it has
    /// one, and the beginning of its data. The rest of it is skipped.
    TooLong(String),
}

/// Decodes bytes into the data of events.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// Invariant: `line` and `data` together never hold more than this.
    max_bytes: usize,
    /// The current line, without its end.
    line: Vec<u8>,
    /// The data lines of the current event, each with its line feed.
    data: String,
    /// The name of the current event.
    name: String,
    /// Whether the last byte was a CR that ended a line: a LF right after it belongs to it.
    after_cr: bool,
    /// Whether the current event is too long. Then its bytes are dropped, and `line` only marks
    /// that the current line is not empty.
    skips: bool,
}

impl Decoder {
    pub(crate) fn new(max_bytes: usize) -> Self {
        let (line, data) = (Vec::new(), String::new());
        let name = String::new();
        Self { max_bytes, line, data, name, after_cr: false, skips: false }
    }

    /// Decodes the next bytes. Adds the events that they complete to `events`, and those that
    /// become too long with them.
    pub(crate) fn push(&mut self, mut bytes: &[u8], events: &mut Vec<Event>) {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if !self.skips && self.line.len() + self.data.len() + part.len() > self.max_bytes {
                events.push(Event::TooLong(self.beginning(part)));
                self.data.clear();
                self.skips = true;
            }
            if !self.skips {
                self.line.extend_from_slice(part);
            } else if !part.is_empty() {
                self.line.clear();
                self.line.push(b' ');
            }
            bytes = rest;
            if let Some((end, rest)) = rest.split_first() {
                self.after_cr = *end == b'\r';
                bytes = rest;
                self.end_line(events);
            }
        }
    }

    /// The data of an event whose lines are complete but whose empty line never came.
    ///
    /// The standard drops it. But many servers forget the last empty line, and some do not end
    /// their last line (<https://github.com/ikawrakow/ik_llama.cpp/pull/467>), so it is kept. A
    /// line that was cut short is dropped.
    pub(crate) fn end(mut self) -> Option<String> {
        if self.skips {
            return None;
        }
        let line = String::from_utf8_lossy(&self.line);
        let data = line.strip_prefix("data:").map(str::trim).unwrap_or_default();
        if data == "[DONE]" || serde_json::from_str::<IgnoredAny>(data).is_ok() {
            self.end_line(&mut Vec::new());
        }
        self.take_event()
    }

    fn beginning(&self, part: &[u8]) -> String {
        let known = [self.data.as_bytes(), &self.line, part];
        let bytes: Vec<u8> = known.into_iter().flatten().take(BEGINNING_BYTES).copied().collect();
        let beginning = String::from_utf8_lossy(&bytes);
        match self.name.as_str() {
            "" => beginning.into_owned(),
            name => format!("\"{name}\" {beginning}"),
        }
    }

    fn end_line(&mut self, events: &mut Vec<Event>) {
        if self.skips {
            self.skips = !self.line.is_empty();
            if !self.skips {
                self.name.clear();
            }
            self.line.clear();
            return;
        }
        let line = std::mem::take(&mut self.line);
        // The standard allows a byte order mark only before the first line. Streams that were
        // concatenated have more of them.
        let line = String::from_utf8_lossy(line.strip_prefix(BOM).unwrap_or(&line));
        if line.is_empty() {
            events.extend(self.take_event().map(Event::Data));
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" if value.len() <= NAME_BYTES => value.clone_into(&mut self.name),
            "data" => self.data.extend([value, "\n"]),
            "error" => self.data.extend(["{\"error\":", value, "}\n"]),
            _ => {}
        }
    }

    fn take_event(&mut self) -> Option<String> {
        self.name.clear();
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
            decoder.push(part, &mut events);
        }
        events.extend(decoder.end().map(Event::Data));
        let data = |event| match event {
            Event::Data(data) => data,
            Event::TooLong(beginning) => panic!("{beginning} is too long"),
        };
        events.into_iter().map(data).collect()
    }

    #[test]
    fn lines_may_end_with_lf_crlf_or_cr() {
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
    fn line_ends_may_be_mixed_and_other_separators_are_text() {
        for (stream, expected) in [
            ("data: a\r\n\n\r\ndata: b\n\r\n", &["a", "b"] as &[_]),
            ("data: a\r\rdata: b\r\r", &["a", "b"]),
            ("data: a\u{2028}b\u{85}c\n\n", &["a\u{2028}b\u{85}c"]),
            ("data: a\n\n\u{feff}data: b\n\n", &["a", "b"]),
            ("data:[DONE]\n\n", &["[DONE]"]),
            ("data:a\n\ndata:  b\n\n", &["a", " b"]),
        ] {
            assert_eq!(decode([stream.as_bytes()]), expected, "{stream:?}");
            assert_eq!(decode(stream.as_bytes().chunks(1)), expected, "{stream:?}");
        }
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
    fn at_the_end_only_complete_lines_and_values_are_kept() {
        assert_eq!(decode([b"data: [DONE]\n" as &[u8]]), ["[DONE]"]);
        assert_eq!(decode([b"data: [DONE]" as &[u8]]), ["[DONE]"]);
        assert_eq!(decode([b"data: a\n\ndata:{\"a\":1}" as &[u8]]), ["a", "{\"a\":1}"]);
        assert_eq!(decode([b"data: {\"cut" as &[u8]]), [] as [&str; 0]);
    }

    #[test]
    fn a_too_long_event_is_skipped_and_never_buffered() {
        let long =
            [b"data: {\"type\":\"".to_vec(), vec![b'x'; 5000], b"\"}\n\ndata: b\n\n".to_vec()];
        let lines = [b"data: 12345678\n".repeat(200), b"\ndata: b\n\n".to_vec()];
        for (stream, beginning) in
            [(long.concat(), "data: {\"type\":\"xxx"), (lines.concat(), "12345678\n")]
        {
            for size in [1, 7, stream.len()] {
                let (mut decoder, mut events) = (Decoder::new(1000), Vec::new());
                decoder.push(b"event: x\r\ndata: a\r\n\r\n", &mut events);
                for part in stream.chunks(size) {
                    decoder.push(part, &mut events);
                    assert!(decoder.line.len() + decoder.data.len() <= 1001);
                }
                let [first, Event::TooLong(told), last] = &events[..] else { panic!("{events:?}") };
                assert!(told.starts_with(beginning) && told.len() <= BEGINNING_BYTES, "{told}");
                let data = |data: &str| Event::Data(data.to_owned());
                assert_eq!((first, last), (&data("a"), &data("b")));
            }
        }
        let (mut decoder, mut events) = (Decoder::new(1000), Vec::new());
        decoder.push(&[b"event: some\ndata: ", [b'x'; 2000].as_slice()].concat(), &mut events);
        assert!(
            matches!(&events[..], [Event::TooLong(told)] if told.starts_with("\"some\" data: x"))
        );
        let mut decoder = Decoder::new(1000);
        decoder.push(&[b"data: ", [b'x'; 2000].as_slice()].concat(), &mut Vec::new());
        assert_eq!(decoder.end(), None);
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
        fn the_events_do_not_depend_on_how_the_bytes_are_split(stream in stream(), cuts in prop::collection::vec(0usize..200, 0..20)) {
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
