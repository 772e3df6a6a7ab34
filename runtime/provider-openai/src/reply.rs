//! Recognizes the kind of body that a response has; pure.
//!
//! Some servers send streams as `text/plain` or `application/octet-stream`, and some send whole
//! answers although streaming was requested. So the first bytes decide, unless the media type says
//! that the body is a stream of events.

use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use serde::de::IgnoredAny;
use serde_json::Value;

/// The kinds of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Events,
    Json,
    Compressed,
    Other,
}

/// The beginnings of lines in a stream of events.
const FIELDS: [&[u8]; 6] = [b"data:", b"event:", b"id:", b"retry:", b"error:", b":"];

/// The first bytes of gzip and Zstandard.
const COMPRESSED: [&[u8]; 2] = [&[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd]];

/// Whether the head announces a stream of events. A body without a media type counts as one.
pub(crate) fn says_events(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).map(|value| value.as_bytes().to_ascii_lowercase());
    media.is_none_or(|media| media.starts_with(b"text/event-stream"))
}

/// Whether the head announces a compressed body, although the request asked for none.
pub(crate) fn says_compressed(headers: &HeaderMap) -> bool {
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes().trim_ascii());
    encoding.is_some_and(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
}

/// Whether a response comes from a proxy and not from the endpoint: from squid, from tinyproxy, or
/// one with the field of RFC 9209.
pub(crate) fn is_of_proxy(headers: &HeaderMap) -> bool {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_ascii_lowercase()
    };
    headers.contains_key("x-squid-error")
        || text("server").starts_with("tinyproxy")
        || text("proxy-status").contains("error=")
        || headers.contains_key("proxy-authenticate")
}

/// The kind of a body by its first bytes. `None` if more bytes are needed.
pub(crate) fn kind(first: &[u8]) -> Option<Kind> {
    if COMPRESSED.iter().any(|mark| first.starts_with(mark)) {
        return Some(Kind::Compressed);
    }
    let marks = COMPRESSED.iter().chain(&[b"\xEF\xBB\xBF" as &[u8]]);
    if marks.into_iter().any(|mark| mark.starts_with(first)) {
        return None;
    }
    let text = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first).trim_ascii_start();
    if text.is_empty()
        || FIELDS.iter().any(|field| field.len() > text.len() && field.starts_with(text))
    {
        return None;
    }
    Some(match text[0] {
        b'{' | b'[' => Kind::Json,
        _ if FIELDS.iter().any(|field| text.starts_with(field)) => Kind::Events,
        _ => Kind::Other,
    })
}

/// The JSON texts of a body: a single one, or one in each line. Empty if it is not JSON.
///
/// They are not parsed into values here, since that would fail for half of a surrogate pair.
pub(crate) fn events(body: &[u8]) -> Vec<String> {
    let body = String::from_utf8_lossy(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body));
    let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    if is_json(&body) {
        return vec![body.into_owned()];
    }
    let lines: Vec<_> = body.lines().filter(|line| !line.trim().is_empty()).collect();
    if !lines.iter().all(|line| is_json(line)) {
        return Vec::new();
    }
    lines.into_iter().map(str::to_owned).collect()
}

/// Whether a JSON text has choices, or the fields of the Responses API, so that it is an answer or
/// a part of one.
pub(crate) fn is_answer(event: &str) -> bool {
    match serde_json::from_str::<Value>(event) {
        Ok(value) => {
            let kind = value["type"].as_str().unwrap_or_default();
            value["choices"].as_array().is_some_and(|choices| !choices.is_empty())
                || value["output"].is_array()
                || kind.starts_with("response.")
        }
        Err(_) => event.contains("\"choices\"") || event.contains("\"output\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_body_is_recognized_by_its_first_bytes() {
        for (first, expected) in [
            (b"data: {}" as &[u8], Some(Kind::Events)),
            (b"\xEF\xBB\xBF\n: ping", Some(Kind::Events)),
            (b"event", None),
            (b"", None),
            (b"\xEF\xBB", None),
            // DeepSeek keeps a connection alive with blank lines.
            (b"\n\n", None),
            (b"\n\n{\"choices\"", Some(Kind::Json)),
            (b"[{\"error\"", Some(Kind::Json)),
            (b"<html>", Some(Kind::Other)),
            (b"date: now", Some(Kind::Other)),
            (b"\x1f\x8b\x08", Some(Kind::Compressed)),
            (b"\x1f", None),
            (b"\x28\xb5\x2f\xfd", Some(Kind::Compressed)),
        ] {
            assert_eq!(kind(first), expected, "{first:?}");
        }
    }

    #[test]
    fn a_whole_answer_is_one_event_and_json_lines_are_several() {
        let whole = br#"
            {"object":"chat.completion","choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#;
        let [event] = &events(whole)[..] else { panic!() };
        assert!(is_answer(event));
        assert_eq!(events(b"{\"a\":1}\n\n{\"b\":2}\r\n").len(), 2);
        assert!(events(b"{\"a\":1}\nno").is_empty());
        assert!(!is_answer(r#"{"choices":[]}"#));
        assert!(is_answer(r#"{"choices":[{"message":{"content":"\ud83d"}}]}"#));
    }
}
