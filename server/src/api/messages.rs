//! Sends a message, and cancels its answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::api::{Accepted, Cancelled, PatchMessage, SendMessage};
use protocol::{ErrorBody, MessageId, RuntimeId, Worker, WorkerId};

use super::{MessagePath, WorkerPath};
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

/// Leaves a message out of what models are sent from the next turn on, or sends it again.
///
/// The message stays in the conversation. At most 200 messages of a conversation can be left out.
#[utoipa::path(
    patch, path = "/api/v1/runtimes/{rid}/workers/{wid}/messages/{mid}", tag = "messages",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), ("mid" = MessageId, Path)),
    request_body = PatchMessage,
    responses(
        (status = 200, description = "Its worker, with `omitted`", body = Worker),
        (status = 422, description = "`invalid_input`", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn patch(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(MessagePath { rid, wid, mid }): Path<MessagePath>,
    extract::Json(request): extract::Json<PatchMessage>,
) -> ApiResult<Json<Worker>> {
    Ok(Json(state.runtime(&rid, principal)?.patch_message(wid, mid, request).await?))
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
