//! How much was used, as the logs have it.

use std::time::Duration;

use protocol::api::{AccountUsageList, UsageReport};
use protocol::{AccountId, Date, Error};
use store::{UsageFound, UsageQuery};

use super::Access;
use crate::fault;
use crate::usage::{UsagePeriod, by_account, report};

/// The time limit of one reading of the logs. The answer says if it was too short.
const WITHIN: Duration = Duration::from_secs(2);

impl Access {
    /// What the account used in a period. Errors with `invalid_input` for a period that ends before
    /// it begins.
    pub async fn usage(&self, period: UsagePeriod) -> Result<UsageReport, Error> {
        let found = self.used(period, Some(self.account())).await?;
        Ok(report(period, &found, self.prices()))
    }

    /// What each account used in a period, in total. Errors with `forbidden` for members, and as
    /// [`Self::usage`] does.
    pub async fn usage_by_account(&self, period: UsagePeriod) -> Result<AccountUsageList, Error> {
        self.as_owner()?;
        let found = self.used(period, None).await?;
        Ok(by_account(period, &found, self.prices()))
    }

    async fn used(
        &self,
        period: UsagePeriod,
        owner: Option<AccountId>,
    ) -> Result<UsageFound, Error> {
        let UsagePeriod { from, to, utc_offset } = period.check()?;
        let query = UsageQuery {
            owner,
            from: from.unwrap_or(Date::FIRST).first_moment(utc_offset),
            to: to.unwrap_or(Date::LAST).last_moment(utc_offset),
            utc_offset,
            within: WITHIN,
        };
        self.store().usage(query).await.map_err(fault::from_store)
    }
}
