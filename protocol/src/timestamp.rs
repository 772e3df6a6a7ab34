//! Points in time; on the wire RFC 3339 in UTC with milliseconds.
//!
//! The conversion is written here instead of using a date library, because every browser would have
//! to download that library.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::UtcOffset;
use crate::calendar::{date_of, day_of};

const DAY_MS: i64 = 86_400_000;

/// A point in time, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = "date-time"))]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first millisecond of the year -9999, and the last one of the year 9999.
    const BOUNDS: (i64, i64) = (-377_705_116_800_000, 253_402_300_799_999);

    /// Used if a time is unknown, as in other programs' exports without times. The value is
    /// constant, since the log has to be the same at each import.
    pub const UNKNOWN: Self = Self(0);

    /// Whether the time is known.
    pub fn is_known(self) -> bool {
        self != Self::UNKNOWN
    }

    /// From milliseconds since 1970-01-01T00:00:00Z. Times outside the years -9999 to 9999 become
    /// the epoch.
    pub fn from_unix_ms(ms: i64) -> Self {
        let (first, last) = Self::BOUNDS;
        Self(if (first..=last).contains(&ms) { ms } else { 0 })
    }

    /// Like [`Self::from_unix_ms`], but a time outside these years becomes the first or the last one.
    pub(crate) fn nearest(ms: i64) -> Self {
        let (first, last) = Self::BOUNDS;
        Self(ms.clamp(first, last))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_ms(self) -> i64 {
        self.0
    }

    /// Milliseconds since `earlier`; 0 if the clock went backwards.
    pub fn ms_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0 - earlier.0).unwrap_or(0)
    }

    /// RFC 3339, as on the wire; empty before the year 0, which RFC 3339 cannot express.
    pub fn to_rfc3339(self) -> String {
        if self.date().0 < 0 {
            return String::new();
        }
        let seconds = two(self.of_day(1000, 60));
        let mut text = [&self.date_utc(), "T", &self.clock_utc(), ":", &seconds].concat();
        let ms = self.0.rem_euclid(1000);
        if ms > 0 {
            let thousandths = (1000 + ms).to_string();
            text.push('.');
            text.push_str(thousandths[1..].trim_end_matches('0'));
        }
        text.push('Z');
        text
    }

    /// `HH:MM` on a clock with this UTC offset.
    pub fn clock_at(self, offset: UtcOffset) -> String {
        self.moved(offset).clock_utc()
    }

    /// `YYYY-MM-DD` on a clock with this UTC offset.
    pub fn date_at(self, offset: UtcOffset) -> String {
        self.moved(offset).date_utc()
    }

    fn moved(self, offset: UtcOffset) -> Self {
        Self::from_unix_ms(self.0.saturating_add(i64::from(offset.minutes()) * 60_000))
    }

    /// `HH:MM`, in UTC.
    pub fn clock_utc(self) -> String {
        [&two(self.of_day(3_600_000, 24)), ":", &two(self.of_day(60_000, 60))].concat()
    }

    /// `YYYY-MM-DD`, in UTC.
    pub fn date_utc(self) -> String {
        let (year, month, day) = self.date();
        format!("{year:04}-{}-{}", two(month.into()), two(day.into()))
    }

    fn date(self) -> (i64, u8, u8) {
        date_of(self.0.div_euclid(DAY_MS))
    }

    /// The number of whole units of `unit_ms` milliseconds, modulo `of`.
    fn of_day(self, unit_ms: i64, of: i64) -> i64 {
        self.0.div_euclid(unit_ms).rem_euclid(of)
    }

    /// Parses RFC 3339 with any UTC offset; digits beyond the milliseconds are ignored.
    fn parse(text: &str) -> Option<Self> {
        let mut rest = Reader(text.as_bytes());
        let (year, month) = (rest.number(4)?, rest.behind(b"-")?);
        let day = rest.behind(b"-")?;
        let hour = rest.behind(b"Tt ")?;
        let (minute, second) = (rest.behind(b":")?, rest.behind(b":")?);
        let ms = if rest.sign(b".").is_some() { rest.thousandths()? } else { 0 };
        let ahead_minutes = match rest.sign(b"Zz+-")? {
            sign @ (b'+' | b'-') => {
                let (hours, minutes) = (rest.number(2)?, rest.behind(b":")?);
                let ahead = (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)?;
                if sign == b'+' { ahead } else { -ahead }
            }
            _ => 0,
        };
        let whole = rest.0.is_empty() && hour < 24 && minute < 60 && second < 60;
        let day = day_of(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        let minutes = hour * 60 + minute - ahead_minutes;
        let at = day? * DAY_MS + (minutes * 60 + second) * 1000 + ms;
        whole.then(|| Self::from_unix_ms(at))
    }
}

/// The rest of the text that is being parsed.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Consumes a byte, which must be one of `signs`.
    fn sign(&mut self, signs: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        let found = signs.contains(first).then_some(*first)?;
        self.0 = rest;
        Some(found)
    }

    /// Consumes a number with this many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| {
            Some(number * 10 + i64::from(self.sign(b"0123456789")? - b'0'))
        })
    }

    /// Consumes one of `signs` and a number of two digits.
    fn behind(&mut self, signs: &[u8]) -> Option<i64> {
        self.sign(signs)?;
        self.number(2)
    }

    /// Consumes the digits of a fraction: at least one, of which the first three count.
    fn thousandths(&mut self) -> Option<i64> {
        let mut ms = self.number(1)? * 100;
        let mut worth = 10;
        while let Some(digit) = self.number(1) {
            ms += digit * worth;
            worth /= 10;
        }
        Some(ms)
    }
}

/// The last two digits of a number below 100, with a leading zero.
fn two(number: i64) -> String {
    (100 + number).to_string().split_off(1)
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_rfc3339();
        if text.is_empty() {
            return Err(ser::Error::custom("a moment before the year 0"));
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a moment of RFC 3339"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    #[test]
    fn the_wire_form_is_rfc_3339_with_milliseconds() {
        let at = Timestamp::from_unix_ms(1_763_800_000_123);
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(json, "\"2025-11-22T08:26:40.123Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
        assert_eq!(at.unix_ms(), 1_763_800_000_123);
        assert_eq!((at.date_utc().as_str(), at.clock_utc().as_str()), ("2025-11-22", "08:26"));
    }

    #[test]
    fn the_time_since_a_later_timestamp_is_zero() {
        let (a, b) = (Timestamp::from_unix_ms(5), Timestamp::from_unix_ms(9));
        assert_eq!((b.ms_since(a), a.ms_since(b)), (4, 0));
    }

    #[test]
    fn timestamps_are_limited_to_the_years_that_rfc_3339_can_write() {
        let (first, last) = Timestamp::BOUNDS;
        for (ms, kept) in [(first, true), (first - 1, false), (last, true), (last + 1, false)] {
            assert_eq!(Timestamp::from_unix_ms(ms).unix_ms() == ms, kept, "{ms}");
        }
        assert_eq!(Timestamp::from_unix_ms(last).to_rfc3339(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_unix_ms(first).to_rfc3339(), "");
        assert!(serde_json::to_string(&Timestamp::from_unix_ms(first)).is_err());
    }

    #[test]
    fn times_with_an_offset_are_converted_to_utc() {
        for (text, utc) in [
            ("2026-03-01T00:30:00.5+01:00", "2026-02-28T23:30:00.5Z"),
            ("2026-02-28 22:59:59.123999-00:30", "2026-02-28T23:29:59.123Z"),
            ("2024-02-29t00:00:00z", "2024-02-29T00:00:00Z"),
        ] {
            let read: Timestamp = serde_json::from_str(&format!("{text:?}")).unwrap();
            assert_eq!(read.to_rfc3339(), utc);
        }
    }

    #[test]
    fn invalid_times_are_refused() {
        for text in [
            "",
            "2026",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00Zz",
            "2026-01-01T00:00:00+24:00",
            "2026-1-01T00:00:00Z",
            "+026-01-01T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn times_are_formatted_and_parsed_like_in_a_date_library(ms in -62_167_219_200_000_i64..253_402_300_800_000) {
            let nanos = i128::from(ms) * 1_000_000;
            let known = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap();
            let (at, text) = (Timestamp::from_unix_ms(ms), known.format(&Rfc3339).unwrap());
            prop_assert_eq!(at.to_rfc3339(), text.clone());
            prop_assert_eq!(Timestamp::parse(&text), Some(at));
        }

        #[test]
        fn parsing_never_panics_and_agrees_with_a_date_library(text in "[-+:.TZ0-9 é]{0,30}") {
            if let Some(read) = Timestamp::parse(&text) {
                let known = OffsetDateTime::parse(&text, &Rfc3339).map(OffsetDateTime::unix_timestamp);
                prop_assert_eq!(known.ok(), Some(read.unix_ms().div_euclid(1000)));
            }
        }
    }
}
