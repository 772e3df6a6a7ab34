//! Texts about what was used, which only the server renders.

use protocol::api::Used;
use protocol::{Date, UtcOffset, grouped};

use super::tr;

/// The days of a period, and the clock by which they begin.
pub fn usage_days(from: Date, to: Date, clock: UtcOffset) -> String {
    let (from, to) = (from.to_string(), to.to_string());
    match from == to {
        true => tr!(usage_one_day, date = to, clock = clock.to_string()),
        false => tr!(usage_days, from = from, to = to, clock = clock.to_string()),
    }
}

/// All days there were, and the clock by which they begin.
pub fn usage_all_days(clock: UtcOffset) -> String {
    tr!(usage_all_days, clock = clock.to_string())
}

/// How many answers came without numbers of tokens.
pub fn usage_without_tokens(used: &Used) -> String {
    match used.answers_without_tokens {
        1 => tr!(usage_without_tokens_single).to_owned(),
        count => tr!(usage_without_tokens_many, count = grouped(count)),
    }
}

/// How many answers have no price.
pub fn usage_without_price(used: &Used) -> String {
    match used.answers_without_price {
        1 => tr!(usage_without_price_single).to_owned(),
        count => tr!(usage_without_price_many, count = grouped(count)),
    }
}

/// The heading of amounts in this currency.
pub fn usage_cost(currency: &str) -> String {
    tr!(usage_cost, currency = currency)
}
