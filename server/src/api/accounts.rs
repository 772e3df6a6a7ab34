//! The accounts of the installation and the audit, for owners.

use std::net::IpAddr;

use accounts::{Account, AccountName, Accounts, AuditEntry};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::api::{
    AccountList, AccountSummary, AddAccount, AuditPage, AuditRecord, PatchAccount,
};
use protocol::{AccountId, Error, ErrorBody, ErrorCode};
use serde::Deserialize;

use crate::caller::{Caller, Visit};
use crate::error::ApiResult;
use crate::extract::{self, Path, Query};
use crate::state::AppState;

/// The entries of the audit in one page.
const AUDIT_PAGE: u32 = 100;

/// `/api/v1/accounts/{id}`.
#[derive(Clone, Debug, Deserialize)]
pub struct AccountPath {
    /// The account; `not_found` if there is none with this number.
    #[serde(deserialize_with = "extract::number")]
    pub id: AccountId,
}

/// Where a page of the audit begins.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// The `next_before` of the page before this one; without it, the newest entries.
    pub before: Option<i64>,
}

/// What the list of accounts has.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountsQuery {
    /// Whether the sizes of all conversations are added up. Takes seconds for a million messages.
    #[serde(default)]
    pub sizes: bool,
}

/// Lists the accounts, with the number and size of their conversations and the number of their shares,
/// of which an owner sees nothing else.
#[utoipa::path(
    get, path = "/api/v1/accounts", tag = "accounts", params(AccountsQuery),
    responses((status = 200, body = AccountList), (status = "default", body = ErrorBody))
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Query(AccountsQuery { sizes }): Query<AccountsQuery>,
) -> ApiResult<Json<AccountList>> {
    let runtime = state.registry.home().access(principal);
    let mut accounts = Vec::new();
    for account in state.accounts.accounts().await.map_err(Error::from)? {
        let conversations = Some(runtime.conversations_of(account.id).await?);
        let bytes = if sizes { Some(runtime.bytes_of(account.id).await?) } else { None };
        let shares = Some(state.shares.usage(account.id).await.map_err(Error::from)?.count);
        accounts.push(AccountSummary { conversations, bytes, shares, ..summary(&account) });
    }
    Ok(Json(AccountList { accounts }))
}

/// Adds an account. The first one is an owner's, and gets what was here before there were accounts.
#[utoipa::path(
    post, path = "/api/v1/accounts", tag = "accounts", request_body = AddAccount,
    responses((status = 201, body = AccountSummary), (status = "default", body = ErrorBody))
)]
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    extract::Json(asked): extract::Json<AddAccount>,
) -> ApiResult<(StatusCode, Json<AccountSummary>)> {
    let name = AccountName::parse(&asked.name);
    let name = name.map_err(accounts::AccountError::from).map_err(Error::from)?;
    let (by, from) = (visit.actor(), visit.0.address);
    let added = state.accounts.add(by, name, asked.role, &asked.password.0, from).await;
    Ok((StatusCode::CREATED, Json(summary(&added.map_err(Error::from)?))))
}

/// Changes one thing of an account: its role, whether it is disabled, or its password. The last owner can neither be
/// disabled nor become a member.
#[utoipa::path(
    patch, path = "/api/v1/accounts/{id}", tag = "accounts", params(("id" = AccountId, Path)),
    request_body = PatchAccount,
    responses((status = 200, body = AccountSummary), (status = "default", body = ErrorBody))
)]
pub async fn patch(
    State(state): State<AppState>,
    visit: Visit,
    Path(AccountPath { id }): Path<AccountPath>,
    extract::Json(asked): extract::Json<PatchAccount>,
) -> ApiResult<Json<AccountSummary>> {
    Ok(Json(change(&state.accounts, id, asked, visit.actor(), visit.0.address).await?))
}

/// Makes one change to an account. More than one at once is refused, because the second could fail
/// when the first is already stored. `by` and `from` are for the audit; `None` for the command line.
pub async fn change(
    accounts: &Accounts,
    id: AccountId,
    asked: PatchAccount,
    by: Option<AccountId>,
    from: Option<IpAddr>,
) -> Result<AccountSummary, Error> {
    match asked {
        PatchAccount { role: Some(role), disabled: None, password: None } => {
            accounts.set_role(by, id, role, from).await?;
        }
        PatchAccount { role: None, disabled: Some(true), password: None } => {
            accounts.disable(by, id, from).await?;
        }
        PatchAccount { role: None, disabled: Some(false), password: None } => {
            accounts.enable(by, id, from).await?;
        }
        PatchAccount { role: None, disabled: None, password: Some(password) } => {
            accounts.reset_password(by, id, &password.0, from).await?;
        }
        _ => {
            return Err(Error::new(
                ErrorCode::InvalidInput,
                "Exactly one of role, disabled and password can be changed at a time.",
            ));
        }
    }
    Ok(summary(&accounts.account(id).await?))
}

/// Reads the audit: what happened to accounts, who did it, when and from where. It holds no texts.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "accounts", params(AuditQuery),
    responses((status = 200, body = AuditPage), (status = "default", body = ErrorBody))
)]
pub async fn audit(
    State(state): State<AppState>,
    Query(AuditQuery { before }): Query<AuditQuery>,
) -> ApiResult<Json<AuditPage>> {
    let entries = state.accounts.audit(before, AUDIT_PAGE).await.map_err(Error::from)?;
    let is_full = entries.len() == usize::try_from(AUDIT_PAGE).unwrap_or(usize::MAX);
    let next_before = entries.last().map(|entry| entry.id).filter(|_| is_full);
    Ok(Json(AuditPage { entries: entries.iter().map(record).collect(), next_before }))
}

/// An account as owners see it.
pub fn summary(account: &Account) -> AccountSummary {
    AccountSummary {
        id: account.id,
        name: account.name.as_str().to_owned(),
        role: account.role,
        disabled: account.disabled,
        created_at: account.created_at,
        has_password: account.password.is_some(),
        conversations: None,
        bytes: None,
        shares: None,
    }
}

fn record(entry: &AuditEntry) -> AuditRecord {
    AuditRecord {
        id: entry.id,
        at: entry.note.at,
        what: entry.note.kind.name().to_owned(),
        by: entry.note.by,
        account: entry.account,
        from: entry.note.from.map(|address| address.to_string()),
    }
}
