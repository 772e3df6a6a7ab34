//! The handlers of `/login`, `/setup` and `/logout`.

use accounts::{AccountError, Device, LoggedIn, Login, Password};
use axum::Form;
use axum::extract::Query;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use leptos::prelude::*;
use serde::Deserialize;

use super::logged_out;
use super::passkey::{offer_of, offer_of_login};
use super::visit::{Failure, Visit, parts};
use crate::base_path::base;
use crate::components::Mistake;
use crate::erase::erase;
use crate::next_path::next_path;
use crate::pages::login::{
    AGAIN, CODE, LoginForm, LoginPage, NAME, PASSWORD, SetUpForm, SetUpPage,
};
use crate::session_cookie;
use crate::text::tr;

/// Browsers remove, for the next person at this browser, what scripts have stored, such as texts that
/// were typed and not sent, and the pages that they keep for the back button. Chromium 156 keeps even
/// pages that must not be stored, and restores them after a logout. Over unencrypted HTTP only a
/// loopback address can ask for it (W3C, "Clear Site Data", section 3.2). Below a base path the origin
/// has other programs, too (`logged_out.rs`).
const CLEAR: (&str, &str) = ("clear-site-data", "\"cache\", \"storage\"");

/// The query of the login.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    next: String,
}

/// The fields of the login.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct LoginFields {
    name: String,
    password: String,
    next: String,
}

/// The fields of the set-up.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SetUpFields {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) password: String,
    pub(super) again: String,
}

pub(super) async fn login(
    visit: Visit,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Query(Asked { next }) = asked.unwrap_or_default();
    if visit.visitor.admission.is_some() {
        return Redirect::to(next_path(&next).unwrap_or("/")).into_response();
    }
    match visit.accounts.is_set_up().await {
        Ok(true) => {
            let form = LoginForm { next, ..LoginForm::default() };
            show_login(&visit, &headers, form, None).await
        }
        Ok(false) => Redirect::to("/setup").into_response(),
        Err(error) => {
            let failure = Failure::new(error, |_| Mistake::FORM);
            let form = LoginForm { next, ..LoginForm::default() };
            show_login(&visit, &headers, form, Some(failure)).await
        }
    }
}

/// Logs in and leads on. After a failure the form is shown again with the name, but never with the
/// password.
pub(super) async fn log_in(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<LoginFields>, FormRejection>,
) -> Response {
    let Ok(Form(LoginFields { name, password, next })) = form else {
        let failure = Some(Failure::unreadable());
        return show_login(&visit, &headers, LoginForm::default(), failure).await;
    };
    let login = login_of(&visit, &headers, &name, &password);
    match visit.accounts.log_in(login).await {
        Ok(done) => came_in(&visit, &done, next_path(&next).unwrap_or("/")),
        Err(error) => {
            let failure = Failure::new(error, |error| match error {
                AccountError::WrongCredentials => PASSWORD,
                _ => Mistake::FORM,
            });
            let form = LoginForm { name, next, ..LoginForm::default() };
            show_login(&visit, &headers, form, Some(failure)).await
        }
    }
}

pub(super) async fn set_up_form(visit: Visit, headers: HeaderMap) -> Response {
    match visit.accounts.is_set_up().await {
        Ok(true) => Redirect::to("/login").into_response(),
        // No code was printed for a person who needs none.
        Ok(false) if visit.visitor.at_machine => Redirect::to("/accounts").into_response(),
        Ok(false) => show_set_up(&visit, &headers, SetUpForm::default(), None),
        Err(error) => {
            let failure = Failure::new(error, |_| Mistake::FORM);
            show_set_up(&visit, &headers, SetUpForm::default(), Some(failure))
        }
    }
}

/// Makes the first account and logs in.
pub(super) async fn set_up(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<SetUpFields>, FormRejection>,
) -> Response {
    let Ok(Form(SetUpFields { code, name, password, again })) = form else {
        let failure = Some(Failure::unreadable());
        return show_set_up(&visit, &headers, SetUpForm::default(), failure);
    };
    if password != again {
        let failure = Failure::of_form(AGAIN, || tr!(password_differs).to_owned());
        let form = SetUpForm { code, name, ..SetUpForm::default() };
        return show_set_up(&visit, &headers, form, Some(failure));
    }
    let login = login_of(&visit, &headers, &name, &password);
    match visit.accounts.set_up(&code, login).await {
        Ok(done) => came_in(&visit, &done, "/"),
        Err(error) => set_up_failed(&visit, &headers, code, name, error),
    }
}

/// The form again, after the first account was not made.
pub(super) fn set_up_failed(
    visit: &Visit,
    headers: &HeaderMap,
    code: String,
    name: String,
    error: AccountError,
) -> Response {
    if matches!(error, AccountError::NotNow) {
        return Redirect::to("/login").into_response();
    }
    let code = if matches!(error, AccountError::SetUp(_)) { String::new() } else { code };
    let failure = Failure::new(error, |error| match error {
        AccountError::SetUp(_) => CODE,
        AccountError::Name(_) => NAME,
        AccountError::Password(_) => PASSWORD,
        _ => Mistake::FORM,
    });
    let form = SetUpForm { code, name, ..SetUpForm::default() };
    show_set_up(visit, headers, form, Some(failure))
}

/// Ends the session of the request. If it has ended already, the browser still forgets it.
pub(super) async fn log_out(visit: Visit, headers: HeaderMap) -> Response {
    if let Some(admission) = &visit.visitor.admission {
        match visit.accounts.log_out(admission, visit.visitor.address).await {
            // There is no session to end if a proxy has authenticated the reader.
            Ok(()) | Err(AccountError::NotFound) => {}
            Err(error) => return visit.failed(&headers, error),
        }
    }
    let removed = [(header::SET_COOKIE, session_cookie::removed(visit.visitor.secure))];
    if !base().is_empty() {
        return (removed, logged_out::page(&headers)).into_response();
    }
    (removed, [CLEAR], Redirect::to("/login")).into_response()
}

fn login_of<'a>(visit: &Visit, headers: &'a HeaderMap, name: &'a str, password: &str) -> Login<'a> {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let secure = visit.visitor.secure;
    Login {
        name,
        password: Password::new(password),
        from: visit.visitor.address,
        device: Device::from_user_agent(agent.unwrap_or_default()),
        device_secret: session_cookie::device_secret(headers, secure),
        session_secret: session_cookie::session_secret(headers, secure),
    }
}

pub(super) fn came_in(visit: &Visit, done: &LoggedIn, next: &str) -> Response {
    let mut response = Redirect::to(next).into_response();
    for cookie in session_cookie::of_login(done, visit.visitor.secure) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

pub(super) async fn show_login(
    visit: &Visit,
    headers: &HeaderMap,
    form: LoginForm,
    failure: Option<Failure>,
) -> Response {
    let (answer, mistake) = parts(failure);
    // Only a path that the login would lead on to is kept.
    let next = next_path(&form.next).unwrap_or_default().to_owned();
    let is_readable_by_others = visit.is_readable_by_others();
    let provider = visit.identity_provider.as_ref().map(|provider| provider.name().to_owned());
    let passkeys = offer_of_login(visit, headers).await;
    let form = LoginForm { next, is_readable_by_others, provider, passkeys, mistake, ..form };
    visit
        .document(headers, answer, || (tr!(log_in).to_owned(), erase(view! { <LoginPage form /> })))
}

pub(super) fn show_set_up(
    visit: &Visit,
    headers: &HeaderMap,
    form: SetUpForm,
    failure: Option<Failure>,
) -> Response {
    let (answer, mistake) = parts(failure);
    let is_readable_by_others = visit.is_readable_by_others();
    let provider = visit.identity_provider.as_ref().filter(|provider| provider.makes_owners());
    let provider = provider.map(|provider| provider.name().to_owned());
    let passkeys = offer_of(visit, headers);
    let form = SetUpForm { is_readable_by_others, provider, passkeys, mistake, ..form };
    visit
        .document(headers, answer, || (tr!(set_up).to_owned(), erase(view! { <SetUpPage form /> })))
}
