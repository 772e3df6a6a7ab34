//! The handler of the search page.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use leptos::prelude::*;
use protocol::api::SearchPage;
use protocol::limits::{QUERY_CHARS, QUERY_WORDS, SEARCH_PAGE};
use protocol::{Error, ErrorCode, WorkerId};
use serde::Deserialize;

use super::Handlers;
use crate::backend::CallerBackend;
use crate::erase::erase;
use crate::pages::{Search, SearchResults};
use crate::text::tr;

/// The query parameters, all of them optional.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    /// The only conversation to search.
    #[serde(rename = "in")]
    within: String,
    before: String,
}

pub(super) async fn page(
    handlers: Handlers,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Query(asked) = asked.unwrap_or_default();
    let runtime = handlers.backend.runtime();
    let mut within = None;
    let mut found = None;
    if !asked.within.is_empty() {
        match asked.within.parse::<WorkerId>() {
            Ok(id) => match runtime.worker(id).await {
                Ok(worker) => within = Some(worker),
                Err(error) => found = Some(Err(error)),
            },
            Err(_) => found = Some(Err(Error::new(ErrorCode::NotFound, ""))),
        }
    }
    let before = asked.before.parse().ok();
    if found.is_none() && !asked.q.trim().is_empty() {
        let id = within.as_ref().map(|worker| worker.worker_id);
        found = Some(search(&handlers.backend, &asked.q, id, before).await);
    }
    let status = match &found {
        Some(Err(error)) => error.code.http_status(),
        _ => 200,
    };
    handlers
        .document(&headers, status, || {
            let found = found.map(|found| found.map_err(said));
            // Do not write a whole oversized query back into the field.
            let query = asked.q.chars().take(QUERY_CHARS).collect();
            let search = Search { query, within, later: before.is_some(), found };
            (tr!(search_page).to_owned(), erase(view! { <SearchResults search /> }))
        })
        .await
}

async fn search(
    backend: &CallerBackend,
    query: &str,
    worker: Option<WorkerId>,
    before: Option<u64>,
) -> Result<SearchPage, Error> {
    backend.runtime().search(query, worker, before, SEARCH_PAGE).await
}

/// The error in the words of the search page.
fn said(error: Error) -> Error {
    match error.code {
        ErrorCode::InvalidInput => Error::new(error.code, tr!(search_too_long)).with_hint(tr!(
            search_too_long_hint,
            chars = QUERY_CHARS,
            words = QUERY_WORDS
        )),
        ErrorCode::NotFound => Error::new(error.code, tr!(search_no_conversation)),
        _ => error,
    }
}
