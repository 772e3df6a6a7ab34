//! Search in conversations.

use axum::Json;
use axum::extract::State;
use protocol::api::SearchPage;
use protocol::limits::{SEARCH_PAGE, SEARCH_PAGE_MAX};
use protocol::{ErrorBody, RuntimeId};

use super::RuntimePath;
use super::page::{SearchFor, entries, position};
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// Finds messages and titles that contain all words of `q`, the newest first.
///
/// It searches all conversations or one. Case, width and composition of letters do not matter, and
/// nothing in `q` is syntax.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/search", tag = "search",
    params(("rid" = RuntimeId, Path), SearchFor),
    responses(
        (status = 200, body = SearchPage),
        (status = 422, description = "`invalid_input`: nothing to search for, or too long", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn search(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(RuntimePath { rid }): Path<RuntimePath>,
    Query(SearchFor { q, worker, before, limit }): Query<SearchFor>,
) -> ApiResult<Json<SearchPage>> {
    let limit = entries(limit, SEARCH_PAGE, SEARCH_PAGE_MAX)?;
    let before = position(before)?;
    Ok(Json(state.runtime(&rid, principal)?.search(&q, worker, before, limit).await?))
}
