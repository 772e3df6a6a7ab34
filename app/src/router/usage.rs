//! The handler of the page with what was used.

use std::collections::HashMap;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use leptos::prelude::*;
use protocol::api::AccountUsageList;
use protocol::{AccountId, AccountRole, Date, Error};
use runtime::UsagePeriod;
use serde::Deserialize;

use super::visit::Visit;
use super::{Handlers, document::failure};
use crate::erase::erase;
use crate::pages::usage::{Span, UsageOverview, UsagePage};
use crate::preferences::Preferences;
use crate::text::tr;

/// The query, which may also be an old link with a span that there is no more.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    period: String,
}

pub(super) async fn page(
    handlers: Handlers,
    visit: Visit,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Query(Asked { period }) = asked.unwrap_or_default();
    let span = Span::of(&period);
    let usage = match load(&handlers, &visit, &headers, span).await {
        Ok(usage) => usage,
        Err(error) => {
            let status = error.code.http_status();
            return handlers.document(&headers, status, || failure(error)).await;
        }
    };
    handlers
        .document(&headers, 200, || (tr!(usage).to_owned(), erase(view! { <UsagePage usage /> })))
        .await
}

async fn load(
    handlers: &Handlers,
    visit: &Visit,
    headers: &HeaderMap,
    span: Span,
) -> Result<UsageOverview, Error> {
    let runtime = handlers.backend.runtime();
    let utc_offset = Preferences::of(headers).utc_offset;
    let clock = utc_offset.unwrap_or_default();
    let today = Date::of(handlers.backend.now(), clock);
    let from = span.from(today);
    let period = UsagePeriod { from, to: from.map(|_| today), utc_offset: clock };
    let report = runtime.usage(period).await?;
    let accounts = match runtime.principal().role {
        AccountRole::Owner => Some(named(visit, runtime.usage_by_account(period).await?).await?),
        AccountRole::Member => None,
    };
    // For the only account of an installation, the table would repeat the total.
    let own = runtime.principal().account;
    let accounts = accounts.filter(|list| list.accounts.iter().any(|row| row.account != own));
    let profiles = handlers.backend.profile_titles();
    Ok(UsageOverview { span, is_clock_known: utc_offset.is_some(), report, profiles, accounts })
}

/// The list with the accounts' names.
async fn named(visit: &Visit, mut list: AccountUsageList) -> Result<AccountUsageList, Error> {
    let accounts = visit.accounts.accounts().await?;
    let names: HashMap<AccountId, String> = accounts
        .into_iter()
        .map(|account| (account.id, account.name.as_str().to_owned()))
        .collect();
    for row in &mut list.accounts {
        row.name = names.get(&row.account).cloned();
    }
    Ok(list)
}
