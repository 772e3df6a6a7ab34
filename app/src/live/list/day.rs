//! The day headings of the list.

use protocol::{Timestamp, calendar};

const DAY_MS: i64 = 86_400_000;

/// A heading: a range of days, or a group without days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Day {
    /// Pinned conversations, whatever their day.
    Pinned,
    Today,
    Yesterday,
    /// The seven days before today, without yesterday.
    Week,
    /// The thirty days before today, without that week.
    Month,
    /// Conversations whose time is unknown, because their import has none.
    Undated,
    /// A calendar month, or the rest of one.
    Of {
        year: i32,
        month: u8,
    },
}

/// The number of a point in time's day, in a zone that is `ahead_minutes` ahead of UTC then.
pub fn number(unix_ms: i64, ahead_minutes: i32) -> i64 {
    (unix_ms + i64::from(ahead_minutes) * 60_000).div_euclid(DAY_MS)
}

/// Today, and a function from a time to its day, both in the reader's time zone.
pub(super) fn local() -> (i64, impl Fn(Timestamp) -> i64) {
    #[cfg(feature = "browser")]
    let day_of = |ms: i64| {
        let zone = js_sys::Date::new(&(ms as f64).into()).get_timezone_offset();
        number(ms, -zone as i32)
    };
    #[cfg(not(feature = "browser"))]
    let day_of = |ms: i64| number(ms, 0);
    #[cfg(feature = "browser")]
    let now = js_sys::Date::now() as i64;
    #[cfg(not(feature = "browser"))]
    let now = 0;
    (day_of(now), move |at: Timestamp| day_of(at.unix_ms()))
}

impl Day {
    /// The heading of a day as seen on `today`, both by [`number`]. A later day counts as today,
    /// because the clock that set it may be ahead.
    pub fn of(day: i64, today: i64) -> Self {
        match today - day {
            ..=0 => Self::Today,
            1 => Self::Yesterday,
            2..=7 => Self::Week,
            8..=30 => Self::Month,
            _ => {
                let (year, month, _) = calendar::date_of(day);
                Self::Of { year: i32::try_from(year).unwrap_or_default(), month }
            }
        }
    }

    /// The heading's id in the page.
    pub fn id(self) -> String {
        match self {
            Self::Pinned => "day-pinned".to_owned(),
            Self::Today => "day-today".to_owned(),
            Self::Yesterday => "day-yesterday".to_owned(),
            Self::Week => "day-week".to_owned(),
            Self::Month => "day-month".to_owned(),
            Self::Undated => "day-undated".to_owned(),
            Self::Of { year, month } => {
                ["day-", &year.to_string(), "-", &month.to_string()].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-03-15T12:00:00Z
    const NOON: i64 = 1_773_576_000_000;

    #[test]
    fn each_age_in_days_has_its_heading() {
        let today = number(NOON, 0);
        for (days, expected) in [
            (-1, Day::Today),
            (0, Day::Today),
            (1, Day::Yesterday),
            (2, Day::Week),
            (7, Day::Week),
            (8, Day::Month),
            (30, Day::Month),
            (31, Day::Of { year: 2026, month: 2 }),
            (43, Day::Of { year: 2026, month: 1 }),
            (74, Day::Of { year: 2025, month: 12 }),
            (75, Day::Of { year: 2025, month: 12 }),
        ] {
            assert_eq!(Day::of(today - days, today), expected, "{days} days ago");
        }
    }

    #[test]
    fn days_are_computed_in_the_readers_time_zone() {
        // 2026-03-15T15:30Z is the 16th in Tokyo, and still the 15th in New York.
        let at = NOON + 3 * 3_600_000 + 1_800_000;
        assert_eq!(number(at, 9 * 60), number(NOON, 0) + 1);
        assert_eq!(number(at, -4 * 60), number(NOON, 0));
        assert_eq!(number(-1, 0), -1);
    }

    proptest! {
        #[test]
        fn headings_are_in_chronological_order(day in 0i64..2_900_000, ago in 0i64..400) {
            // Of two days, the later one never has the heading of an earlier range.
            let rank = |day_then| match Day::of(day_then, day) {
                Day::Pinned => i64::MAX,
                Day::Today => i64::MAX - 1,
                Day::Yesterday => i64::MAX - 2,
                Day::Week => i64::MAX - 3,
                Day::Month => i64::MAX - 4,
                Day::Undated => unreachable!("a day is a date"),
                Day::Of { year, month } => i64::from(year) * 12 + i64::from(month),
            };
            prop_assert!(rank(day - ago) >= rank(day - ago - 1));
        }
    }
}
