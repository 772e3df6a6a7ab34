//! The handlers of the login with a provider of identities, and of its connection with an account.

use accounts::{AccountError, Device, IdentifiedLogin, Identity, Network, Via};
use axum::Form;
use axum::extract::Query;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use leptos::prelude::*;
use oidc::{Begin, Callback, Finished, LoginError, Origin, Person, Purpose, RelyingParty};
use serde::Deserialize;

use super::account::failed as account_failed;
use super::entrance::{came_in, show_login};
use super::provider_failure::failure_of;
use super::visit::{Answer, Failure, Visit};
use crate::base_path::at;
use crate::components::Mistake;
use crate::erase::erase;
use crate::next_path::next_path;
use crate::pages::login::{LoginForm, OnwardPage};
use crate::session_cookie;
use crate::text::tr;

/// The fields of the button that logs in with the provider.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct BeginFields {
    next: String,
}

/// The fields of the forms on the page of the own account.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum IdentityFields {
    Connect,
    Disconnect { issuer: String, subject: String },
}

/// Leads on to the provider. The server has checked that the form is a page's of this site: another
/// site must not begin a login, which would end the reader's session.
pub(super) async fn begin(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<BeginFields>, FormRejection>,
) -> Response {
    let Some(provider) = &visit.identity_provider else { return to("/login") };
    let Form(BeginFields { next }) = form.unwrap_or_default();
    match lead(&visit, &headers, provider, Purpose::LogIn, &next).await {
        Ok(onward) => onward,
        Err(error) => login_failed(&visit, &headers, next, failure_of(provider, error)).await,
    }
}

/// Connects the own account with the provider, or disconnects it.
pub(super) async fn change(
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<IdentityFields>, FormRejection>,
) -> Result<Response, Response> {
    let by = visit.admission(&headers)?;
    let failed = async |failure| Ok(account_failed(&visit, &headers, failure).await);
    match (form, &visit.identity_provider, by.via()) {
        (Ok(Form(IdentityFields::Disconnect { issuer, subject })), _, _) => {
            let identity = Identity { issuer, subject };
            match visit.accounts.disconnect(by, identity, visit.visitor.address).await {
                Ok(()) => Ok(to("/account?done=disconnected")),
                Err(error) => failed(Failure::new(error, |_| Mistake::FORM)).await,
            }
        }
        (Ok(Form(IdentityFields::Connect)), Some(provider), Via::Session(session)) => {
            let purpose = Purpose::Connect(by.account(), session);
            match lead(&visit, &headers, provider, purpose, "").await {
                Ok(onward) => Ok(onward),
                Err(error) => failed(failure_of(provider, error)).await,
            }
        }
        _ => failed(Failure::unreadable()).await,
    }
}

/// Comes back from the provider.
pub(super) async fn finish(
    visit: Visit,
    headers: HeaderMap,
    asked: Result<Query<Callback>, QueryRejection>,
) -> Response {
    let Some(provider) = &visit.identity_provider else { return to("/login") };
    let Query(callback) = asked.unwrap_or_default();
    let secret = session_cookie::login_secret(&headers, visit.visitor.secure);
    let finished = match provider.finish(callback, secret).await {
        Ok(finished) => finished,
        // The reader has reloaded the page, or gone back to it.
        Err(_) if visit.visitor.admission.is_some() => return to("/"),
        Err(error) => {
            return login_failed(&visit, &headers, String::new(), failure_of(provider, error))
                .await;
        }
    };
    let mut response = answer(&visit, &headers, provider, finished).await;
    let removed = session_cookie::begun_removed(visit.visitor.secure);
    response.headers_mut().append(header::SET_COOKIE, removed);
    response
}

async fn answer(
    visit: &Visit,
    headers: &HeaderMap,
    provider: &RelyingParty,
    finished: Finished,
) -> Response {
    let Finished { purpose, next, person } = finished;
    if let Err(LoginError::NotAllowed | LoginError::Untrusted(_)) = &person
        && let Err(error) = visit.accounts.note_refused(visit.visitor.address).await
    {
        return visit.failed(headers, error);
    }
    match (purpose, person) {
        (Purpose::LogIn, Ok(person)) => log_in(visit, headers, &next, person).await,
        (Purpose::LogIn, Err(error)) => {
            login_failed(visit, headers, next, failure_of(provider, error)).await
        }
        (Purpose::Connect(account, session), person) => {
            let by = visit
                .visitor
                .admission
                .as_ref()
                .filter(|by| by.account() == account && by.via() == Via::Session(session));
            let failure = match (by, person) {
                // The session has ended meanwhile, or it is another one.
                (None, _) => failure_of(provider, LoginError::Unknown),
                (Some(_), Err(error)) => failure_of(provider, error),
                (Some(by), Ok(person)) => {
                    let from = visit.visitor.address;
                    match visit.accounts.connect(by, person.identity, from).await {
                        Ok(()) => return to("/account?done=connected"),
                        Err(error) => Failure::new(error, |_| Mistake::FORM),
                    }
                }
            };
            match visit.visitor.admission {
                Some(_) => account_failed(visit, headers, failure).await,
                None => login_failed(visit, headers, String::new(), failure).await,
            }
        }
    }
}

async fn log_in(visit: &Visit, headers: &HeaderMap, next: &str, person: Person) -> Response {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let login = IdentifiedLogin {
        identity: person.identity,
        is_owner: person.is_owner,
        names: &person.names,
        from: visit.visitor.address,
        device: Device::from_user_agent(agent.unwrap_or_default()),
        session_secret: session_cookie::session_secret(headers, visit.visitor.secure),
    };
    match visit.accounts.log_in_identified(login).await {
        Ok(done) => came_in(visit, &done, next_path(next).unwrap_or("/")),
        Err(AccountError::NotNow) => {
            let failure = Failure::of_form(Mistake::FORM, || tr!(provider_not_now).to_owned());
            login_failed(visit, headers, String::new(), failure).await
        }
        Err(error) => {
            let failure = Failure::new(error, |_| Mistake::FORM);
            login_failed(visit, headers, next.to_owned(), failure).await
        }
    }
}

/// The page that leads on to the provider. A redirect would be simpler, but Chromium and Safari apply
/// `form-action` of the Content-Security-Policy to the redirects of a form as well
/// (w3c/webappsec-csp#8), to those of the provider, too, whose further addresses nobody knows here. A
/// page that leads on by itself is no form any more, and needs no script.
async fn lead(
    visit: &Visit,
    headers: &HeaderMap,
    provider: &RelyingParty,
    purpose: Purpose,
    next: &str,
) -> Result<Response, LoginError> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let (origin, host) = (text(header::ORIGIN), text(header::HOST).unwrap_or_default());
    let secure = visit.visitor.secure;
    let origin = Origin::of_request(origin, host, secure)
        .map_err(|error| LoginError::Unusable(format!("the address of this server: {error}")))?;
    let begin = Begin {
        origin,
        callback_path: at("/login/callback"),
        next: next_path(next).unwrap_or_default().to_owned(),
        purpose,
        network: visit.visitor.address.map(Network::of),
    };
    let started = provider.begin(begin).await?;
    let (name, location) = (provider.name().to_owned(), started.location);
    let refresh = HeaderValue::from_str(&format!("0; url={location}"))
        .map_err(|_| LoginError::Unusable("its address is no address".to_owned()))?;
    let mut response = visit.document(headers, Answer::default(), || {
        let title = tr!(provider_onward, name = &name);
        (title, erase(view! { <OnwardPage name location /> }))
    });
    let known = session_cookie::of_begun(&started.browser, secure);
    response.headers_mut().insert(header::REFRESH, refresh);
    response.headers_mut().append(header::SET_COOKIE, known);
    Ok(response)
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
    Redirect::to(&at(path)).into_response()
}
