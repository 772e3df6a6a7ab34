//! How much was used.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use protocol::api::{AccountUsageList, UsageReport};
use protocol::{AccountId, Date, Error, ErrorBody, UtcOffset};
use runtime::UsagePeriod;
use serde::Deserialize;

use crate::caller::Caller;
use crate::error::ApiResult;
use crate::extract::Query;
use crate::state::AppState;

/// The days to report on.
#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageDays {
    /// The first day, such as 2026-11-01; without it, the period has no beginning.
    pub from: Option<Date>,
    /// The last day; without it, the period has no end.
    pub to: Option<Date>,
    /// The clock by which days begin, in minutes ahead of UTC; without it, UTC.
    pub utc_offset: Option<UtcOffset>,
}

impl From<UsageDays> for UsagePeriod {
    fn from(UsageDays { from, to, utc_offset }: UsageDays) -> Self {
        Self { from, to, utc_offset: utc_offset.unwrap_or_default() }
    }
}

/// Reports what the own account used: its answers, their tokens, and by the owner's list of prices
/// what they cost, by day, model and profile.
///
/// It is read from the conversations that there are. Answers of deleted conversations count as long as
/// these can be restored, and copied and imported answers do not count.
#[utoipa::path(
    get, path = "/api/v1/use", tag = "usage", params(UsageDays),
    responses(
        (status = 200, body = UsageReport),
        (status = 422, description = "`invalid_input`: no date, or a period that ends before it begins", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn own(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Query(days): Query<UsageDays>,
) -> ApiResult<Json<UsageReport>> {
    Ok(Json(state.registry.home().access(principal).usage(days.into()).await?))
}

/// Reports what each account used, in total, of which an owner sees nothing else.
#[utoipa::path(
    get, path = "/api/v1/accounts/use", tag = "accounts", params(UsageDays),
    responses(
        (status = 200, body = AccountUsageList),
        (status = 422, description = "As for the own account", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn of_accounts(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Query(days): Query<UsageDays>,
) -> ApiResult<Json<AccountUsageList>> {
    let runtime = state.registry.home().access(principal);
    let mut list = runtime.usage_by_account(days.into()).await?;
    let accounts = state.accounts.accounts().await.map_err(Error::from)?;
    let names: HashMap<AccountId, String> = accounts
        .into_iter()
        .map(|account| (account.id, account.name.as_str().to_owned()))
        .collect();
    for row in &mut list.accounts {
        row.name = names.get(&row.account).cloned();
    }
    Ok(Json(list))
}
