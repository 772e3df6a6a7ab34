//! Moments in time, on the wire as RFC 3339 in UTC with milliseconds.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A moment, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = "date-time"))]
pub struct Timestamp(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

impl Timestamp {
    /// From milliseconds since 1970-01-01T00:00:00Z; what lies outside the years
    /// -9999 to 9999 becomes the epoch.
    pub fn from_unix_ms(ms: i64) -> Self {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
            .map_or(Self(OffsetDateTime::UNIX_EPOCH), Self)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_ms(self) -> i64 {
        self.0.unix_timestamp() * 1000 + i64::from(self.0.millisecond())
    }

    /// Milliseconds from `earlier` to here; 0 when a clock went backwards.
    pub fn ms_since(self, earlier: Self) -> u64 {
        u64::try_from(self.unix_ms() - earlier.unix_ms()).unwrap_or(0)
    }

    /// RFC 3339, as on the wire.
    pub fn to_rfc3339(self) -> String {
        self.0.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
    }

    /// `HH:MM`, in UTC.
    pub fn clock_utc(self) -> String {
        format!("{:02}:{:02}", self.0.hour(), self.0.minute())
    }

    /// `YYYY-MM-DD`, in UTC.
    pub fn date_utc(self) -> String {
        let (year, month, day) = (self.0.year(), u8::from(self.0.month()), self.0.day());
        format!("{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_clock_that_went_backwards_gives_zero() {
        let (a, b) = (Timestamp::from_unix_ms(5), Timestamp::from_unix_ms(9));
        assert_eq!((b.ms_since(a), a.ms_since(b)), (4, 0));
    }
}
