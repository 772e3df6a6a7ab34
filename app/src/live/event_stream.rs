//! Parses Server-Sent Events as this server writes them
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>): lines end in a line feed,
//! and each event has one line of data. Pure.

/// The most bytes of a line: a snapshot of long messages has some megabytes.
const LINE_BYTES: usize = 64 << 20;

/// Assembles lines from the bytes of a stream.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
}

impl Decoder {
    /// The data of the events that these bytes complete; `None` if the stream is not one of this
    /// server.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Vec<String>> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.line.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if let Some(data) = line.strip_prefix(b"data:") {
                let data = data.strip_prefix(b" ").unwrap_or(data);
                events.push(String::from_utf8(data.to_vec()).ok()?);
            }
        }
        self.line.extend_from_slice(rest);
        (self.line.len() <= LINE_BYTES).then_some(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_parsed_however_the_bytes_are_split() {
        let stream = ": ping\n\nevent: snapshot\nid: a\ndata: {\"a\":\"日\"}\n\nevent: event\r\ndata:{}\r\n\r\n";
        for size in 1..=stream.len() {
            let mut decoder = Decoder::default();
            let pieces = stream.as_bytes().chunks(size);
            let events: Vec<_> = pieces.flat_map(|piece| decoder.push(piece).unwrap()).collect();
            assert_eq!(events, ["{\"a\":\"日\"}", "{}"], "{size}");
        }
    }

    #[test]
    fn invalid_utf_8_is_not_an_event_stream() {
        assert_eq!(Decoder::default().push(b"data: \xff\n"), None);
    }
}
