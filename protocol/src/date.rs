//! Calendar dates on a reader's clock; on the wire `YYYY-MM-DD`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::calendar::{date_of, day_of};
use crate::{Timestamp, UtcOffset};

const DAY_MS: i64 = 86_400_000;

/// A date of the years 0 to 9999, without a time zone: its first and last moments depend on the
/// clock that it is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = "date"))]
pub struct Date(i64);

/// The text is not a date of the form `YYYY-MM-DD`, or there is no such day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchDate;

impl fmt::Display for NoSuchDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a date such as 2026-11-28")
    }
}

impl std::error::Error for NoSuchDate {}

impl Date {
    /// 0000-01-01, the earliest date that four digits of a year can express.
    pub const FIRST: Self = Self(-719_528);

    /// 9999-12-31, the latest one.
    pub const LAST: Self = Self(2_932_896);

    /// The date on a clock with this offset.
    pub fn of(at: Timestamp, offset: UtcOffset) -> Self {
        Self::nearest(at.unix_ms().saturating_add(shift_ms(offset)).div_euclid(DAY_MS))
    }

    /// Its first millisecond on a clock with this offset.
    pub fn first_moment(self, offset: UtcOffset) -> Timestamp {
        Timestamp::nearest(self.0 * DAY_MS - shift_ms(offset))
    }

    /// Its last millisecond on a clock with this offset.
    pub fn last_moment(self, offset: UtcOffset) -> Timestamp {
        Timestamp::nearest((self.0 + 1) * DAY_MS - 1 - shift_ms(offset))
    }

    /// The date so many days before this one.
    pub fn days_before(self, days: u32) -> Self {
        Self::nearest(self.0 - i64::from(days))
    }

    /// The first day of its month.
    pub fn first_of_month(self) -> Self {
        let (.., day) = date_of(self.0);
        Self(self.0 - i64::from(day) + 1)
    }

    /// The first day of its year.
    pub fn first_of_year(self) -> Self {
        let (year, ..) = date_of(self.0);
        Self(day_of(year, 1, 1).expect("each year has a first day"))
    }

    fn nearest(day: i64) -> Self {
        Self(day.clamp(Self::FIRST.0, Self::LAST.0))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Date {
    type Err = NoSuchDate;

    fn from_str(text: &str) -> Result<Self, NoSuchDate> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return Err(NoSuchDate) };
        let number = |part: &str, digits: usize| {
            let fits = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            if fits { part.parse::<u16>().map_err(|_| NoSuchDate) } else { Err(NoSuchDate) }
        };
        let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
        let small = |number: u16| u8::try_from(number).map_err(|_| NoSuchDate);
        day_of(year.into(), small(month)?, small(day)?).map(Self).ok_or(NoSuchDate)
    }
}

impl TryFrom<String> for Date {
    type Error = NoSuchDate;

    fn try_from(text: String) -> Result<Self, NoSuchDate> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> String {
        date.to_string()
    }
}

/// How far a clock with this offset is ahead of UTC.
fn shift_ms(offset: UtcOffset) -> i64 {
    i64::from(offset.minutes()) * 60_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn offset(minutes: i16) -> UtcOffset {
        UtcOffset::try_from(minutes).unwrap()
    }

    #[test]
    fn only_whole_dates_of_the_calendar_are_read() {
        for text in ["0000-01-01", "1970-01-01", "2024-02-29", "2026-11-28", "9999-12-31"] {
            assert_eq!(date(text).to_string(), text);
        }
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-11-28T00:00:00Z",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "26-01-01",
            "2026-1-01",
            "+026-01-01",
            "2026-01-0é",
            "-026-01-01",
            "2026/01/01",
            "today",
        ] {
            assert_eq!(text.parse::<Date>(), Err(NoSuchDate), "{text}");
        }
    }

    #[test]
    fn the_bounds_are_the_first_and_the_last_date_that_can_be_read() {
        assert_eq!((date("0000-01-01"), date("9999-12-31")), (Date::FIRST, Date::LAST));
        assert_eq!(Date::FIRST.days_before(1), Date::FIRST);
        // Where the last moments are beyond those that a time can have, they are the last one.
        let last = Date::LAST;
        assert_eq!(last.last_moment(offset(-720)), last.last_moment(offset(0)));
        assert!(last.first_moment(offset(-720)) < last.last_moment(offset(-720)));
    }

    #[test]
    fn a_day_begins_and_ends_by_the_readers_clock() {
        for minutes in [-720, -210, 0, 540, 840] {
            let (day, offset) = (date("2026-11-28"), offset(minutes));
            let (first, last) = (day.first_moment(offset), day.last_moment(offset));
            assert_eq!(first.date_at(offset), "2026-11-28");
            assert_eq!(first.clock_at(offset), "00:00");
            assert_eq!(last.ms_since(first), 86_399_999);
            for at in [first, last] {
                assert_eq!(Date::of(at, offset), day);
            }
            let before = Timestamp::from_unix_ms(first.unix_ms() - 1);
            assert_eq!(Date::of(before, offset), day.days_before(1));
        }
    }

    #[test]
    fn months_and_years_have_a_first_day() {
        for (text, month, year) in [
            ("2026-11-28", "2026-11-01", "2026-01-01"),
            ("2024-02-29", "2024-02-01", "2024-01-01"),
            ("2026-01-01", "2026-01-01", "2026-01-01"),
        ] {
            assert_eq!(date(text).first_of_month(), date(month));
            assert_eq!(date(text).first_of_year(), date(year));
        }
        assert_eq!(date("2026-03-01").days_before(1), date("2026-02-28"));
    }
}
