//! The runtimes of this backend.

use axum::Json;
use axum::extract::State;
use protocol::api::{RuntimeList, RuntimeSummary};
use protocol::{ErrorBody, RuntimeId};

use super::RuntimePath;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::extract::Path;
use crate::state::AppState;

/// Lists all runtimes.
#[utoipa::path(
    get, path = "/api/v1/runtimes", tag = "runtimes",
    responses((status = 200, body = RuntimeList), (status = "default", body = ErrorBody))
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(principal): Caller,
) -> ApiResult<Json<RuntimeList>> {
    let mut runtimes = Vec::new();
    for runtime in state.registry.runtimes() {
        runtimes.push(runtime.access(principal).summary().await?);
    }
    Ok(Json(RuntimeList { runtimes }))
}

/// Returns a runtime's status, capabilities and counts.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}", tag = "runtimes",
    params(("rid" = RuntimeId, Path, description = "`backend-internal`")),
    responses((status = 200, body = RuntimeSummary), (status = "default", body = ErrorBody))
)]
pub async fn get(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(RuntimePath { rid }): Path<RuntimePath>,
) -> ApiResult<Json<RuntimeSummary>> {
    Ok(Json(state.runtime(&rid, principal)?.summary().await?))
}
