//! The handlers of logins with passkeys, and of the passkeys of the own account.
//!
//! Each begins with a form, whose `Origin` the server has checked. Its answer is a page with a
//! challenge, and the form of that page sends what the browser's authenticator answers.

use accounts::{
    AccountError, Admission, Device, Network, PasskeyId, PasskeyLogin, PasskeyName, Password,
    UserHandle, Via,
};
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use leptos::nonce::Nonce;
use leptos::prelude::*;
use oidc::Origin;
use passkeys::{Answered, Owner, PasskeyError, Purpose, Site, SiteError, Started};
use runtime::clock::{Clock as _, SystemClock};
use serde::Deserialize;

use super::account::failed as account_failed;
use super::document::POLICY;
use super::entrance::{SetUpFields, came_in, set_up_failed, show_login, show_set_up};
use super::passkey_failure::{failure_of, failure_of_site};
use super::visit::{Answer, Failure, Visit};
use crate::components::Mistake;
use crate::device_name::device_name;
use crate::erase::erase;
use crate::next_path::next_path;
use crate::pages::account::{PASSKEY_NAME, PASSKEY_PASSWORD};
use crate::pages::login::{AGAIN, LoginForm, SetUpForm};
use crate::pages::passkey::{Challenge, Offer, PasskeyPage};
use crate::session_cookie;
use crate::text::{self, tr};

/// The fields of the button that logs in with a passkey.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct BeginFields {
    next: String,
}

/// The fields of the page with a challenge.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AnswerFields {
    state: String,
    answer: String,
}

/// The fields of the forms on the page of the own account. A field of a tagged form is a text.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum PasskeyFields {
    Add {
        name: String,
        #[serde(default)]
        password: String,
    },
    Remove {
        passkey: String,
    },
}

/// The site under which a browser has made a request. In a form, `Origin` is what the browser itself
/// calls it.
pub(super) fn site_of(visit: &Visit, headers: &HeaderMap) -> Result<Site, SiteError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // Where a proxy replaces `Host`. The server has compared both with its own names.
    let host = text("x-forwarded-host").or_else(|| text("host")).unwrap_or_default();
    let origin = Origin::of_request(text("origin"), host, visit.visitor.secure);
    origin.map_err(|_| SiteError::Invalid).and_then(|origin| Site::of(origin.as_str()))
}

/// What the login says about passkeys: nothing before there is one that it may be about.
pub(super) async fn offer_of_login(visit: &Visit, headers: &HeaderMap) -> Offer {
    let site = site_of(visit, headers);
    let host = site.as_ref().ok().map(Site::host);
    match (visit.accounts.has_passkeys(host).await, site) {
        (Ok(true), Ok(_)) => Offer::Passkeys,
        (Ok(true), Err(error)) => Offer::Impossible(error),
        (Ok(false), _) => Offer::Nothing,
        (Err(error), _) => {
            // The page with the password comes all the same.
            tracing::warn!(error = &error as &dyn std::error::Error, "passkeys cannot be read");
            Offer::Nothing
        }
    }
}

/// What the other pages say about passkeys.
pub(super) fn offer_of(visit: &Visit, headers: &HeaderMap) -> Offer {
    match site_of(visit, headers) {
        Ok(_) => Offer::Passkeys,
        Err(error) => Offer::Impossible(error),
    }
}

/// Asks the browser for a passkey of any account.
pub(super) async fn begin_login(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<BeginFields>, FormRejection>,
) -> Response {
    let Form(BeginFields { next }) = form.unwrap_or_default();
    let next = next_path(&next).unwrap_or_default().to_owned();
    let site = match site_of(&visit, &headers) {
        Ok(site) => site,
        Err(error) => return login_failed(&visit, &headers, next, failure_of_site(error)).await,
    };
    match visit.passkeys.begin_login(&site, next.clone(), network(&visit)) {
        Ok(started) => challenge(&visit, &headers, started, &LOGIN),
        Err(error) => login_failed(&visit, &headers, next, failure_of(&error)).await,
    }
}

/// Logs in with what the browser has answered.
pub(super) async fn finish_login(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<AnswerFields>, FormRejection>,
) -> Response {
    let Form(fields) = form.unwrap_or_default();
    let answer = match visit.passkeys.finish_login(&answered(&visit, &headers, &fields)) {
        Ok(answer) => answer,
        // The reader has reloaded the page, or gone back to it.
        Err(PasskeyError::Unknown) if visit.visitor.admission.is_some() => return to("/"),
        Err(error) => {
            let failed = login_failed(&visit, &headers, String::new(), failure_of(&error)).await;
            return ended(&visit, failed);
        }
    };
    let next = answer.next.clone();
    let login = login_of(&visit, &headers, answer.credential.clone());
    let done = visit.accounts.log_in_with_passkey(login, |passkey| answer.check(passkey)).await;
    let response = match done {
        Ok(done) => came_in(&visit, &done, next_path(&next).unwrap_or("/")),
        Err(error) => {
            let failure = Failure::new(error, |_| Mistake::FORM);
            login_failed(&visit, &headers, next, failure).await
        }
    };
    ended(&visit, response)
}

/// Checks the set-up code and what else was typed, and asks the browser to make a passkey. Without a
/// password the passkey is the only way into the account.
pub(super) async fn begin_set_up(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<SetUpFields>, FormRejection>,
) -> Response {
    let Ok(Form(SetUpFields { code, name, password, again })) = form else {
        let failure = Some(Failure::unreadable());
        return show_set_up(&visit, &headers, SetUpForm::default(), failure);
    };
    let failed = |failure| {
        let form = SetUpForm { code: code.clone(), name: name.clone(), ..SetUpForm::default() };
        show_set_up(&visit, &headers, form, Some(failure))
    };
    match visit.accounts.is_set_up().await {
        Ok(false) => {}
        Ok(true) => return to("/login"),
        Err(error) => return failed(Failure::new(error, |_| Mistake::FORM)),
    }
    let site = match site_of(&visit, &headers) {
        Ok(site) => site,
        Err(error) => return failed(failure_of_site(error)),
    };
    if password != again {
        return failed(Failure::of_form(AGAIN, || tr!(password_differs).to_owned()));
    }
    let password = (!password.is_empty()).then(|| Password::new(&password));
    let from = visit.visitor.address;
    let owner = match visit.accounts.check_owner(&code, &name, password, from).await {
        Ok(owner) => owner,
        Err(error) => return set_up_failed(&visit, &headers, code, name, error),
    };
    let asked = Owner { name: owner.name().clone(), handle: UserHandle::random(), has: Vec::new() };
    let purpose = Purpose::SetUp(owner);
    match visit.passkeys.begin_registration(&site, asked, purpose, network(&visit)) {
        Ok(started) => challenge(&visit, &headers, started, &SET_UP),
        Err(error) => failed(failure_of(&error)),
    }
}

/// Makes the first account with the passkey that the browser has made, and logs in.
pub(super) async fn finish_set_up(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<AnswerFields>, FormRejection>,
) -> Response {
    let Form(fields) = form.unwrap_or_default();
    let finished = visit.passkeys.finish_registration(&answered(&visit, &headers, &fields));
    let (owner, made) = match finished {
        Ok(done) => match done.purpose {
            Purpose::SetUp(owner) => (owner, done.made),
            Purpose::Add { .. } => return to("/account"),
        },
        Err(PasskeyError::Unknown) if visit.visitor.admission.is_some() => return to("/"),
        Err(error) => {
            let failure = Some(failure_of(&error));
            let failed = show_set_up(&visit, &headers, SetUpForm::default(), failure);
            return ended(&visit, failed);
        }
    };
    let name = owner.name().as_str().to_owned();
    let login = login_of(&visit, &headers, made.credential().clone());
    let new = made.named(name_by_device(&headers), SystemClock.now());
    let response = match visit.accounts.set_up_with_passkey(owner, new, login).await {
        Ok(done) => came_in(&visit, &done, "/"),
        Err(error) => set_up_failed(&visit, &headers, String::new(), name, error),
    };
    ended(&visit, response)
}

/// Asks the browser to make a passkey for the own account, or removes one.
pub(super) async fn change(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<PasskeyFields>, FormRejection>,
) -> Result<Response, Response> {
    let by = visit.admission(&headers)?;
    let done = match form {
        Ok(Form(PasskeyFields::Add { name, password })) => {
            begin_adding(&visit, &headers, by, &name, &password).await
        }
        Ok(Form(PasskeyFields::Remove { passkey })) => {
            let id = passkey.parse().map(PasskeyId).map_err(|_| AccountError::NotFound);
            let removed = match id {
                Ok(id) => visit.accounts.remove_passkey(by, id, visit.visitor.address).await,
                Err(error) => Err(error),
            };
            removed
                .map(|()| to("/account?done=passkey_removed"))
                .map_err(|error| Failure::new(error, |_| Mistake::FORM))
        }
        Err(_) => Err(Failure::unreadable()),
    };
    Ok(match done {
        Ok(response) => response,
        Err(failure) => account_failed(&visit, &headers, failure).await,
    })
}

/// Adds the passkey that the browser has made.
pub(super) async fn finish_adding(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<AnswerFields>, FormRejection>,
) -> Result<Response, Response> {
    let by = visit.admission(&headers)?;
    let Form(fields) = form.unwrap_or_default();
    let response = match add(&visit, &headers, by, &fields).await {
        Ok(()) => to("/account?done=passkey_added"),
        Err(failure) => account_failed(&visit, &headers, failure).await,
    };
    Ok(ended(&visit, response))
}

async fn begin_adding(
    visit: &Visit,
    headers: &HeaderMap,
    by: &Admission,
    name: &str,
    password: &str,
) -> Result<Response, Failure> {
    let Via::Session(session) = by.via() else { return Err(Failure::unreadable()) };
    let site = site_of(visit, headers).map_err(failure_of_site)?;
    let Some(name) = PasskeyName::parse(name) else {
        return Err(Failure::of_form(PASSKEY_NAME, text::passkey_name_rule));
    };
    let (accounts, from) = (&visit.accounts, visit.visitor.address);
    match accounts.confirm(by, Password::new(password), from).await {
        Ok(()) => {}
        // The reader is logged in, so this is no refused login.
        Err(AccountError::WrongCredentials) => {
            let words = || tr!(password_old_wrong).to_owned();
            return Err(Failure::of_form(PASSKEY_PASSWORD, words));
        }
        Err(error) => {
            return Err(Failure::new(error, |error| match error {
                AccountError::RateLimited(_) => PASSKEY_PASSWORD,
                _ => Mistake::FORM,
            }));
        }
    }
    let failed = |error| Failure::new(error, |_| Mistake::FORM);
    let known = accounts.passkeys(by.account()).await.map_err(failed)?;
    // An authenticator keeps one passkey for a site and a handle. With the same handle, a device that
    // has one already says so.
    let handle = known.first().map_or_else(UserHandle::random, |passkey| passkey.handle);
    let has = known.into_iter().map(|passkey| passkey.credential).collect();
    let owner = Owner { name: by.name().clone(), handle, has };
    let purpose = Purpose::Add { account: by.account(), session, name };
    let started = visit
        .passkeys
        .begin_registration(&site, owner, purpose, network(visit))
        .map_err(|error| failure_of(&error))?;
    Ok(challenge(visit, headers, started, &ADD))
}

async fn add(
    visit: &Visit,
    headers: &HeaderMap,
    by: &Admission,
    fields: &AnswerFields,
) -> Result<(), Failure> {
    let done = visit
        .passkeys
        .finish_registration(&answered(visit, headers, fields))
        .map_err(|error| failure_of(&error))?;
    // Only the session that its owner has confirmed ends what it began.
    let name = match done.purpose {
        Purpose::Add { account, session, name }
            if account == by.account() && by.via() == Via::Session(session) =>
        {
            name
        }
        Purpose::Add { .. } | Purpose::SetUp(_) => {
            return Err(failure_of(&PasskeyError::Unknown));
        }
    };
    let new = done.made.named(name, SystemClock.now());
    let added = visit.accounts.add_passkey(by, new, visit.visitor.address).await;
    added.map_err(|error| Failure::new(error, |_| Mistake::FORM))
}

/// The parts of a page with a challenge that depend on what it is for.
struct Place {
    is_new: bool,
    action: &'static str,
    back: &'static str,
}

const LOGIN: Place = Place { is_new: false, action: "/login/passkey/answer", back: "/login" };
const SET_UP: Place = Place { is_new: true, action: "/setup/passkey/answer", back: "/setup" };
const ADD: Place = Place { is_new: true, action: "/account/passkeys/answer", back: "/account" };

/// The page with a challenge. It has a script, so its policy has a nonce.
fn challenge(visit: &Visit, headers: &HeaderMap, started: Started, place: &Place) -> Response {
    let nonce = Nonce::default().to_string();
    let policy = HeaderValue::try_from(format!("{POLICY}; script-src 'nonce-{nonce}'"))
        .expect("a nonce is URL-safe base64");
    let challenge = Challenge {
        options: started.options,
        state: started.state.reveal().to_owned(),
        is_new: place.is_new,
        action: place.action,
        back: place.back,
        nonce,
    };
    let mut response = visit.document(headers, Answer::default(), || {
        let title = if challenge.is_new { tr!(passkey_make) } else { tr!(passkey_use) };
        (title.to_owned(), erase(view! { <PasskeyPage challenge /> }))
    });
    let known = session_cookie::of_challenge(&started.browser, visit.visitor.secure);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().append(header::SET_COOKIE, known);
    response
}

/// The same response, after which the browser has no challenge any more.
fn ended(visit: &Visit, mut response: Response) -> Response {
    let removed = session_cookie::challenge_removed(visit.visitor.secure);
    response.headers_mut().append(header::SET_COOKIE, removed);
    response
}

fn answered<'a>(visit: &Visit, headers: &'a HeaderMap, fields: &'a AnswerFields) -> Answered<'a> {
    let browser = session_cookie::challenge_secret(headers, visit.visitor.secure);
    Answered { state: &fields.state, browser, answer: &fields.answer }
}

fn login_of<'a>(
    visit: &Visit,
    headers: &'a HeaderMap,
    credential: accounts::CredentialId,
) -> PasskeyLogin<'a> {
    let secure = visit.visitor.secure;
    PasskeyLogin {
        credential,
        from: visit.visitor.address,
        device: Device::from_user_agent(user_agent(headers)),
        device_secret: session_cookie::device_secret(headers, secure),
        session_secret: session_cookie::session_secret(headers, secure),
    }
}

fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What a passkey is called unless its owner says otherwise. Owners read it again later, maybe in
/// another language, so it is a plain name such as `Firefox on Linux`.
pub(super) fn name_by_device(headers: &HeaderMap) -> PasskeyName {
    let device = device_name(Device::from_user_agent(user_agent(headers)).as_str());
    PasskeyName::parse(&device)
        .or_else(|| PasskeyName::parse("Passkey"))
        .expect("a plain word is a name")
}

fn network(visit: &Visit) -> Option<Network> {
    visit.visitor.address.map(Network::of)
}

async fn login_failed(
    visit: &Visit,
    headers: &HeaderMap,
    next: String,
    failure: Failure,
) -> Response {
    show_login(visit, headers, LoginForm { next, ..LoginForm::default() }, Some(failure)).await
}

fn to(path: &str) -> Response {
    Redirect::to(path).into_response()
}
