//! How much was used, as it was recorded in the logs.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Amount, Date, ProfileName, ProviderName, UtcOffset};

/// What was used for some answers. The numbers of tokens are those that the providers counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Used {
    /// The answers that a model began here. Copied and imported ones do not count.
    pub answers: u64,
    /// Those of the answers for which the provider gave no numbers of tokens. They add nothing to
    /// the other numbers.
    pub answers_without_tokens: u64,
    /// The tokens that models read.
    pub prompt_tokens: u64,
    /// Those of the tokens read that did not have to be read again; absent if no provider said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    /// The tokens that models wrote, thinking included.
    pub completion_tokens: u64,
    /// Those of the tokens written that were thinking; absent if no provider said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// The amount by the owner's list of prices, in the report's currency; absent without such a
    /// list, or if none of these answers has a price in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Amount>,
    /// The answers with numbers of tokens whose models have no price in the list. `cost` does not
    /// include them.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub answers_without_price: u64,
}

/// What was used on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DayUsage {
    /// The day on which the answers ended.
    pub date: Date,
    /// What was used.
    #[serde(flatten)]
    pub used: Used,
}

/// What was used of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelUsage {
    /// The provider that answered.
    pub provider: ProviderName,
    /// The model as the provider names it.
    pub model: String,
    /// What was used.
    #[serde(flatten)]
    pub used: Used,
}

/// What was used with one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileUsage {
    /// The profile that was in force; it may not exist any more.
    pub profile: ProfileName,
    /// What was used.
    #[serde(flatten)]
    pub used: Used,
}

/// What one account used in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageReport {
    /// The first day; absent if the period has no beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day; absent if the period has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// The clock by which days begin.
    pub utc_offset: UtcOffset,
    /// Whether reading took too long, so that answers of conversations that were last used earlier
    /// are missing. A shorter period is complete sooner.
    pub cut_short: bool,
    /// The currency of the list of prices, if there is a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The whole period.
    pub total: Used,
    /// The days on which something was used, the latest first.
    pub days: Vec<DayUsage>,
    /// The models, the most tokens first.
    pub models: Vec<ModelUsage>,
    /// The profiles, the most tokens first.
    pub profiles: Vec<ProfileUsage>,
}

/// What one of several accounts used, in total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountUsage {
    /// The account.
    pub account: AccountId,
    /// Its name; absent if there is no such account, as for what was written before there were
    /// accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What was used.
    #[serde(flatten)]
    pub used: Used,
}

/// What all accounts used in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountUsageList {
    /// As in [`UsageReport`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// As in [`UsageReport`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// As in [`UsageReport`].
    pub utc_offset: UtcOffset,
    /// As in [`UsageReport`].
    pub cut_short: bool,
    /// As in [`UsageReport`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The accounts that used something, the most tokens first.
    pub accounts: Vec<AccountUsage>,
}
