//! Checks that the headers of a request declare a JSON body.

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};

/// Why a body is not accepted as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The `Content-Type` is missing, there twice, or another one. This also keeps other sites out:
    /// without a CORS preflight their pages can send `text/plain`, but not `application/json` (the
    /// safelisted request headers of the Fetch standard).
    Type,
    /// The `charset` is not UTF-8, as JSON has to be (RFC 8259, section 8.1).
    Charset,
    /// The body has a `Content-Encoding`, which is not supported.
    Encoding,
}

/// Checks the headers of a request with a body.
pub fn check(headers: &HeaderMap) -> Result<(), Wrong> {
    let media = one(headers, &CONTENT_TYPE).flatten().ok_or(Wrong::Type)?;
    let mut parts = media.split(';').map(str::trim);
    if !is_json(parts.next().unwrap_or_default()) {
        return Err(Wrong::Type);
    }
    let charset = |part: &str| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"').to_owned())
    };
    if parts.filter_map(charset).any(|name| !name.eq_ignore_ascii_case("utf-8")) {
        return Err(Wrong::Charset);
    }
    match one(headers, &CONTENT_ENCODING) {
        Some(None) => Ok(()),
        Some(Some(coding)) if coding.trim().eq_ignore_ascii_case("identity") => Ok(()),
        _ => Err(Wrong::Encoding),
    }
}

/// Whether a media type is `application/json` or has the suffix `+json` (RFC 6839).
fn is_json(essence: &str) -> bool {
    let essence = essence.to_ascii_lowercase();
    let kind = essence.strip_prefix("application/").unwrap_or_default();
    kind == "json" || kind.strip_suffix("+json").is_some_and(|name| !name.is_empty())
}

/// The value of a header, and `Some(None)` if it is missing. `None` if there are several or it is
/// not ASCII text.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => value.to_str().ok().map(Some),
        (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_headers_that_declare_json_in_utf_8_are_accepted() {
        let coded =
            |coding| vec![("content-type", "application/json"), ("content-encoding", coding)];
        for (headers, checked) in [
            (vec![("content-type", "application/json")], Ok(())),
            (vec![("content-type", "Application/JSON; charset=UTF-8")], Ok(())),
            (vec![("content-type", "application/json;charset=\"utf-8\"")], Ok(())),
            (vec![("content-type", "application/merge-patch+json")], Ok(())),
            (coded("identity"), Ok(())),
            (vec![], Err(Wrong::Type)),
            (vec![("content-type", "")], Err(Wrong::Type)),
            (vec![("content-type", "text/plain")], Err(Wrong::Type)),
            (vec![("content-type", "text/json")], Err(Wrong::Type)),
            (vec![("content-type", "text/plain; application/json")], Err(Wrong::Type)),
            (vec![("content-type", "application/jsonl")], Err(Wrong::Type)),
            (vec![("content-type", "application/+json")], Err(Wrong::Type)),
            (vec![("content-type", "application/json, text/plain")], Err(Wrong::Type)),
            (
                vec![("content-type", "application/json"), ("content-type", "text/plain")],
                Err(Wrong::Type),
            ),
            (vec![("content-type", "application/json; charset=utf-16")], Err(Wrong::Charset)),
            (vec![("content-type", "application/json; charset=shift_jis")], Err(Wrong::Charset)),
            (coded("gzip"), Err(Wrong::Encoding)),
            (coded("identity, br"), Err(Wrong::Encoding)),
        ] {
            let mut sent = HeaderMap::new();
            for (name, value) in &headers {
                sent.append(HeaderName::from_static(name), value.parse().unwrap());
            }
            assert_eq!(check(&sent), checked, "{headers:?}");
        }
    }
}
