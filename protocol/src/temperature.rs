//! How evenly a model chooses among likely tokens.

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorCode};

/// A temperature from 0, with which a model always takes the likeliest token, to 2, the highest that
/// endpoints accept. Kept in thousandths, and written as a number such as `0.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Temperature(u16);

impl Temperature {
    /// The highest one.
    pub const MAX: f32 = 2.0;
}

impl TryFrom<f32> for Temperature {
    type Error = Error;

    /// Errors with `invalid_input` if the number is not from 0 to 2.
    fn try_from(value: f32) -> Result<Self, Error> {
        if !(0.0..=Self::MAX).contains(&value) {
            let message = format!("The temperature has to be from 0 to {}.", Self::MAX);
            return Err(Error::new(ErrorCode::InvalidInput, message)
                .with_hint("Use 0 for the likeliest words, or about 1 for more variety."));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "up to 2000")]
        let thousandths = (value * 1000.0).round() as u16;
        Ok(Self(thousandths))
    }
}

impl From<Temperature> for f32 {
    fn from(Temperature(thousandths): Temperature) -> Self {
        Self::from(thousandths) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temperature_is_a_number_from_0_to_2() {
        for (value, text) in [(0.0, "0.0"), (0.7, "0.7"), (1.25, "1.25"), (2.0, "2.0")] {
            let temperature = Temperature::try_from(value).unwrap();
            assert_eq!(serde_json::to_string(&temperature).unwrap(), text);
            assert_eq!(serde_json::from_str::<Temperature>(text).unwrap(), temperature);
            assert_eq!(f32::from(temperature), value);
        }
        for bad in [-0.1, 2.01, f32::NAN, f32::INFINITY] {
            assert_eq!(
                Temperature::try_from(bad).unwrap_err().code,
                ErrorCode::InvalidInput,
                "{bad}"
            );
        }
        assert!(serde_json::from_str::<Temperature>("3").is_err());
    }
}
