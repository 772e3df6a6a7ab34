//! The runs of the model.

use axum::Json;
use axum::extract::State;
use protocol::api::TurnInput;
use protocol::{ErrorBody, RuntimeId, Turn, TurnId, WorkerId};

use super::TurnPath;
use crate::error::ApiResult;
use crate::extract::Path;
use crate::state::AppState;

/// State, usage, timings, error, profile, model, digests.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}", tag = "turns",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), ("tid" = TurnId, Path)),
    responses((status = 200, body = Turn), (status = "default", body = ErrorBody))
)]
pub async fn get(
    State(state): State<AppState>,
    Path(TurnPath { rid, wid, tid }): Path<TurnPath>,
) -> ApiResult<Json<Turn>> {
    Ok(Json(state.runtime(&rid)?.turn(wid, tid).await?))
}

/// Exactly what was sent to the model.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}/input", tag = "turns",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), ("tid" = TurnId, Path)),
    responses((status = 200, body = TurnInput), (status = "default", body = ErrorBody))
)]
pub async fn input(
    State(state): State<AppState>,
    Path(TurnPath { rid, wid, tid }): Path<TurnPath>,
) -> ApiResult<Json<TurnInput>> {
    Ok(Json(state.runtime(&rid)?.turn_input(wid, tid).await?))
}
