//! Sends a message, and cancels its answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::api::{Accepted, Cancelled, SendMessage};
use protocol::{ErrorBody, RuntimeId, WorkerId};

use super::WorkerPath;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::extract::{self, Path};
use crate::state::AppState;

/// Sends a message; answers once it is committed.
///
/// A request with an `id` that was used before gets the answer of the first one.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/workers/{wid}/messages", tag = "messages",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    request_body = SendMessage,
    responses(
        (status = 202, body = Accepted),
        (status = 409, description = "`busy`: a turn is running; nothing was stored", body = ErrorBody),
        (status = 422, description = "`invalid_input`", body = ErrorBody),
        (status = 503, description = "`unavailable`: nothing can answer", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn send(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    extract::Json(request): extract::Json<SendMessage>,
) -> ApiResult<(StatusCode, Json<Accepted>)> {
    let accepted = state.runtime(&rid, principal)?.send(wid, request).await?;
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// Cancels the running turn; answers when the provider has halted and the end is committed.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/workers/{wid}/cancel", tag = "messages",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    responses((status = 200, body = Cancelled), (status = "default", body = ErrorBody))
)]
pub async fn cancel(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
) -> ApiResult<Json<Cancelled>> {
    Ok(Json(state.runtime(&rid, principal)?.cancel(wid).await?))
}
