//! Coming in and going: set-up, login, logout, and who the caller is.

use accounts::{Device, LoggedIn, Login, Password, Via};
use app::{Visitor, session_cookie};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use protocol::api::{AdmittedBy, LogIn, SessionStatus, SetUp};
use protocol::{Error, ErrorBody};

use crate::caller::{Caller, Visit};
use crate::error::ApiResult;
use crate::extract;
use crate::state::AppState;

/// Makes the first account, which is an owner's, with the code that the server printed, and logs in.
///
/// The answer sets the cookie of the session.
#[utoipa::path(
    post, path = "/api/v1/setup", tag = "accounts", request_body = SetUp,
    responses((status = 200, body = SessionStatus), (status = "default", body = ErrorBody))
)]
pub async fn set_up(
    State(state): State<AppState>,
    Visit(visitor): Visit,
    headers: HeaderMap,
    extract::Json(asked): extract::Json<SetUp>,
) -> ApiResult<Response> {
    let login = login(&visitor, &headers, &asked.name, &asked.password.0);
    let done = state.accounts.set_up(&asked.code.0, login).await.map_err(Error::from)?;
    logged_in(&state, &visitor, &done).await
}

/// Logs in. The answer sets the cookie of the session, and ends the one that the browser had.
///
/// A failure says the same whether the name or the password is wrong. Failed attempts are delayed:
/// `rate_limited`.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "accounts", request_body = LogIn,
    responses((status = 200, body = SessionStatus), (status = "default", body = ErrorBody))
)]
pub async fn log_in(
    State(state): State<AppState>,
    Visit(visitor): Visit,
    headers: HeaderMap,
    extract::Json(asked): extract::Json<LogIn>,
) -> ApiResult<Response> {
    let login = login(&visitor, &headers, &asked.name, &asked.password.0);
    let done = state.accounts.log_in(login).await.map_err(Error::from)?;
    logged_in(&state, &visitor, &done).await
}

/// Says who the caller is.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "accounts",
    responses((status = 200, body = SessionStatus), (status = "default", body = ErrorBody))
)]
pub async fn status(Caller(principal): Caller, Visit(visitor): Visit) -> Json<SessionStatus> {
    let admission = visitor.admission.as_ref();
    let by = match admission.map(accounts::Admission::via) {
        Some(Via::Session(_)) => AdmittedBy::Session,
        Some(Via::Token(_)) => AdmittedBy::Token,
        Some(Via::Proxy(_)) => AdmittedBy::Proxy,
        None => AdmittedBy::Machine,
    };
    let name = admission.map(|admission| admission.name().as_str().to_owned());
    Json(SessionStatus { account_id: principal.account, name, role: principal.role, by })
}

/// Logs out: ends the session of the request, with everything that is open by it.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "accounts",
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn log_out(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let visitor = &visit.0;
    state.accounts.log_out(visit.admission()?, visitor.address).await.map_err(Error::from)?;
    let removed = session_cookie::removed(visitor.secure);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, removed)]).into_response())
}

fn login<'a>(
    visitor: &Visitor,
    headers: &'a HeaderMap,
    name: &'a str,
    password: &str,
) -> Login<'a> {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Login {
        name,
        password: Password::new(password),
        from: visitor.address,
        device: Device::from_user_agent(agent.unwrap_or_default()),
        device_secret: session_cookie::device_secret(headers, visitor.secure),
        session_secret: session_cookie::session_secret(headers, visitor.secure),
    }
}

async fn logged_in(state: &AppState, visitor: &Visitor, done: &LoggedIn) -> ApiResult<Response> {
    let account = state.accounts.account(done.account).await.map_err(Error::from)?;
    let status = SessionStatus {
        account_id: done.account,
        name: Some(account.name.as_str().to_owned()),
        role: done.role,
        by: AdmittedBy::Session,
    };
    let mut response = Json(status).into_response();
    for cookie in session_cookie::of_login(done, visitor.secure) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
