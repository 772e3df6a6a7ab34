//! Streams of the list of workers.

use axum::extract::{Request, State};
use axum::response::Response;
use protocol::{Cursor, ErrorBody, ListFrame, RuntimeId};
use serde::Deserialize;

use super::event_source::WhileAdmitted;
use super::{answer, last_seen, neither, transport};
use crate::api::RuntimePath;
use crate::bounds::Sharer;
use crate::caller::{Caller, Visit};
use crate::error::ApiResult;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// Where the stream begins.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListSince {
    /// The `cursor` of a page of workers, or of the last received frame; without it, no earlier
    /// changes are sent. Server-Sent Events also take it from the header `Last-Event-ID`.
    pub cursor: Option<String>,
}

/// Follows the list of workers.
///
/// Each message of the WebSocket is a frame; with `Accept: text/event-stream` the same frames come
/// as events. The first frame says whether all changes since the cursor follow. Then comes each
/// worker that is new or has changed, in its current state, and each deleted one. A slow reader
/// gets only the newest state of a worker.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/events", tag = "events",
    params(("rid" = RuntimeId, Path), ListSince),
    responses(
        (status = 101, description = "a WebSocket; each message is a frame", body = ListFrame),
        (status = 200, description = "Server-Sent Events", body = ListFrame, content_type = "text/event-stream"),
        (status = 406, description = "neither of the two was asked for", body = ErrorBody),
        (status = 429, description = "too many observers", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Visit(visitor): Visit,
    Path(RuntimePath { rid }): Path<RuntimePath>,
    Query(since): Query<ListSince>,
    request: Request,
) -> ApiResult<Response> {
    let (parts, _) = request.into_parts();
    let transport = transport::of(&parts.headers).ok_or_else(neither)?;
    let slot = state.observers.slot(Sharer::of(&visitor))?;
    let runtime = state.runtime(&rid, principal)?;
    let cursor = since.cursor.or_else(|| last_seen(transport, &parts.headers));
    let cursor = cursor.map(Cursor::from_client);
    let follow = async || {
        let observation = runtime.observe_list(cursor.as_ref())?;
        Ok(WhileAdmitted::new(observation, visitor.admission))
    };
    answer(transport, parts, &state, slot, follow).await
}
