//! Probes for process managers and monitoring.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use protocol::{Error, ErrorBody, ErrorCode};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::error::ApiResult;
use crate::state::AppState;

/// The body of a successful probe.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum Health {
    /// The process answers requests.
    Alive,
    /// A message to the default provider would be accepted.
    Ready,
}

/// Tells that the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health::Alive)
}

/// How long the store may take to answer a probe, in milliseconds.
const STORE_MS: u64 = 2_000;

/// Tells whether a message would be accepted: a provider can answer, and the store takes commits.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses(
        (status = 200, body = Health),
        (status = 503, description = "with the reason", body = ErrorBody),
    )
)]
pub async fn readyz(State(state): State<AppState>) -> ApiResult<Json<Health>> {
    if state.stop.is_cancelled() {
        return Err(Error::new(ErrorCode::Unavailable, "The server is shutting down.").into());
    }
    let runtime = state.registry.home();
    let asked = timeout(Duration::from_millis(STORE_MS), runtime.check_store()).await;
    let reason = match asked {
        Ok(Ok(())) => runtime.provider_status().reason,
        Ok(Err(error)) => Some(error),
        Err(_) => Some(
            Error::new(ErrorCode::Unavailable, "The conversations' store doesn't respond in time.")
                .with_retry_after_ms(STORE_MS),
        ),
    };
    match reason {
        None => Ok(Json(Health::Ready)),
        // The status is always 503, whatever the code of the reason.
        Some(reason) => Err(Error { code: ErrorCode::Unavailable, ..reason }.into()),
    }
}
