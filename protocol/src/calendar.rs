//! Dates of the proleptic Gregorian calendar.
//!
//! Source: "chrono-Compatible Low-Level Date Algorithms" (H. Hinnant). Years begin in March, so
//! that the leap day is the last day of a year, and 400 years have 146,097 days.

/// The days from 0000-03-01 to 1970-01-01.
const DAYS_BEFORE: i64 = 719_468;

/// The year, month and day of month of `day`, which counts from 1970-01-01.
pub fn date_of(day: i64) -> (i64, u8, u8) {
    let day = day + DAYS_BEFORE;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march_is_0 = (5 * day + 2) / 153;
    let month = if march_is_0 < 10 { march_is_0 + 3 } else { march_is_0 - 9 };
    let day = day - (153 * march_is_0 + 2) / 5 + 1;
    (year + era * 400 + i64::from(month <= 2), month as u8, day as u8)
}

/// The inverse of [`date_of`]; `None` if there is no such date.
pub fn day_of(year: i64, month: u8, day: u8) -> Option<i64> {
    let march_year = year - i64::from(month <= 2);
    let (era, of_era) = (march_year.div_euclid(400), march_year.rem_euclid(400));
    let march_is_0 = (i64::from(month) + 9) % 12;
    let of_year = (153 * march_is_0 + 2) / 5 + i64::from(day) - 1;
    let number = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_BEFORE;
    // A day beyond the end of its month would be a day of the next one.
    (date_of(number) == (year, month, day)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::{Date, Duration, Month};

    fn known(day: i64) -> Date {
        let epoch = Date::from_calendar_date(1970, Month::January, 1).unwrap();
        epoch.checked_add(Duration::days(day)).unwrap()
    }

    /// After four hundred years, the calendar repeats.
    #[test]
    fn every_day_of_400_years_converts_both_ways() {
        let mut date = known(0);
        for day in 0..146_097 {
            let told = (i64::from(date.year()), u8::from(date.month()), date.day());
            assert_eq!(date_of(day), told);
            assert_eq!(day_of(told.0, told.1, told.2), Some(day));
            date = date.next_day().unwrap();
        }
    }

    proptest! {
        #[test]
        fn any_day_converts_like_in_a_date_library(day in -719_000_i64..2_930_000) {
            let date = known(day);
            let told = (i64::from(date.year()), u8::from(date.month()), date.day());
            prop_assert_eq!(date_of(day), told);
            prop_assert_eq!(day_of(told.0, told.1, told.2), Some(day));
        }

        #[test]
        fn a_date_that_does_not_exist_has_no_day_number(year in 0_i64..=9999, month: u8, day: u8) {
            let there_is = i32::try_from(year).ok().and_then(|year| {
                Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
            });
            prop_assert_eq!(day_of(year, month, day).is_some(), there_is.is_some());
        }
    }
}
