//! The turns of a conversation.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::api::{Accepted, AskAgain, EditAnswer, TurnInput};
use protocol::{ErrorBody, RuntimeId, Turn, TurnId, WorkerId};

use super::{TurnPath, WorkerPath};
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::extract::{self, Path};
use crate::state::AppState;

/// Begins another answer to a message; answers once it is committed.
///
/// A request with an `id` that was used before gets the answer of the first one.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/workers/{wid}/turns", tag = "turns",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    request_body = AskAgain,
    responses(
        (status = 202, body = Accepted),
        (status = 409, description = "`busy`: a turn is running; nothing was stored", body = ErrorBody),
        (status = 422, description = "`invalid_input`", body = ErrorBody),
        (status = 503, description = "`unavailable`: nothing can answer", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn ask_again(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    extract::Json(request): extract::Json<AskAgain>,
) -> ApiResult<(StatusCode, Json<Accepted>)> {
    let accepted = state.runtime(&rid, principal)?.ask_again(wid, request).await?;
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// Adds the reader's own version of a turn's answer beside it. No model is asked.
///
/// A request with an `id` that was used before gets the answer of the first one.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}/edit", tag = "turns",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), ("tid" = TurnId, Path)),
    request_body = EditAnswer,
    responses(
        (status = 201, description = "The question and the new, completed turn", body = Accepted),
        (status = 409, description = "`busy`: a turn is running; nothing was stored", body = ErrorBody),
        (status = 422, description = "`invalid_input`", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn edit(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(TurnPath { rid, wid, tid }): Path<TurnPath>,
    extract::Json(request): extract::Json<EditAnswer>,
) -> ApiResult<(StatusCode, Json<Accepted>)> {
    let accepted = state.runtime(&rid, principal)?.edit_answer(wid, tid, request).await?;
    Ok((StatusCode::CREATED, Json(accepted)))
}

/// Returns a turn: state, usage, timings, error, profile, model, digests.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}", tag = "turns",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), ("tid" = TurnId, Path)),
    responses((status = 200, body = Turn), (status = "default", body = ErrorBody))
)]
pub async fn get(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(TurnPath { rid, wid, tid }): Path<TurnPath>,
) -> ApiResult<Json<Turn>> {
    Ok(Json(state.runtime(&rid, principal)?.turn(wid, tid).await?))
}

/// Returns exactly what was sent to the model in a turn.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}/input", tag = "turns",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), ("tid" = TurnId, Path)),
    responses((status = 200, body = TurnInput), (status = "default", body = ErrorBody))
)]
pub async fn input(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(TurnPath { rid, wid, tid }): Path<TurnPath>,
) -> ApiResult<Json<TurnInput>> {
    Ok(Json(state.runtime(&rid, principal)?.turn_input(wid, tid).await?))
}
