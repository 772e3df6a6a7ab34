//! The UTC offset of a clock.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many minutes a clock is ahead of UTC, or behind it if negative: from UTC-12 to UTC+14. The
/// default is UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i16", into = "i16")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = i16, minimum = -720, maximum = 840))]
pub struct UtcOffset(i16);

/// No clock on earth has this offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchOffset;

impl fmt::Display for NoSuchOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected minutes from -720 to 840")
    }
}

impl std::error::Error for NoSuchOffset {}

impl UtcOffset {
    /// The minutes ahead of UTC.
    pub fn minutes(self) -> i16 {
        self.0
    }
}

impl TryFrom<i16> for UtcOffset {
    type Error = NoSuchOffset;
    fn try_from(minutes: i16) -> Result<Self, NoSuchOffset> {
        if (-720..=840).contains(&minutes) { Ok(Self(minutes)) } else { Err(NoSuchOffset) }
    }
}

impl From<UtcOffset> for i16 {
    fn from(offset: UtcOffset) -> i16 {
        offset.0
    }
}

/// In the usual form: `UTC`, `UTC+9`, `UTC-3:30`.
impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes) = (self.0.unsigned_abs() / 60, self.0.unsigned_abs() % 60);
        let sign = if self.0 < 0 { "-" } else { "+" };
        match (hours, minutes) {
            (0, 0) => f.write_str("UTC"),
            (_, 0) => write!(f, "UTC{sign}{hours}"),
            _ => write!(f, "UTC{sign}{hours}:{minutes:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn only_offsets_that_time_zones_have_are_accepted() {
        for minutes in [-720, -210, 0, 540, 840] {
            assert!(UtcOffset::try_from(minutes).is_ok(), "{minutes}");
        }
        for minutes in [-721, 841, i16::MIN, i16::MAX] {
            assert!(UtcOffset::try_from(minutes).is_err(), "{minutes}");
        }
    }

    #[test]
    fn dates_and_times_are_shown_with_the_offset() {
        let at = Timestamp::from_unix_ms(1_763_757_000_000);
        let seen = |minutes: i16| {
            let offset = UtcOffset::try_from(minutes).unwrap();
            format!("{} {} {offset}", at.date_at(offset), at.clock_at(offset))
        };
        assert_eq!(seen(0), "2025-11-21 20:30 UTC");
        assert_eq!(seen(540), "2025-11-22 05:30 UTC+9");
        assert_eq!(seen(-210), "2025-11-21 17:00 UTC-3:30");
    }
}
