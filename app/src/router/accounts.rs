//! The handlers of `/accounts` and its audit, for owners.

use std::time::Duration;

use accounts::{AccountError, AccountName};
use axum::Form;
use axum::extract::Query;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use leptos::prelude::*;
use protocol::{AccountId, AccountRole, Error};
use runtime::Principal;
use serde::Deserialize;
use tokio::time::timeout;

use super::visit::{Answer, Failure, Visit, parts};
use crate::components::{Mistake, Words};
use crate::erase::erase;
use crate::pages::accounts::{AccountsPage, AddForm, ChangePage, Usage};
use crate::pages::audit::{Audit, AuditPage};
use crate::pages::login::{NAME, PASSWORD};
use crate::text::tr;

/// How long a page waits for the size of an account's conversations. The forms on it matter more: with
/// a million messages on a slow disk the size takes ten seconds.
const SIZE_WAIT: Duration = Duration::from_secs(1);
/// The entries of the audit in one page.
const AUDIT_PAGE: u32 = 100;

/// What a form has done, in the query of its redirect.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Done {
    Added,
    Role,
    Password,
    Disabled,
    Enabled,
}

#[derive(Default, Deserialize)]
pub(super) struct Asked {
    done: Option<Done>,
}

#[derive(Deserialize)]
pub(super) struct AddFields {
    name: String,
    role: AccountRole,
    password: String,
}

#[derive(Deserialize)]
pub(super) struct WhichAccount {
    id: AccountId,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Role,
    Password,
    Disable,
    Enable,
}

#[derive(Deserialize)]
pub(super) struct ChangeFields {
    #[serde(rename = "do")]
    action: Action,
    id: AccountId,
    role: Option<AccountRole>,
    #[serde(default)]
    password: String,
}

#[derive(Default, Deserialize)]
pub(super) struct AuditFrom {
    before: Option<i64>,
}

pub(super) async fn page(
    visit: Visit,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Response> {
    visit.owner(&headers)?;
    let Query(Asked { done }) = asked.unwrap_or_default();
    let done = done.map(|done| -> Words {
        match done {
            Done::Added => || tr!(account_added),
            Done::Role => || tr!(role_changed),
            Done::Password => || tr!(password_was_reset),
            Done::Disabled => || tr!(account_was_disabled),
            Done::Enabled => || tr!(account_was_enabled),
        }
    });
    Ok(show(&visit, &headers, done, AddForm::default(), Answer::default()).await)
}

/// Adds an account. The first one is added at the server's own machine, without a login.
pub(super) async fn add(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<AddFields>, FormRejection>,
) -> Result<Response, Response> {
    visit.owner(&headers)?;
    let Ok(Form(AddFields { name, role, password })) = form else {
        let Failure { answer, mistake } = Failure::unreadable();
        let form = AddForm { mistake: Some(mistake), ..AddForm::default() };
        return Ok(show(&visit, &headers, None, form, answer).await);
    };
    let added = match AccountName::parse(&name) {
        Ok(name) => {
            let (by, from) = (visit.actor(), visit.visitor.address);
            visit.accounts.add(by, name, role, &password, from).await.map(drop)
        }
        Err(error) => Err(error.into()),
    };
    let Err(error) = added else {
        return Ok(Redirect::to("/accounts?done=added").into_response());
    };
    let Failure { answer, mistake } = Failure::new(error, |error| match error {
        AccountError::Name(_) | AccountError::NameTaken => NAME,
        AccountError::Password(_) => PASSWORD,
        _ => Mistake::FORM,
    });
    let form = AddForm { name, role, mistake: Some(mistake) };
    Ok(show(&visit, &headers, None, form, answer).await)
}

async fn show(
    visit: &Visit,
    headers: &HeaderMap,
    done: Option<Words>,
    form: AddForm,
    answer: Answer,
) -> Response {
    let accounts = match visit.accounts.accounts().await {
        Ok(accounts) => accounts,
        Err(error) => return visit.failed(headers, error),
    };
    let own = visit.actor();
    visit.document(headers, answer, || {
        (tr!(accounts).to_owned(), erase(view! { <AccountsPage accounts own done form /> }))
    })
}

pub(super) async fn change_page(
    visit: Visit,
    headers: HeaderMap,
    which: Result<Query<WhichAccount>, QueryRejection>,
) -> Result<Response, Response> {
    visit.owner(&headers)?;
    // A form posts to this address, too, so somebody may come here without a number.
    let Ok(Query(WhichAccount { id })) = which else {
        return Ok(Redirect::to("/accounts").into_response());
    };
    Ok(show_change(&visit, &headers, id, None).await)
}

pub(super) async fn change(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<ChangeFields>, FormRejection>,
) -> Result<Response, Response> {
    visit.owner(&headers)?;
    let Ok(Form(ChangeFields { action, id, role, password })) = form else {
        return Ok(Redirect::to("/accounts").into_response());
    };
    let (by, from, accounts) = (visit.actor(), visit.visitor.address, &visit.accounts);
    let done = match (action, role) {
        (Action::Role, Some(role)) => {
            // A reader who is no owner any more does not see this page again.
            let to = match (by == Some(id), role) {
                (true, AccountRole::Member) => "/account?done=role",
                _ => "/accounts?done=role",
            };
            accounts.set_role(by, id, role, from).await.map(|()| to)
        }
        (Action::Role, None) => return Ok(Redirect::to("/accounts").into_response()),
        (Action::Password, _) => accounts
            .reset_password(by, id, &password, from)
            .await
            .map(|()| "/accounts?done=password"),
        (Action::Disable, _) => {
            accounts.disable(by, id, from).await.map(|()| "/accounts?done=disabled")
        }
        (Action::Enable, _) => {
            accounts.enable(by, id, from).await.map(|()| "/accounts?done=enabled")
        }
    };
    Ok(match done {
        Ok(to) => Redirect::to(to).into_response(),
        Err(error) => {
            let failure = Failure::new(error, |error| match error {
                AccountError::Password(_) => PASSWORD,
                _ => Mistake::FORM,
            });
            show_change(&visit, &headers, id, Some(failure)).await
        }
    })
}

async fn show_change(
    visit: &Visit,
    headers: &HeaderMap,
    id: AccountId,
    failure: Option<Failure>,
) -> Response {
    let account = match visit.accounts.account(id).await {
        Ok(account) => account,
        Err(error) => return visit.failed(headers, error),
    };
    // Without them the page is of use, too.
    let usage = match visit.owner(headers) {
        Ok(reader) => usage(visit, reader, id).await.ok(),
        Err(refusal) => return refusal,
    };
    let (answer, mistake) = parts(failure);
    let title = account.name.as_str().to_owned();
    visit.document(headers, answer, || {
        (title, erase(view! { <ChangePage account usage mistake /> }))
    })
}

async fn usage(visit: &Visit, reader: Principal, id: AccountId) -> Result<Usage, Error> {
    let runtime = visit.backend.runtime(reader);
    let conversations = runtime.conversations_of(id).await?;
    let bytes = match timeout(SIZE_WAIT, runtime.bytes_of(id)).await {
        Ok(bytes) => Some(bytes?),
        Err(_) => None,
    };
    let shares = visit.backend.shares.usage(id).await?.count;
    Ok(Usage { conversations, bytes, shares })
}

pub(super) async fn audit(
    visit: Visit,
    headers: HeaderMap,
    from: Result<Query<AuditFrom>, QueryRejection>,
) -> Result<Response, Response> {
    visit.owner(&headers)?;
    let Query(AuditFrom { before }) = from.unwrap_or_default();
    let (entries, accounts) =
        match (visit.accounts.audit(before, AUDIT_PAGE).await, visit.accounts.accounts().await) {
            (Ok(entries), Ok(accounts)) => (entries, accounts),
            (Err(error), _) | (_, Err(error)) => {
                return Err(visit.failed(&headers, error));
            }
        };
    let is_full = entries.len() == usize::try_from(AUDIT_PAGE).unwrap_or(usize::MAX);
    let next_before = entries.last().map(|entry| entry.id).filter(|_| is_full);
    let audit = Audit { entries, accounts, next_before, is_later: before.is_some() };
    Ok(visit.document(&headers, Answer::default(), || {
        (tr!(audit).to_owned(), erase(view! { <AuditPage audit /> }))
    }))
}
