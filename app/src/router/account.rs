//! The handlers of `/account`: the own password, sessions and API tokens.

use std::time::Duration;

use accounts::{AccountError, Password, Scopes, SessionId, TokenId, TokenName};
use axum::Form;
use axum::extract::Query;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use leptos::prelude::*;
use runtime::clock::{Clock as _, SystemClock};
use serde::Deserialize;

use super::passkey::{name_by_device, offer_of, site_of};
use super::visit::{Answer, Failure, Visit};
use crate::components::{Mistake, Words};
use crate::erase::erase;
use crate::pages::account::{
    AccountPage, DAYS, OLD, Outcome, OwnAccount, PasskeysSection, Reader, SCOPES, TOKEN_NAME,
    TokenForm,
};
use crate::pages::login::{AGAIN, PASSWORD};
use crate::text::{self, tr};

/// What a form of this page has done, in the query of its redirect, so that reloading the page does
/// not send the form again.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Done {
    Password,
    Session,
    Sessions,
    Connected,
    Disconnected,
    PasskeyAdded,
    PasskeyRemoved,
    Revoked,
    Role,
}

#[derive(Default, Deserialize)]
pub(super) struct Asked {
    done: Option<Done>,
}

#[derive(Deserialize)]
pub(super) struct PasswordFields {
    old: String,
    password: String,
    again: String,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum SessionFields {
    End { session: String },
    EndOthers,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenFields {
    name: String,
    read: Option<String>,
    write: Option<String>,
    admin: Option<String>,
    days: u32,
}

#[derive(Deserialize)]
pub(super) struct RevokeFields {
    token: i64,
}

pub(super) async fn page(
    visit: Visit,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Query(Asked { done }) = asked.unwrap_or_default();
    let done = done.map(|done| -> Words {
        match done {
            Done::Password => || tr!(password_changed),
            Done::Session => || tr!(session_ended),
            Done::Sessions => || tr!(sessions_ended),
            Done::Connected => || tr!(identity_connected),
            Done::Disconnected => || tr!(identity_disconnected),
            Done::PasskeyAdded => || tr!(passkey_added),
            Done::PasskeyRemoved => || tr!(passkey_removed),
            Done::Revoked => || tr!(token_revoked),
            Done::Role => || tr!(role_changed),
        }
    });
    show(&visit, &headers, Outcome { done, ..Outcome::default() }, Answer::default()).await
}

pub(super) async fn change_password(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<PasswordFields>, FormRejection>,
) -> Result<Response, Response> {
    let by = visit.admission(&headers)?;
    let Ok(Form(PasswordFields { old, password, again })) = form else {
        return Ok(failed(&visit, &headers, Failure::unreadable()).await);
    };
    if password != again {
        let failure = Failure::of_form(AGAIN, || tr!(password_differs).to_owned());
        return Ok(failed(&visit, &headers, failure).await);
    }
    let (old, from) = (Password::new(&old), visit.visitor.address);
    let error = match visit.accounts.change_password(by, old, &password, from).await {
        Ok(()) => return Ok(Redirect::to("/account?done=password").into_response()),
        Err(error) => error,
    };
    let is_old = matches!(error, AccountError::WrongCredentials);
    let mut failure = Failure::new(error, |error| match error {
        AccountError::WrongCredentials | AccountError::RateLimited(_) => OLD,
        AccountError::Password(_) => PASSWORD,
        _ => Mistake::FORM,
    });
    if is_old {
        // The reader is logged in, so this is no refused login.
        failure = Failure::of_form(OLD, || tr!(password_old_wrong).to_owned());
    }
    Ok(failed(&visit, &headers, failure).await)
}

/// Ends one session, or all others. The page does not offer to end its own one, but a form may name
/// it; then the browser is logged out.
pub(super) async fn end_sessions(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<SessionFields>, FormRejection>,
) -> Result<Response, Response> {
    let by = visit.admission(&headers)?;
    let Ok(Form(fields)) = form else {
        return Ok(failed(&visit, &headers, Failure::unreadable()).await);
    };
    let from = visit.visitor.address;
    let done = match fields {
        SessionFields::EndOthers => {
            visit.accounts.revoke_other_sessions(by, from).await.map(|_| "sessions")
        }
        SessionFields::End { session } => match session.parse() {
            Ok(id) => {
                visit.accounts.revoke_session(by, SessionId(id), from).await.map(|()| "session")
            }
            Err(_) => Err(AccountError::NotFound),
        },
    };
    Ok(match done {
        Ok(done) => Redirect::to(&format!("/account?done={done}")).into_response(),
        Err(error) => failed(&visit, &headers, Failure::new(error, |_| Mistake::FORM)).await,
    })
}

/// Makes a token. The answer is the only page that ever shows its secret.
pub(super) async fn create_token(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<TokenFields>, FormRejection>,
) -> Result<Response, Response> {
    let by = visit.admission(&headers)?;
    let Ok(Form(fields)) = form else {
        return Ok(failed(&visit, &headers, Failure::unreadable()).await);
    };
    let scopes = Scopes {
        read: fields.read.is_some(),
        write: fields.write.is_some(),
        admin: fields.admin.is_some(),
    };
    let days = fields.days;
    let made = match (TokenName::parse(&fields.name), DAYS.contains(&days)) {
        (None, _) => Err(Failure::of_form(TOKEN_NAME, text::token_name_rule)),
        (Some(_), _) if scopes == Scopes::default() => {
            Err(Failure::of_form(SCOPES, || tr!(token_scopes_none).to_owned()))
        }
        // The page offers no others.
        (Some(_), false) => Err(Failure::unreadable()),
        (Some(name), true) => {
            let valid = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
            let from = visit.visitor.address;
            let made = visit.accounts.create_token(by, name, scopes, valid, from).await;
            made.map_err(|error| Failure::new(error, |_| Mistake::FORM))
        }
    };
    Ok(match made {
        Ok(made) => {
            let outcome = Outcome { made: Some(made), ..Outcome::default() };
            show(&visit, &headers, outcome, Answer::default()).await
        }
        Err(Failure { answer, mistake }) => {
            let mistake = Some(mistake);
            let token = TokenForm { name: fields.name, scopes, days, mistake };
            show(&visit, &headers, Outcome { token, ..Outcome::default() }, answer).await
        }
    })
}

pub(super) async fn revoke_token(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<RevokeFields>, FormRejection>,
) -> Result<Response, Response> {
    let by = visit.admission(&headers)?;
    let Ok(Form(RevokeFields { token })) = form else {
        return Ok(failed(&visit, &headers, Failure::unreadable()).await);
    };
    Ok(match visit.accounts.revoke_token(by, TokenId(token), visit.visitor.address).await {
        Ok(()) => Redirect::to("/account?done=revoked").into_response(),
        Err(error) => failed(&visit, &headers, Failure::new(error, |_| Mistake::FORM)).await,
    })
}

pub(super) async fn failed(visit: &Visit, headers: &HeaderMap, failure: Failure) -> Response {
    let Failure { answer, mistake } = failure;
    let outcome = Outcome { mistake: Some(mistake), ..Outcome::default() };
    show(visit, headers, outcome, answer).await
}

async fn show(visit: &Visit, headers: &HeaderMap, outcome: Outcome, answer: Answer) -> Response {
    let reader = match reader(visit, headers).await {
        Ok(reader) => reader,
        Err(refusal) => return refusal,
    };
    let now = SystemClock.now();
    visit.document(headers, answer, || {
        (tr!(account).to_owned(), erase(view! { <AccountPage reader outcome now /> }))
    })
}

async fn reader(visit: &Visit, headers: &HeaderMap) -> Result<Reader, Response> {
    let failed = |error: AccountError| visit.failed(headers, error);
    let principal = visit.somebody(headers)?;
    let Some(admission) = &visit.visitor.admission else {
        let is_set_up = visit.accounts.is_set_up().await.map_err(failed)?;
        return Ok(Reader::AtMachine { is_set_up });
    };
    let account = visit.accounts.account(principal.account).await.map_err(failed)?;
    let provider = visit.identity_provider.as_ref();
    let identities = visit.accounts.identities(principal.account).await.map_err(failed)?;
    let passkeys = visit.accounts.passkeys(principal.account).await.map_err(failed)?;
    let has_password = account.password.is_some();
    let passkeys = PasskeysSection {
        name: admission.name().as_str().to_owned(),
        offer: offer_of(visit, headers),
        host: site_of(visit, headers).ok().map(|site| site.host().to_owned()),
        next_name: name_by_device(headers).as_str().to_owned(),
        has_password,
        can_remove: has_password || !identities.is_empty() || passkeys.len() > 1,
        passkeys,
    };
    Ok(Reader::Account(Box::new(OwnAccount {
        name: admission.name().as_str().to_owned(),
        role: principal.role,
        via: admission.via(),
        has_password,
        identities,
        passkeys,
        provider: provider.map(|at| (at.issuer().to_owned(), at.name().to_owned())),
        sessions: visit.accounts.sessions(principal.account).await.map_err(failed)?,
        tokens: visit.accounts.tokens(principal.account).await.map_err(failed)?,
    })))
}
