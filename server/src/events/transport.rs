//! Finds out which transport a client wants for events.

use axum::http::{HeaderMap, HeaderName, header};

/// The transports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    WebSocket,
    Sse,
}

/// The transport that the headers ask for. The handshake of a WebSocket is unambiguous, so it takes
/// precedence.
pub(super) fn of(headers: &HeaderMap) -> Option<Transport> {
    if lists(headers, &header::UPGRADE, "websocket") {
        return Some(Transport::WebSocket);
    }
    lists(headers, &header::ACCEPT, "text/event-stream").then_some(Transport::Sse)
}

/// Whether a header's comma-separated list contains `word`, ignoring parameters.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let words = values.flat_map(|value| value.split(','));
    words
        .map(|entry| entry.split(';').next().unwrap_or_default().trim())
        .any(|entry| entry.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_has_to_be_asked_for() {
        for (name, value, wanted) in [
            ("upgrade", "websocket", Some(Transport::WebSocket)),
            ("upgrade", "h2c, WebSocket", Some(Transport::WebSocket)),
            ("upgrade", "h2c", None),
            ("accept", "text/event-stream", Some(Transport::Sse)),
            ("accept", "text/html, text/event-stream;q=0.9", Some(Transport::Sse)),
            ("accept", "*/*", None),
            ("accept", "application/json", None),
        ] {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())]);
            assert_eq!(of(&headers), wanted, "{name}: {value}");
        }
        assert_eq!(of(&HeaderMap::new()), None);
    }
}
