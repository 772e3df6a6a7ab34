//! Parses times as other programs write them.

use protocol::Timestamp;
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error, StrDeserializer};

use super::super::json::Json;

/// The last time that the product can represent, in milliseconds.
const LAST_MS: f64 = 253_402_300_799_999.0;

/// Parses seconds, milliseconds, microseconds or nanoseconds since 1970, as a number or its digits,
/// or a date. `None` if it is not a valid time.
pub(super) fn moment(value: Option<Json<'_>>) -> Option<Timestamp> {
    let value = value?;
    match value.text() {
        Some(text) => of_text(text.trim()),
        None => of_number(value.number()?),
    }
}

fn of_number(number: f64) -> Option<Timestamp> {
    // As seconds, the first bound is in the year 5138; each further bound is a thousand times
    // larger.
    let per_ms = match number {
        ..0.0 => return None,
        0.0..1e11 => 0.001,
        1e11..1e14 => 1.0,
        1e14..1e17 => 1e3,
        _ => 1e6,
    };
    let ms = number / per_ms;
    (ms <= LAST_MS).then(|| Timestamp::from_unix_ms(ms as i64))
}

fn of_text(text: &str) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<f64>() {
        return of_number(number);
    }
    let date = text.strip_suffix("UTC").unwrap_or(text).trim_end();
    let zoned = zone(date);
    let parsed = rfc3339(&zoned).or_else(|| rfc3339(&with_seconds(&zoned)?));
    parsed.filter(|at| at.unix_ms() >= 0)
}

/// Adds the time zone that RFC 3339 requires; without one, UTC is assumed.
fn zone(date: &str) -> String {
    let Some((day, time)) = date.split_once(['T', 't', ' ']) else {
        return format!("{date}T00:00:00Z");
    };
    let time = time.trim();
    let at = time.rfind(['+', '-']);
    match at {
        None if time.ends_with(['Z', 'z']) => format!("{day}T{time}"),
        None => format!("{day}T{time}Z"),
        Some(at) => {
            let (clock, offset) = (time[..at].trim_end(), &time[at..]);
            match offset.len() {
                3 => format!("{day}T{clock}{offset}:00"),
                5 if offset.is_ascii() => {
                    format!("{day}T{clock}{}:{}", &offset[..3], &offset[3..])
                }
                _ => format!("{day}T{clock}{offset}"),
            }
        }
    }
}

/// Adds seconds to `HH:MM`.
fn with_seconds(date: &str) -> Option<String> {
    date.get(..16).map(|minutes| format!("{minutes}:00{}", &date[16..]))
}

fn rfc3339(date: &str) -> Option<Timestamp> {
    let text: StrDeserializer<'_, Error> = date.into_deserializer();
    Timestamp::deserialize(text).ok()
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Document;
    use super::*;

    #[test]
    fn times_are_parsed_in_all_formats() {
        let second = "2023-11-14T22:13:20Z";
        for (text, expected) in [
            ("1700000000", Some(second)),
            ("1700000000.5", Some("2023-11-14T22:13:20.5Z")),
            ("\"1700000000\"", Some(second)),
            ("1700000000000", Some(second)),
            ("1700000000000000", Some(second)),
            ("1700000000000000000", Some(second)),
            ("\"2023-11-14T22:13:20Z\"", Some(second)),
            ("\"2023-11-14T22:13:20\"", Some(second)),
            ("\"2023-11-14 22:13:20\"", Some(second)),
            ("\"2023-11-14 22:13:20 UTC\"", Some(second)),
            ("\"2023-11-15T06:13:20.000000+08:00\"", Some(second)),
            ("\"2023-11-15T06:13:20+0800\"", Some(second)),
            ("\"2023-11-15 06:13:20 +08\"", Some(second)),
            ("\"2023-11-14T22:13Z\"", Some("2023-11-14T22:13:00Z")),
            ("\"2023-11-14T22:13\"", Some("2023-11-14T22:13:00Z")),
            ("\"2023-11-14\"", Some("2023-11-14T00:00:00Z")),
            ("0", Some("1970-01-01T00:00:00Z")),
            ("-1", None),
            ("1e300", None),
            ("\"\"", None),
            ("\"yesterday\"", None),
            ("\"1899-01-01\"", None),
            ("\"10:00:00 GMT\"", None),
            ("\"２０２３\"", None),
            ("true", None),
            ("[1]", None),
            ("NaN", None),
        ] {
            let document = Document::parse(text).unwrap();
            let found = moment(Some(document.root())).map(Timestamp::to_rfc3339);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        assert_eq!(moment(None), None);
    }
}
