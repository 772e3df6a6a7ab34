//! The workers of a runtime, which are its conversations.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use protocol::api::{CreateWorker, DeletedList, ForkWorker, Instructions, PatchWorker, WorkerPage};
use protocol::limits::{TRANSCRIPT_PAGE_MAX, WORKER_PAGE_MAX};
use protocol::{
    Effort, ErrorBody, ProfileName, ProviderName, RuntimeId, Temperature, Transcript, Visibility,
    Worker, WorkerId,
};
use runtime::ModelPatch;
use serde::{Deserialize, Deserializer};
use store::VisibilityFilter;

use super::page::{DeleteHow, DeletedPage, TranscriptPage, WorkersPage, entries, position};
use super::{RuntimePath, WorkerPath};
use crate::caller::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::{self, Path, Query};
use crate::state::AppState;

/// Lists a page of workers, the most recently used first.
///
/// Without `place`, the archived ones are left out.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers", tag = "workers",
    params(("rid" = RuntimeId, Path), WorkersPage),
    responses((status = 200, body = WorkerPage), (status = "default", body = ErrorBody))
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(RuntimePath { rid }): Path<RuntimePath>,
    Query(page): Query<WorkersPage>,
) -> ApiResult<Json<WorkerPage>> {
    let limit = entries(page.limit, state.limits.worker_page, WORKER_PAGE_MAX)?;
    let places = page.place.map_or(VisibilityFilter::InView, VisibilityFilter::Only);
    Ok(Json(
        state.runtime(&rid, principal)?.workers_at(places, page.before.as_deref(), limit).await?,
    ))
}

/// Creates a conversation. Without a body it has the default profile and no title.
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
    Caller(principal): Caller,
    Path(RuntimePath { rid }): Path<RuntimePath>,
    body: Option<extract::Json<CreateWorker>>,
) -> ApiResult<(StatusCode, [(HeaderName, String); 1], Json<Worker>)> {
    let request = body.map(|extract::Json(request)| request).unwrap_or_default();
    let worker = state.runtime(&rid, principal)?.create(request).await?;
    Ok(created(&rid, worker))
}

fn created(
    rid: &RuntimeId,
    worker: Worker,
) -> (StatusCode, [(HeaderName, String); 1], Json<Worker>) {
    let address = format!("/api/v1/runtimes/{rid}/workers/{}", worker.worker_id);
    (StatusCode::CREATED, [(header::LOCATION, address)], Json(worker))
}

/// Copies a worker's messages up to one of them into a new worker, with their turns.
///
/// Messages and turns keep their ids and times. The new worker has the settings that the other one
/// has now, which stays as it is.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/workers/{wid}/fork", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    request_body = ForkWorker,
    responses(
        (status = 201, body = Worker, headers(("Location" = String, description = "its address"))),
        (status = 409, description = "`busy`: the message is still being written", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn fork(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    extract::Json(request): extract::Json<ForkWorker>,
) -> ApiResult<(StatusCode, [(HeaderName, String); 1], Json<Worker>)> {
    let worker = state.runtime(&rid, principal)?.fork(wid, request).await?;
    Ok(created(&rid, worker))
}

/// Returns a worker.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    responses((status = 200, body = Worker), (status = "default", body = ErrorBody))
)]
pub async fn get(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
) -> ApiResult<Json<Worker>> {
    Ok(Json(state.runtime(&rid, principal)?.worker(wid).await?))
}

/// The changes. A field that is missing leaves the setting as it is; `null` removes the title or the
/// instructions, and makes the provider, model, effort or temperature the profile's own again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[serde(default, deserialize_with = "named")]
    title: Option<Option<String>>,
    #[serde(default)]
    place: Option<Visibility>,
    profile: Option<ProfileName>,
    #[serde(default, deserialize_with = "named")]
    provider: Option<Option<ProviderName>>,
    #[serde(default, deserialize_with = "named")]
    model: Option<Option<String>>,
    #[serde(default, deserialize_with = "named")]
    effort: Option<Option<Effort>>,
    #[serde(default, deserialize_with = "named")]
    temperature: Option<Option<Temperature>>,
    #[serde(default, deserialize_with = "named")]
    instructions: Option<Option<String>>,
}

/// Changes a worker: all of the changes are made, or none.
///
/// Sets the title or removes it with `null`; pins, archives or lists the worker; chooses the
/// profile, provider, model, effort, temperature and instructions from the next turn on.
#[utoipa::path(
    patch, path = "/api/v1/runtimes/{rid}/workers/{wid}", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    request_body = PatchWorker,
    responses((status = 200, body = Worker), (status = "default", body = ErrorBody))
)]
pub async fn patch(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    extract::Json(patch): extract::Json<Patch>,
) -> ApiResult<Json<Worker>> {
    let Patch { title, place, profile, provider, model, effort, temperature, instructions } = patch;
    let wanted = ModelPatch { profile, provider, model, effort, temperature, instructions };
    let runtime = state.runtime(&rid, principal)?;
    runtime.patch(wid, runtime::Patch { title, place, wanted }).await?;
    Ok(Json(runtime.worker(wid).await?))
}

/// Returns a worker's own instructions.
///
/// They follow the profile's prompt from the next turn on.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}/instructions", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    responses((status = 200, body = Instructions), (status = "default", body = ErrorBody))
)]
pub async fn instructions(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
) -> ApiResult<Json<Instructions>> {
    Ok(Json(state.runtime(&rid, principal)?.instructions(wid).await?))
}

/// Deletes a worker with all its messages, after ending its running turn.
///
/// It can be restored for a while (`undo_delete_ms` in the server's settings).
#[utoipa::path(
    delete, path = "/api/v1/runtimes/{rid}/workers/{wid}", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), DeleteHow),
    responses((status = 204, description = "gone"), (status = "default", body = ErrorBody))
)]
pub async fn delete(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    Query(DeleteHow { purge }): Query<DeleteHow>,
) -> ApiResult<StatusCode> {
    let runtime = state.runtime(&rid, principal)?;
    if purge {
        runtime.delete_for_good(wid).await?;
    } else {
        runtime.delete(wid).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Restores a deleted worker as it was.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/workers/{wid}/restore", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    responses((status = 200, body = Worker), (status = "default", body = ErrorBody))
)]
pub async fn restore(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
) -> ApiResult<Json<Worker>> {
    Ok(Json(state.runtime(&rid, principal)?.restore(wid).await?))
}

/// Closes a worker to new messages permanently, after ending its running turn.
///
/// It can still be read, exported and deleted. Closing it again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/workers/{wid}/stop", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path)),
    responses((status = 200, body = Worker), (status = "default", body = ErrorBody))
)]
pub async fn stop(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
) -> ApiResult<Json<Worker>> {
    Ok(Json(state.runtime(&rid, principal)?.stop(wid).await?))
}

/// Lists a page of the deleted workers that can be restored, the last deleted first.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/deleted", tag = "workers",
    params(("rid" = RuntimeId, Path), DeletedPage),
    responses((status = 200, body = DeletedList), (status = "default", body = ErrorBody))
)]
pub async fn deleted(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(RuntimePath { rid }): Path<RuntimePath>,
    Query(DeletedPage { before, limit }): Query<DeletedPage>,
) -> ApiResult<Json<DeletedList>> {
    let limit = entries(limit, state.limits.worker_page, WORKER_PAGE_MAX)?;
    Ok(Json(state.runtime(&rid, principal)?.deleted(before.as_deref(), limit).await?))
}

/// Returns a page of messages with their turns.
///
/// It is the newest page, the one before a position, or one around a message.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}/transcript", tag = "workers",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), TranscriptPage),
    responses((status = 200, body = Transcript), (status = "default", body = ErrorBody))
)]
pub async fn transcript(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    Query(page): Query<TranscriptPage>,
) -> ApiResult<Json<Transcript>> {
    let limit = entries(page.limit, state.limits.transcript_page, TRANSCRIPT_PAGE_MAX)?;
    let before = position(page.before)?;
    let runtime = state.runtime(&rid, principal)?;
    let mut transcript = match (page.around, before) {
        (None, before) => runtime.transcript(wid, before, limit).await?,
        (Some(message), None) => runtime.transcript_around(wid, message, limit).await?,
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(
                "A page is either before a position or around a message.",
            ));
        }
    };
    if page.html {
        app::rendering::fill(wid, &mut transcript).await;
    }
    Ok(Json(transcript))
}

/// Distinguishes a field with `null` from a missing one.
fn named<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
