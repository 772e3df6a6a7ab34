//! What models cost, by the owner's list of prices. Without a list nothing has a price: prices are
//! never guessed.

use protocol::{Amount, ProviderName};
use store::usage::UsageSums;

/// The prices of one model, or of several whose names begin alike; each is for a million tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    /// Only for models of this provider; `None` for those of all.
    pub provider: Option<ProviderName>,
    /// The model's name, or its beginning with a `*` after it.
    pub model: String,
    /// For tokens that the model reads.
    pub input: Amount,
    /// For tokens that it does not have to read again; `None` if they cost the same.
    pub cached_input: Option<Amount>,
    /// For tokens that it writes, thinking included.
    pub output: Amount,
}

/// The list of prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    /// What the amounts are in, such as `EUR`.
    pub currency: String,
    /// Invariant: no two are for the same provider and name, and all have at most six decimal
    /// places.
    pub models: Vec<ModelPrice>,
}

impl Prices {
    /// The price of a model: that of its whole name before that of a beginning, a longer beginning
    /// before a shorter one, and that of its provider before that of all.
    pub fn of(&self, provider: &ProviderName, model: &str) -> Option<&ModelPrice> {
        let fits = self.models.iter().filter(|price| price.is_for(provider, model));
        fits.max_by_key(|price| {
            let beginning = price.beginning();
            (beginning.is_none(), beginning.map_or(0, str::len), price.provider.is_some())
        })
    }
}

impl ModelPrice {
    /// The amount for these turns. `None` if it is too large to be one.
    pub fn cost(&self, sums: &UsageSums) -> Option<Amount> {
        // A provider that counts more tokens as known than it was sent has no use for the rest.
        let cached = sums.cached_tokens.unwrap_or(0).min(sums.prompt_tokens);
        let read = self.input.of_tokens(sums.prompt_tokens - cached)?;
        let known = self.cached_input.unwrap_or(self.input).of_tokens(cached)?;
        let written = self.output.of_tokens(sums.completion_tokens)?;
        Some(read.plus(known).plus(written))
    }

    fn is_for(&self, provider: &ProviderName, model: &str) -> bool {
        let is_name = match self.beginning() {
            Some(beginning) => model.starts_with(beginning),
            None => model == self.model,
        };
        is_name && self.provider.as_ref().is_none_or(|only| only == provider)
    }

    fn beginning(&self) -> Option<&str> {
        self.model.strip_suffix('*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn price(provider: Option<&str>, model: &str, input: &str) -> ModelPrice {
        ModelPrice {
            provider: provider.map(|name| name.parse().unwrap()),
            model: model.to_owned(),
            input: amount(input),
            cached_input: None,
            output: amount("2"),
        }
    }

    #[test]
    fn the_most_exact_price_applies() {
        let prices = Prices {
            currency: "EUR".to_owned(),
            models: vec![
                price(None, "*", "9"),
                price(None, "big*", "1"),
                price(Some("home"), "big*", "2"),
                price(None, "big-model*", "3"),
                price(None, "big-model-1", "4"),
                price(Some("home"), "big-model-1", "5"),
            ],
        };
        let input = |provider: &str, model: &str| {
            prices.of(&provider.parse().unwrap(), model).map(|price| price.input)
        };
        assert_eq!(input("openai", "bigger"), Some(amount("1")));
        assert_eq!(input("home", "bigger"), Some(amount("2")));
        assert_eq!(input("home", "big-model-2"), Some(amount("3")));
        assert_eq!(input("openai", "big-model-1"), Some(amount("4")));
        assert_eq!(input("home", "big-model-1"), Some(amount("5")));
        assert_eq!(input("openai", "another"), Some(amount("9")));
        let some = Prices { models: prices.models[1..].to_vec(), ..prices };
        assert_eq!(some.of(&"openai".parse().unwrap(), "another"), None);
        assert_eq!(some.of(&"openai".parse().unwrap(), "BIG"), None, "names are compared exactly");
    }

    #[test]
    fn tokens_that_were_known_have_a_price_of_their_own() {
        let sums = UsageSums {
            turns: 1,
            prompt_tokens: 1_000_000,
            cached_tokens: Some(400_000),
            completion_tokens: 500_000,
            reasoning_tokens: Some(100_000),
            ..UsageSums::default()
        };
        let plain = price(None, "*", "1.5");
        assert_eq!(plain.cost(&sums), Some(amount("2.5")));
        let cheaper = ModelPrice { cached_input: Some(amount("0.5")), ..plain.clone() };
        assert_eq!(cheaper.cost(&sums), Some(amount("2.1")));
        let odd = UsageSums { cached_tokens: Some(5_000_000), ..sums };
        assert_eq!(cheaper.cost(&odd), Some(amount("1.5")));
        assert_eq!(plain.cost(&UsageSums::default()), Some(amount("0")));
    }
}
