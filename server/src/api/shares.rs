//! Shares: read-only copies of own conversations, for everybody who knows their address.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::api::{CreateShare, ShareList, ShareSummary};
use protocol::{Error, ErrorBody, ExcerptParts, RuntimeId, WorkerId};
use shares::{Actor, Share, ShareDays, ShareId, Wish};

use super::WorkerPath;
use super::own_account::NumberPath;
use crate::caller::{Caller, Visit};
use crate::error::{ApiError, ApiResult};
use crate::extract::{self, Path};
use crate::state::AppState;

/// Lists the shares of the own account that have not ended.
#[utoipa::path(
    get, path = "/api/v1/shares", tag = "shares",
    responses((status = 200, body = ShareList), (status = "default", body = ErrorBody))
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(principal): Caller,
) -> ApiResult<Json<ShareList>> {
    let shares = state.shares.shares(principal.account).await.map_err(Error::from)?;
    Ok(Json(ShareList { shares: shares.into_iter().map(summary).collect() }))
}

/// Shares a copy of an own conversation, from its first message to one of them. Everybody who knows
/// the address can read the copy; what is written later is not in it.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/workers/{wid}/shares", tag = "shares",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)), request_body = CreateShare,
    responses(
        (status = 201, body = ShareSummary),
        (status = 403, description = "`forbidden`: the setting `share` is false", body = ErrorBody),
        (status = 429, description = "`rate_limited`: other exports are under way", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn create(
    State(state): State<AppState>,
    Caller(principal): Caller,
    visit: Visit,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    extract::Json(asked): extract::Json<CreateShare>,
) -> ApiResult<(StatusCode, Json<ShareSummary>)> {
    let CreateShare { until, thinking, system_prompt, days } = asked;
    let days = ShareDays::of(days)
        .ok_or_else(|| ApiError::invalid("A share can be read for 1, 7, 30 or 365 days."))?;
    let runtime = state.runtime(&rid, principal)?;
    // A refusal says so before the conversation is read.
    state.shares.allowed().map_err(Error::from)?;
    let parts = ExcerptParts { reasoning: thinking, prompts: system_prompt };
    let mut export = runtime.branch(wid, until).await?.into_excerpt(parts);
    let excerpt = export.take();
    let wish = Wish { account: principal.account, worker_id: wid, excerpt, parts, days };
    let share = state.shares.share(wish, actor(&visit)).await.map_err(Error::from)?;
    Ok((StatusCode::CREATED, Json(summary(share))))
}

/// Revokes a share of the own account. Its copy is removed.
#[utoipa::path(
    delete, path = "/api/v1/shares/{id}", tag = "shares", params(("id" = i64, Path)),
    responses((status = 204), (status = "default", body = ErrorBody))
)]
pub async fn revoke(
    State(state): State<AppState>,
    Caller(principal): Caller,
    visit: Visit,
    Path(NumberPath { id }): Path<NumberPath>,
) -> ApiResult<StatusCode> {
    let revoked = state.shares.revoke(principal.account, ShareId(id), actor(&visit)).await;
    revoked.map_err(Error::from)?;
    Ok(StatusCode::NO_CONTENT)
}

fn actor(visit: &Visit) -> Actor {
    Actor { account: visit.actor(), from: visit.0.address }
}

fn summary(share: Share) -> ShareSummary {
    ShareSummary {
        id: share.id.0,
        worker_id: share.worker_id,
        path: format!("/s/{}", share.token.reveal()),
        title: share.title,
        messages: share.messages,
        thinking: share.parts.reasoning,
        system_prompt: share.parts.prompts,
        bytes: share.bytes,
        created_at: share.created_at,
        expires_at: share.expires_at,
        open: share.open,
    }
}
