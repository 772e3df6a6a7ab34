//! Amounts of money, without rounding; on the wire a decimal number as a text, such as `"0.0123"`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The decimal places of an amount.
const PLACES: usize = 12;

/// How many of the smallest amounts are one unit of the currency.
const UNIT: u128 = 1_000_000_000_000;

/// The most digits before the decimal point.
const WHOLE_DIGITS: usize = 18;

/// An amount of a currency that the context names, in millionths of a millionth of its unit. A price
/// for a million tokens that has six decimal places thus costs a whole number for each token, so
/// that sums do not depend on their order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct Amount(u128);

/// The text is not a decimal number of at most 18 digits and 12 decimal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchAmount;

impl fmt::Display for NoSuchAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a decimal number such as 0.15")
    }
}

impl std::error::Error for NoSuchAmount {}

impl Amount {
    /// The amount for so many tokens at this price for a million. `None` if it is not a whole number
    /// of the smallest amounts for each token, which a price with more than six decimal places may
    /// be, or if it is too large.
    pub fn of_tokens(self, tokens: u64) -> Option<Self> {
        let (each, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let amount = each.checked_mul(tokens.into())?;
        (rest == 0).then_some(Self(amount))
    }

    /// The sum, or the largest amount if it would be larger.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// As people read it: with thousands grouped, and with two decimal places, or four below one
    /// unit, rounded. Below the smallest of them it begins with `<`.
    pub fn rounded(self) -> String {
        let places: u32 = if self.0 < UNIT { 4 } else { 2 };
        let step = UNIT / 10_u128.pow(places);
        if self.0 > 0 && self.0 < step {
            return format!("<{}", Self(step).rounded());
        }
        let steps = (self.0 + step / 2) / step;
        let (whole, part) = (steps / 10_u128.pow(places), steps % 10_u128.pow(places));
        let whole = crate::grouped(u64::try_from(whole).unwrap_or(u64::MAX));
        let part = format!("{part:0width$}", width = places as usize);
        // Two places are always there, as on a bill.
        let (first, more) = part.split_at(2);
        format!("{whole}.{first}{}", more.trim_end_matches('0'))
    }
}

/// Exact, without zeros at the end.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / UNIT, self.0 % UNIT);
        write!(f, "{whole}")?;
        if part > 0 {
            let part = format!("{part:0width$}", width = PLACES);
            write!(f, ".{}", part.trim_end_matches('0'))?;
        }
        Ok(())
    }
}

impl FromStr for Amount {
    type Err = NoSuchAmount;

    fn from_str(text: &str) -> Result<Self, NoSuchAmount> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str, most: usize| {
            let fits = (1..=most).contains(&text.len());
            let all = fits && text.bytes().all(|byte| byte.is_ascii_digit());
            if all { text.parse::<u128>().map_err(|_| NoSuchAmount) } else { Err(NoSuchAmount) }
        };
        let missing = PLACES.saturating_sub(part.len());
        let part = digits(part, PLACES)? * 10_u128.pow(u32::try_from(missing).unwrap_or_default());
        Ok(Self(digits(whole, WHOLE_DIGITS)? * UNIT + part))
    }
}

impl TryFrom<String> for Amount {
    type Error = NoSuchAmount;

    fn try_from(text: String) -> Result<Self, NoSuchAmount> {
        text.parse()
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> String {
        amount.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_are_decimal_numbers() {
        for text in ["0", "0.15", "3", "1234.5", "0.000000000001", "999999999999999999"] {
            assert_eq!(amount(text).to_string(), text);
        }
        for (text, exact) in [("00.10", "0.1"), ("2.000", "2")] {
            assert_eq!(amount(text).to_string(), exact);
        }
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,000", "NaN", "0.0000000000001", " 1", "１"]
        {
            assert_eq!(text.parse::<Amount>(), Err(NoSuchAmount), "{text}");
        }
    }

    /// With floating-point numbers, ten times 0.1 is not 1.
    #[test]
    fn sums_are_exact() {
        let one = (0..10).fold(Amount::default(), |sum, _| sum.plus(amount("0.1")));
        assert_eq!(one, amount("1"));
        assert_eq!(amount("0.15").of_tokens(3), Some(amount("0.00000045")));
        assert_eq!(amount("0.000001").of_tokens(1), Some(amount("0.000000000001")));
        assert_eq!(amount("0.0000001").of_tokens(1), None);
        assert_eq!(amount("999999999999999999").of_tokens(u64::MAX), None);
        let most = Amount(u128::MAX);
        assert_eq!(most.plus(amount("1")), most);
    }

    #[test]
    fn people_read_as_many_places_as_matter() {
        for (exact, shown) in [
            ("0", "0.00"),
            ("0.000049", "<0.0001"),
            ("0.0001", "0.0001"),
            ("0.00015", "0.0002"),
            ("0.1", "0.10"),
            ("0.1234567", "0.1235"),
            ("0.99999", "1.00"),
            ("1.005", "1.01"),
            ("12", "12.00"),
            ("1234567.891", "1,234,567.89"),
        ] {
            assert_eq!(amount(exact).rounded(), shown, "{exact}");
        }
    }

    proptest! {
        #[test]
        fn any_amount_is_read_as_it_was_written(whole in 0_u64..1_000_000_000_000, part in 0_u64..1_000_000_000_000) {
            let exact = Amount(u128::from(whole) * UNIT + u128::from(part));
            prop_assert_eq!(exact.to_string().parse(), Ok(exact));
        }

        #[test]
        fn tokens_can_be_counted_in_parts(price in 0_u64..1_000_000_000, a in 0_u64..1_000_000_000, b in 0_u64..1_000_000_000) {
            let price = Amount(u128::from(price) * 1_000_000);
            let parts = price.of_tokens(a).unwrap().plus(price.of_tokens(b).unwrap());
            prop_assert_eq!(price.of_tokens(a + b), Some(parts));
        }
    }
}
