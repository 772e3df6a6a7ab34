//! For whoever watches over the process.

use axum::Json;
use axum::extract::State;
use protocol::{Error, ErrorBody, ErrorCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiResult;
use crate::state::AppState;

/// A good answer.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum Health {
    Alive,
    Ready,
}

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health::Alive)
}

/// A message would be taken.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses(
        (status = 200, body = Health),
        (status = 503, description = "with the reason", body = ErrorBody),
    )
)]
pub async fn readyz(State(state): State<AppState>) -> ApiResult<Json<Health>> {
    if state.stop.is_cancelled() {
        return Err(Error::new(ErrorCode::Unavailable, "The server is going down.").into());
    }
    match state.registry.home().provider_status().reason {
        None => Ok(Json(Health::Ready)),
        // Whatever the reason's own code, a probe is told 503.
        Some(reason) => Err(Error { code: ErrorCode::Unavailable, ..reason }.into()),
    }
}
