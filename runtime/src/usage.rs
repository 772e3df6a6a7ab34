//! The report of what was used: the sums of the store by day, model, profile and account, with what
//! they cost by the owner's list of prices. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use protocol::api::{
    AccountUsage, AccountUsageList, DayUsage, ModelUsage, ProfileUsage, UsageReport, Used,
};
use protocol::{AccountId, Amount, Date, Error, ErrorCode, UtcOffset};
use store::usage::{UsageFound, UsageKey, UsageSums};

use crate::prices::Prices;

/// The days of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsagePeriod {
    /// The first day; `None` for no beginning.
    pub from: Option<Date>,
    /// The last day; `None` for no end.
    pub to: Option<Date>,
    /// The clock by which days begin.
    pub utc_offset: UtcOffset,
}

impl UsagePeriod {
    /// Errors with `invalid_input` if it ends before it begins.
    pub(crate) fn check(self) -> Result<Self, Error> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from > to => {
                let message = format!("The period ends on {to}, before it begins on {from}.");
                Err(Error::new(ErrorCode::InvalidInput, message)
                    .with_hint("Exchange the two dates."))
            }
            _ => Ok(self),
        }
    }
}

/// The report for one account.
pub(crate) fn report(
    period: UsagePeriod,
    found: &UsageFound,
    prices: Option<&Prices>,
) -> UsageReport {
    let priced = Priced { found, prices };
    let UsagePeriod { from, to, utc_offset } = period;
    let days = priced.by(|key| key.date).into_iter().rev();
    let models = priced.by(|key| (key.provider.clone(), key.model.clone()));
    let profiles = priced.by(|key| key.profile.clone());
    UsageReport {
        from,
        to,
        utc_offset,
        cut_short: found.cut_short,
        currency: prices.map(|prices| prices.currency.clone()),
        total: priced.by(|_| ()).into_values().next().unwrap_or_default(),
        days: days.map(|(date, used)| DayUsage { date, used }).collect(),
        models: most_first(models)
            .map(|((provider, model), used)| ModelUsage { provider, model, used })
            .collect(),
        profiles: most_first(profiles)
            .map(|(profile, used)| ProfileUsage { profile, used })
            .collect(),
    }
}

/// The totals of all accounts, without names.
pub(crate) fn by_account(
    period: UsagePeriod,
    found: &UsageFound,
    prices: Option<&Prices>,
) -> AccountUsageList {
    let UsagePeriod { from, to, utc_offset } = period;
    let accounts = Priced { found, prices }.by(|key: &UsageKey| -> AccountId { key.owner });
    AccountUsageList {
        from,
        to,
        utc_offset,
        cut_short: found.cut_short,
        currency: prices.map(|prices| prices.currency.clone()),
        accounts: most_first(accounts)
            .map(|(account, used)| AccountUsage { account, name: None, used })
            .collect(),
    }
}

struct Priced<'a> {
    found: &'a UsageFound,
    prices: Option<&'a Prices>,
}

impl Priced<'_> {
    /// Adds up what has the same group.
    fn by<G: Ord>(&self, group: impl Fn(&UsageKey) -> G) -> BTreeMap<G, Used> {
        let mut groups: BTreeMap<G, Group> = BTreeMap::new();
        for (key, sums) in &self.found.sums {
            let to = groups.entry(group(key)).or_default();
            to.sums.add(*sums);
            let with_tokens = sums.turns.saturating_sub(sums.turns_without_tokens);
            let Some(prices) = self.prices.filter(|_| with_tokens > 0) else { continue };
            let price = prices.of(&key.provider, &key.model);
            match price.and_then(|price| price.cost(sums)) {
                Some(cost) => to.cost = Some(to.cost.unwrap_or_default().plus(cost)),
                None => to.without_price = to.without_price.saturating_add(with_tokens),
            }
        }
        groups.into_iter().map(|(group, sums)| (group, sums.used())).collect()
    }
}

#[derive(Default)]
struct Group {
    sums: UsageSums,
    cost: Option<Amount>,
    without_price: u64,
}

impl Group {
    fn used(self) -> Used {
        let UsageSums { turns, turns_without_tokens, .. } = self.sums;
        Used {
            answers: turns,
            answers_without_tokens: turns_without_tokens,
            prompt_tokens: self.sums.prompt_tokens,
            cached_tokens: self.sums.cached_tokens,
            completion_tokens: self.sums.completion_tokens,
            reasoning_tokens: self.sums.reasoning_tokens,
            cost: self.cost,
            answers_without_price: self.without_price,
        }
    }
}

/// The groups by their tokens; those with the same number stay in the order of their names.
fn most_first<G>(groups: BTreeMap<G, Used>) -> impl Iterator<Item = (G, Used)> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, used)| {
        Reverse((used.prompt_tokens.saturating_add(used.completion_tokens), used.answers))
    });
    groups.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::ModelPrice;
    use protocol::Usage;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn amount(text: &str) -> Option<Amount> {
        Some(text.parse().unwrap())
    }

    fn found() -> UsageFound {
        let mut found = UsageFound::default();
        let usage = |prompt_tokens, completion_tokens| {
            Some(Usage { prompt_tokens, completion_tokens, ..Usage::default() })
        };
        for (owner, day, model, profile, usage) in [
            (1, "2026-11-27", "small", "companion", usage(10, 5)),
            (1, "2026-11-28", "small", "concise", usage(20, 5)),
            (1, "2026-11-28", "large", "companion", usage(1_000, 500)),
            (1, "2026-11-28", "large", "companion", None),
            (2, "2026-11-28", "small", "companion", usage(7, 7)),
        ] {
            let key = UsageKey {
                owner: AccountId::new(owner).unwrap(),
                date: date(day),
                provider: "openai".parse().unwrap(),
                model: model.to_owned(),
                profile: profile.parse().unwrap(),
            };
            found.sums.entry(key).or_default().add(UsageSums::of_turn(usage));
        }
        found
    }

    fn prices() -> Prices {
        let large = ModelPrice {
            provider: None,
            model: "large".to_owned(),
            input: "2".parse().unwrap(),
            cached_input: None,
            output: "10".parse().unwrap(),
        };
        Prices { currency: "EUR".to_owned(), models: vec![large] }
    }

    #[test]
    fn the_sums_are_the_same_by_day_model_and_profile() {
        let report = report(UsagePeriod::default(), &found(), None);
        let days: Vec<_> = report.days.iter().map(|day| (day.date, day.used.answers)).collect();
        assert_eq!(days, [(date("2026-11-28"), 4), (date("2026-11-27"), 1)]);
        let models: Vec<_> =
            report.models.iter().map(|row| (row.model.as_str(), row.used.prompt_tokens)).collect();
        assert_eq!(models, [("large", 1_000), ("small", 37)]);
        let profiles: Vec<_> =
            report.profiles.iter().map(|row| (row.profile.as_str(), row.used.answers)).collect();
        assert_eq!(profiles, [("companion", 4), ("concise", 1)]);
        let total = &report.total;
        assert_eq!((total.answers, total.answers_without_tokens), (5, 1));
        assert_eq!((total.prompt_tokens, total.completion_tokens), (1_037, 517));
        assert_eq!((total.cost, total.answers_without_price), (None, 0));
    }

    #[test]
    fn what_has_no_price_is_said_and_not_in_the_cost() {
        let report = report(UsagePeriod::default(), &found(), Some(&prices()));
        assert_eq!(report.currency.as_deref(), Some("EUR"));
        let [large, small] = &report.models[..] else { panic!("{:?}", report.models) };
        assert_eq!((large.used.cost, large.used.answers_without_price), (amount("0.007"), 0));
        assert_eq!((small.used.cost, small.used.answers_without_price), (None, 3));
        assert_eq!((report.total.cost, report.total.answers_without_price), (amount("0.007"), 3));
        assert_eq!(report.days[1].used.cost, None);
    }

    #[test]
    fn accounts_have_totals_only() {
        let list = by_account(UsagePeriod::default(), &found(), Some(&prices()));
        let accounts: Vec<_> = list
            .accounts
            .iter()
            .map(|row| (row.account.get(), row.used.answers, row.used.cost))
            .collect();
        assert_eq!(accounts, [(1, 4, amount("0.007")), (2, 1, None)]);
    }

    #[test]
    fn a_period_does_not_end_before_it_begins() {
        let period = |from, to| UsagePeriod {
            from: Some(date(from)),
            to: Some(date(to)),
            ..UsagePeriod::default()
        };
        assert!(period("2026-11-28", "2026-11-28").check().is_ok());
        let refused = period("2026-11-28", "2026-11-27").check().unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidInput);
    }
}
