//! Sums up what was used, from the events of logs.
//!
//! Only turns that ran here count. The copy of a turn, which a fork or an import brought, was used
//! by whoever ran it, and a turn of another program's export never ran here at all.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::{
    AccountId, Date, Event, EventBody, ProfileName, ProviderName, Timestamp, TurnId, Usage,
    UtcOffset,
};

/// What is to be summed up.
#[derive(Clone, Copy, Debug)]
pub struct UsageQuery {
    /// Only this account's conversations; `None` for those of all accounts.
    pub owner: Option<AccountId>,
    /// Turns that ended at this time or later.
    pub from: Timestamp,
    /// Turns that ended at this time or earlier.
    pub to: Timestamp,
    /// The clock by which days begin.
    pub utc_offset: UtcOffset,
    /// How long the reading may take. Then the sums are those of what was read so far.
    pub within: Duration,
}

/// Turns with the same key are added up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageKey {
    /// Whose conversation it was.
    pub owner: AccountId,
    /// The day on which the turns ended.
    pub date: Date,
    /// The provider that answered.
    pub provider: ProviderName,
    /// The model as the provider names it.
    pub model: String,
    /// The profile in force.
    pub profile: ProfileName,
}

/// The sums of some turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSums {
    /// The turns, with those without numbers of tokens.
    pub turns: u64,
    /// The turns for which the provider gave no numbers of tokens.
    pub turns_without_tokens: u64,
    /// As in [`Usage`].
    pub prompt_tokens: u64,
    /// As in [`Usage`]; `None` if no turn has this number.
    pub cached_tokens: Option<u64>,
    /// As in [`Usage`].
    pub completion_tokens: u64,
    /// As in [`Usage`]; `None` if no turn has this number.
    pub reasoning_tokens: Option<u64>,
}

impl UsageSums {
    /// The sums of one turn.
    pub fn of_turn(usage: Option<Usage>) -> Self {
        let sums = Self { turns: 1, ..Self::default() };
        match usage {
            None => Self { turns_without_tokens: 1, ..sums },
            Some(usage) => Self {
                prompt_tokens: usage.prompt_tokens.into(),
                cached_tokens: usage.cached_tokens.map(u64::from),
                completion_tokens: usage.completion_tokens.into(),
                reasoning_tokens: usage.reasoning_tokens.map(u64::from),
                ..sums
            },
        }
    }

    /// Adds the sums of other turns.
    pub fn add(&mut self, other: Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        let add_some = |sum: &mut Option<u64>, more: Option<u64>| {
            *sum = match (*sum, more) {
                (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
                (sum, more) => sum.or(more),
            };
        };
        add(&mut self.turns, other.turns);
        add(&mut self.turns_without_tokens, other.turns_without_tokens);
        add(&mut self.prompt_tokens, other.prompt_tokens);
        add_some(&mut self.cached_tokens, other.cached_tokens);
        add(&mut self.completion_tokens, other.completion_tokens);
        add_some(&mut self.reasoning_tokens, other.reasoning_tokens);
    }
}

/// The result: the sums by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageFound {
    /// Keys without turns are left out.
    pub sums: BTreeMap<UsageKey, UsageSums>,
    /// Whether the time was over before everything was read.
    pub cut_short: bool,
}

/// Reads one log from its end to its beginning, and adds its turns to the sums. A store passes it
/// the events of the kinds [`LogUsage::KINDS`] that follow the copied part of the log.
///
/// The order is that of a page that shows what was used lately: the events of older turns are never
/// read.
pub struct LogUsage<'s> {
    query: &'s UsageQuery,
    owner: AccountId,
    /// When the log was begun here.
    created_at: Timestamp,
    sums: &'s mut BTreeMap<UsageKey, UsageSums>,
    /// The turn whose end was read and whose acceptance was not.
    turn: Option<EndedTurn>,
}

/// The end of a turn, with what was read of the turn since.
struct EndedTurn {
    id: TurnId,
    at: Timestamp,
    usage: Option<Usage>,
    /// The model, if its name became known only after the acceptance.
    model: Option<String>,
}

/// Whether the rest of a log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Earlier events may be of the period.
    MayCount,
    /// All earlier turns ended before the period.
    DoNotCount,
}

impl<'s> LogUsage<'s> {
    /// The kinds of events that it needs, by the names that [`EventBody::kind`] gives them.
    pub const KINDS: [&'static str; 4] =
        ["turn_accepted", "turn_asked", "turn_generating", "turn_ended"];

    /// For the log of a conversation of `owner` whose first event is of `created_at`.
    pub fn new(
        query: &'s UsageQuery,
        owner: AccountId,
        created_at: Timestamp,
        sums: &'s mut BTreeMap<UsageKey, UsageSums>,
    ) -> Self {
        Self { query, owner, created_at, sums, turn: None }
    }

    /// Takes the next event towards the beginning.
    pub fn take(&mut self, event: Event) -> Earlier {
        match event.body {
            EventBody::TurnEnded { turn_id, usage, timings, .. } => {
                self.turn = None;
                if event.at < self.query.from {
                    return Earlier::DoNotCount;
                }
                // What never reached a model was not used, such as a refused connection.
                let ran = usage.is_some() || timings.started_ms.is_some();
                // Forks of versions that did not store which part of a log is a copy.
                let is_copy = event.at < self.created_at;
                if ran && !is_copy && event.at <= self.query.to {
                    self.turn = Some(EndedTurn { id: turn_id, at: event.at, usage, model: None });
                }
            }
            EventBody::TurnAsked { turn_id, model, .. }
            | EventBody::TurnGenerating { turn_id, model, .. } => {
                if let Some(turn) = self.turn.as_mut().filter(|turn| turn.id == turn_id) {
                    turn.model = turn.model.take().or(model);
                }
            }
            EventBody::TurnAccepted { turn } => {
                if let Some(ended) = self.turn.take().filter(|ended| ended.id == turn.turn_id)
                    && !turn.provider.is_imported()
                {
                    let key = UsageKey {
                        owner: self.owner,
                        date: Date::of(ended.at, self.query.utc_offset),
                        provider: turn.provider,
                        model: ended.model.unwrap_or(turn.model),
                        profile: turn.profile,
                    };
                    self.sums.entry(key).or_default().add(UsageSums::of_turn(ended.usage));
                }
            }
            _ => {}
        }
        Earlier::MayCount
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(prompt: u32, completion: u32, cached: Option<u32>) -> Usage {
        Usage {
            prompt_tokens: prompt,
            completion_tokens: completion,
            cached_tokens: cached,
            reasoning_tokens: None,
        }
    }

    #[test]
    fn turns_without_numbers_are_counted_and_add_no_tokens() {
        let mut sums = UsageSums::of_turn(Some(usage(7, 3, None)));
        sums.add(UsageSums::of_turn(None));
        assert_eq!((sums.turns, sums.turns_without_tokens), (2, 1));
        assert_eq!((sums.prompt_tokens, sums.completion_tokens, sums.cached_tokens), (7, 3, None));
        sums.add(UsageSums::of_turn(Some(usage(1, 1, Some(5)))));
        assert_eq!((sums.prompt_tokens, sums.cached_tokens), (8, Some(5)));
        sums.add(UsageSums::of_turn(Some(usage(1, 1, Some(2)))));
        assert_eq!(sums.cached_tokens, Some(7));
    }
}
