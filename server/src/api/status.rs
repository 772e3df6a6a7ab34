//! The server's version, state and limits.

use axum::Json;
use axum::extract::State;
use protocol::ErrorBody;
use protocol::api::{CompanionState, Status};

use crate::error::ApiResult;
use crate::state::AppState;

/// Returns the version, provider, state and limits. It contains no address, path or key.
#[utoipa::path(
    get, path = "/api/v1/status", tag = "status",
    responses((status = 200, body = Status), (status = "default", body = ErrorBody))
)]
pub async fn status(State(state): State<AppState>) -> ApiResult<Json<Status>> {
    let provider = state.registry.home().provider_status();
    let ready = provider.reason.is_none() && !state.stop.is_cancelled();
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        provider,
        companion: if ready { CompanionState::Ready } else { CompanionState::Unavailable },
        limits: state.limits.in_force(),
    }))
}
