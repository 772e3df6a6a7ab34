//! The workers of a runtime, which are its conversations.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use protocol::api::{CreateWorker, PatchWorker, WorkerPage};
use protocol::limits::{TRANSCRIPT_PAGE_MAX, WORKER_PAGE_MAX};
use protocol::{ErrorBody, RuntimeId, Transcript, Worker, WorkerId};
use serde::{Deserialize, Deserializer};

use super::page::{TranscriptPage, WorkersPage, entries};
use super::{RuntimePath, WorkerPath};
use crate::error::ApiResult;
use crate::extract::{self, Path, Query};
use crate::state::AppState;

/// A page of them, the most recently used first.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers", tag = "workers",
    params(("rid" = RuntimeId, Path), WorkersPage),
    responses((status = 200, body = WorkerPage), (status = "default", body = ErrorBody))
)]
pub async fn list(
    State(state): State<AppState>,
    Path(RuntimePath { rid }): Path<RuntimePath>,
    Query(page): Query<WorkersPage>,
) -> ApiResult<Json<WorkerPage>> {
    let limit = entries(page.limit, state.limits.worker_page, WORKER_PAGE_MAX)?;
    Ok(Json(state.runtime(&rid)?.workers(page.before.as_deref(), limit).await?))
}

/// Begins a conversation. Without a body: the first profile, no title.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/workers", tag = "workers",
    params(("rid" = RuntimeId, Path)),
    request_body = Option<CreateWorker>,
    responses(
        (status = 201, body = Worker, headers(("Location" = String, description = "its address"))),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn create(
    State(state): State<AppState>,
    Path(RuntimePath { rid }): Path<RuntimePath>,
    body: Option<extract::Json<CreateWorker>>,
) -> ApiResult<(StatusCode, [(HeaderName, String); 1], Json<Worker>)> {
    let request = body.map(|extract::Json(request)| request).unwrap_or_default();
    let worker = state.runtime(&rid)?.create(request).await?;
    let address = format!("/api/v1/runtimes/{rid}/workers/{}", worker.worker_id);
    Ok((StatusCode::CREATED, [(header::LOCATION, address)], Json(worker)))
}

/// One of them.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    responses((status = 200, body = Worker), (status = "default", body = ErrorBody))
)]
pub async fn get(
    State(state): State<AppState>,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
) -> ApiResult<Json<Worker>> {
    Ok(Json(state.runtime(&rid)?.worker(wid).await?))
}

/// A change: what is left out stays, a title of `null` goes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[serde(default, deserialize_with = "named")]
    title: Option<Option<String>>,
}

/// Gives it a title, or takes it away with `null`.
#[utoipa::path(
    patch, path = "/api/v1/runtimes/{rid}/workers/{wid}", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    request_body = PatchWorker,
    responses((status = 200, body = Worker), (status = "default", body = ErrorBody))
)]
pub async fn patch(
    State(state): State<AppState>,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    extract::Json(Patch { title }): extract::Json<Patch>,
) -> ApiResult<Json<Worker>> {
    let runtime = state.runtime(&rid)?;
    Ok(Json(match title {
        Some(title) => runtime.rename(wid, title).await?,
        None => runtime.worker(wid).await?,
    }))
}

/// Ends what runs in it and removes it with everything it said.
#[utoipa::path(
    delete, path = "/api/v1/runtimes/{rid}/workers/{wid}", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    responses((status = 204, description = "gone"), (status = "default", body = ErrorBody))
)]
pub async fn delete(
    State(state): State<AppState>,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
) -> ApiResult<StatusCode> {
    state.runtime(&rid)?.delete(wid).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A page of its messages with their turns, the newest first asked for.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}/transcript", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), TranscriptPage),
    responses((status = 200, body = Transcript), (status = "default", body = ErrorBody))
)]
pub async fn transcript(
    State(state): State<AppState>,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    Query(page): Query<TranscriptPage>,
) -> ApiResult<Json<Transcript>> {
    let limit = entries(page.limit, state.limits.transcript_page, TRANSCRIPT_PAGE_MAX)?;
    let mut transcript = state.runtime(&rid)?.transcript(wid, page.before, limit).await?;
    if page.html {
        app::markdown::fill(&mut transcript.messages);
    }
    Ok(Json(transcript))
}

/// Tells a field that is there from one that is not.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
