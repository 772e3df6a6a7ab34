//! The own account: its password, sessions and API tokens.

use std::time::Duration;

use accounts::{ApiToken, Password, Scopes, Session, SessionId, TokenId, TokenName, Via};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::api::{
    ChangePassword, CreateToken, CreatedToken, EndedSessions, PasswordText, SessionList,
    SessionSummary, TokenList, TokenScope, TokenSummary,
};
use protocol::{Error, ErrorBody};
use serde::Deserialize;

use crate::caller::{Caller, Visit};
use crate::error::{ApiError, ApiResult};
use crate::extract::{self, Path};
use crate::state::AppState;

/// The longest time that a token may be valid.
const DAYS_MAX: u32 = 366;

/// `/api/v1/sessions/{id}` and `/api/v1/tokens/{id}`.
#[derive(Clone, Debug, Deserialize)]
pub struct NumberPath {
    /// The number; `not_found` if the account has none with it.
    #[serde(deserialize_with = "extract::number")]
    pub id: i64,
}

/// Changes the own password. All other sessions of the account end.
#[utoipa::path(
    put, path = "/api/v1/password", tag = "accounts", request_body = ChangePassword,
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn change_password(
    State(state): State<AppState>,
    visit: Visit,
    extract::Json(asked): extract::Json<ChangePassword>,
) -> ApiResult<StatusCode> {
    let (by, old) = (visit.admission()?, Password::new(&asked.old.0));
    let changed = state.accounts.change_password(by, old, &asked.new.0, visit.0.address).await;
    changed.map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the sessions of the own account.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "accounts",
    responses((status = 200, body = SessionList), (status = "default", body = ErrorBody))
)]
pub async fn sessions(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Visit(visitor): Visit,
) -> ApiResult<Json<SessionList>> {
    let own = visitor.admission.as_ref().map(accounts::Admission::via);
    let sessions = state.accounts.sessions(principal.account).await.map_err(Error::from)?;
    let sessions = sessions.into_iter().map(|session| summary(&session, own)).collect();
    Ok(Json(SessionList { sessions }))
}

/// Ends all sessions of the own account but the one of this request.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "accounts",
    responses((status = 200, body = EndedSessions), (status = "default", body = ErrorBody))
)]
pub async fn end_other_sessions(
    State(state): State<AppState>,
    visit: Visit,
) -> ApiResult<Json<EndedSessions>> {
    let ended = state.accounts.revoke_other_sessions(visit.admission()?, visit.0.address).await;
    let ended = u32::try_from(ended.map_err(Error::from)?).unwrap_or(u32::MAX);
    Ok(Json(EndedSessions { ended }))
}

/// Ends a session of the own account, with everything that is open by it.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "accounts", params(("id" = i64, Path)),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn end_session(
    State(state): State<AppState>,
    visit: Visit,
    Path(NumberPath { id }): Path<NumberPath>,
) -> ApiResult<StatusCode> {
    let (by, id) = (visit.admission()?, SessionId(id));
    state.accounts.revoke_session(by, id, visit.0.address).await.map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the API tokens of the own account.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "accounts",
    responses((status = 200, body = TokenList), (status = "default", body = ErrorBody))
)]
pub async fn tokens(
    State(state): State<AppState>,
    Caller(principal): Caller,
) -> ApiResult<Json<TokenList>> {
    let tokens = state.accounts.tokens(principal.account).await.map_err(Error::from)?;
    Ok(Json(TokenList { tokens: tokens.iter().map(token_summary).collect() }))
}

/// Makes an API token of the own account. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "accounts", request_body = CreateToken,
    responses((status = 201, body = CreatedToken), (status = "default", body = ErrorBody))
)]
pub async fn create_token(
    State(state): State<AppState>,
    visit: Visit,
    extract::Json(asked): extract::Json<CreateToken>,
) -> ApiResult<(StatusCode, Json<CreatedToken>)> {
    let name = TokenName::parse(&asked.name).ok_or_else(|| {
        ApiError::invalid(format!("A token's name has 1 to {} characters.", TokenName::MAX_CHARS))
    })?;
    let scopes = scopes(&asked.scopes)?;
    if !(1..=DAYS_MAX).contains(&asked.days) {
        return Err(ApiError::invalid(format!("A token is valid for 1 to {DAYS_MAX} days.")));
    }
    let valid = Duration::from_secs(u64::from(asked.days) * 24 * 60 * 60);
    let (by, from) = (visit.admission()?, visit.0.address);
    let made = state.accounts.create_token(by, name, scopes, valid, from).await;
    let (token, secret) = made.map_err(Error::from)?;
    let secret = PasswordText(secret.reveal().to_owned());
    Ok((StatusCode::CREATED, Json(CreatedToken { token: token_summary(&token), secret })))
}

/// Revokes an API token of the own account, with everything that is open by it.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "accounts", params(("id" = i64, Path)),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn revoke_token(
    State(state): State<AppState>,
    visit: Visit,
    Path(NumberPath { id }): Path<NumberPath>,
) -> ApiResult<StatusCode> {
    let (by, id) = (visit.admission()?, TokenId(id));
    state.accounts.revoke_token(by, id, visit.0.address).await.map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

fn summary(session: &Session, own: Option<Via>) -> SessionSummary {
    SessionSummary {
        id: session.id.0,
        created_at: session.created_at,
        used_at: session.used_at,
        ends_at: session.ends_at(),
        device: session.device.as_str().to_owned(),
        current: own == Some(Via::Session(session.id)),
    }
}

fn token_summary(token: &ApiToken) -> TokenSummary {
    let Scopes { read, write, admin } = token.scopes;
    let scopes = [
        read.then_some(TokenScope::Read),
        write.then_some(TokenScope::Write),
        admin.then_some(TokenScope::Admin),
    ];
    TokenSummary {
        id: token.id.0,
        name: token.name.as_str().to_owned(),
        scopes: scopes.into_iter().flatten().collect(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        used_at: token.used_at,
    }
}

fn scopes(asked: &[TokenScope]) -> ApiResult<Scopes> {
    if asked.is_empty() {
        return Err(ApiError::invalid("A token without a scope would allow nothing."));
    }
    let has = |scope| asked.contains(&scope);
    Ok(Scopes {
        read: has(TokenScope::Read),
        write: has(TokenScope::Write),
        admin: has(TokenScope::Admin),
    })
}
