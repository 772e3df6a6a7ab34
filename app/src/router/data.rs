//! The handlers of `/data`: export, import and deleted conversations.

use axum::body::Body;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest as _, Query};
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use leptos::prelude::*;
use protocol::api::{DeletedList, ImportReport};
use protocol::{Error, ErrorCode};
use runtime::{Access, ConflictPolicy, Unsound};
use serde::Deserialize;

use super::Handlers;
use crate::erase::erase;
use crate::pages::{Data, DataPage};
use crate::text::tr;

/// The query parameters.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    /// The cursor of a page of deleted conversations.
    before: Option<String>,
}

pub(super) async fn page(
    handlers: Handlers,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Query(asked) = asked.unwrap_or_default();
    show_from(&handlers, &headers, None, asked.before.as_deref()).await
}

pub(super) async fn import(handlers: Handlers, request: Request<Body>) -> Response {
    let headers = request.headers().clone();
    let done = match Multipart::from_request(request, &()).await {
        Ok(form) => take(handlers.backend.runtime(), form).await,
        Err(rejection) => Err(unreadable(&rejection)),
    };
    show(&handlers, &headers, Some(done)).await
}

/// Streams the form's files into an import.
async fn take(runtime: &Access, mut form: Multipart) -> Result<ImportReport, Error> {
    let mut files = None;
    let (mut differing, mut unsound) = (ConflictPolicy::Keep, Unsound::Name);
    let broken = |_| Error::new(ErrorCode::InvalidInput, tr!(file_broken));
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("file") => {
                let name = field.file_name().map(str::to_owned);
                let mut begun = false;
                // A form without a file sends an empty one, so only begin a file with its first
                // chunk.
                while let Some(piece) = field.chunk().await.map_err(broken)? {
                    let incoming = match &mut files {
                        Some(incoming) => incoming,
                        none => none.insert(runtime.incoming()?),
                    };
                    if !std::mem::replace(&mut begun, true) {
                        incoming.file_begins(name.as_deref()).await?;
                    }
                    incoming.write(&piece).await?;
                }
            }
            Some("strict") => (differing, unsound) = (ConflictPolicy::Refuse, Unsound::Refuse),
            _ => {}
        }
    }
    let none = || Error::new(ErrorCode::InvalidInput, tr!(no_file)).with_hint(tr!(no_file_hint));
    runtime.import(files.ok_or_else(none)?, differing, unsound).await
}

fn unreadable(rejection: &MultipartRejection) -> Error {
    tracing::debug!(%rejection, "the form of an import cannot be read");
    Error::new(ErrorCode::InvalidInput, tr!(bad_form))
}

pub(super) async fn show(
    handlers: &Handlers,
    headers: &HeaderMap,
    done: Option<Result<ImportReport, Error>>,
) -> Response {
    show_from(handlers, headers, done, None).await
}

async fn show_from(
    handlers: &Handlers,
    headers: &HeaderMap,
    done: Option<Result<ImportReport, Error>>,
    before: Option<&str>,
) -> Response {
    let runtime = handlers.backend.runtime();
    let deleted = runtime.deleted(before, handlers.backend.limits.worker_page).await;
    let (deleted, done) = match deleted {
        Ok(deleted) => (deleted, done),
        Err(error) => (DeletedList::default(), done.or(Some(Err(error)))),
    };
    let status = match &done {
        Some(Err(error)) => error.code.http_status(),
        _ => 200,
    };
    let data = Data {
        runtime_id: runtime.id().clone(),
        // The page works without this count, so an error is not shown.
        conversations: runtime.summary().await.ok().map(|summary| summary.workers),
        import_bytes: runtime.import_bytes(),
        deleted,
        later: before.is_some(),
        done,
    };
    handlers
        .document(headers, status, || (tr!(data).to_owned(), erase(view! { <DataPage data /> })))
        .await
}
