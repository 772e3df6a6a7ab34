//! Which heading of the list a conversation stands under.

const DAY_MS: i64 = 86_400_000;

/// A stretch of days, the later the nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Day {
    /// Not by day at all: what the reader wants at the top.
    Pinned,
    Today,
    Yesterday,
    /// The seven days before, without yesterday.
    Week,
    /// The thirty days before, without that week.
    Month,
    /// A whole month, or the rest of one.
    Of {
        year: i32,
        month: u8,
    },
}

/// The number of the day of a moment, in the zone that is so many minutes ahead of UTC then.
pub fn number(unix_ms: i64, ahead_minutes: i32) -> i64 {
    (unix_ms + i64::from(ahead_minutes) * 60_000).div_euclid(DAY_MS)
}

impl Day {
    /// Of a day, as seen on `today`, both by [`number`]. What is of tomorrow, by a clock that
    /// goes otherwise, is of today.
    pub fn of(day: i64, today: i64) -> Self {
        match today - day {
            ..=0 => Self::Today,
            1 => Self::Yesterday,
            2..=7 => Self::Week,
            8..=30 => Self::Month,
            _ => {
                let (year, month) = month_of(day);
                Self::Of { year, month }
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
            Self::Of { year, month } => {
                ["day-", &year.to_string(), "-", &month.to_string()].concat()
            }
        }
    }
}

/// Year and month of a day since 1970-01-01, by the proleptic Gregorian calendar.
///
/// Source: "chrono-Compatible Low-Level Date Algorithms" (H. Hinnant): years begin in March, so
/// that the day that comes and goes is the last of one, and 400 of them have 146,097 days.
fn month_of(day: i64) -> (i32, u8) {
    let day = day + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march_is_0 = (5 * day + 2) / 153;
    let month = if march_is_0 < 10 { march_is_0 + 3 } else { march_is_0 - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (i32::try_from(year).unwrap_or(0), u8::try_from(month).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::Timestamp;

    /// 2026-03-15T12:00:00Z
    const NOON: i64 = 1_773_576_000_000;

    #[test]
    fn days_are_told_as_people_do() {
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
    fn a_day_is_of_the_readers_own_zone() {
        // 2026-03-15T15:30Z is the 16th in Tokyo, and still the 15th in New York.
        let at = NOON + 3 * 3_600_000 + 1_800_000;
        assert_eq!(number(at, 9 * 60), number(NOON, 0) + 1);
        assert_eq!(number(at, -4 * 60), number(NOON, 0));
        assert_eq!(number(-1, 0), -1);
    }

    proptest! {
        #[test]
        fn months_are_those_of_the_calendar(day in -700_000i64..2_900_000) {
            let date = Timestamp::from_unix_ms(day * DAY_MS).date_utc();
            let (year, month) = month_of(day);
            prop_assert_eq!(format!("{year:04}-{month:02}"), &date[..date.len() - 3]);
        }

        #[test]
        fn headings_stand_in_one_order(day in 0i64..2_900_000, ago in 0i64..400) {
            // The nearer of two days never stands under a heading of before.
            let rank = |day_then| match Day::of(day_then, day) {
                Day::Pinned => i64::MAX,
                Day::Today => i64::MAX - 1,
                Day::Yesterday => i64::MAX - 2,
                Day::Week => i64::MAX - 3,
                Day::Month => i64::MAX - 4,
                Day::Of { year, month } => i64::from(year) * 12 + i64::from(month),
            };
            prop_assert!(rank(day - ago) >= rank(day - ago - 1));
        }
    }
}
