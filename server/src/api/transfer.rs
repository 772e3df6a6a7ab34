//! Exports and imports of conversations.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use protocol::api::ImportReport;
use protocol::{ErrorBody, RuntimeId, WorkerId};
use runtime::{Export, ExportForm};
use tracing::error;

use super::{RuntimePath, WorkerPath};
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::extract::{Path, Query};
use crate::state::AppState;

mod file_name;
mod files;
mod query;

use query::{ExportAs, ExportFormat, ImportInto};

/// JSON Lines has no registered media type; this one is the usual choice.
const JSON_LINES: &str = "application/jsonl; charset=utf-8";
const MARKDOWN: &str = "text/markdown; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// Exports all conversations as JSON Lines, in the format of docs/export-format.md.
///
/// A file without its last line is incomplete.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/export", tag = "transfer",
    params(("rid" = RuntimeId, Path)),
    responses(
        (status = 200, description = "a file to be kept", content_type = "application/jsonl",
            body = String,
            headers(("Content-Disposition" = String, description = "a name for the file"))),
        (status = 429, description = "`rate_limited`: other exports are under way", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn export(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(RuntimePath { rid }): Path<RuntimePath>,
) -> ApiResult<Response> {
    let export = state.runtime(&rid, principal)?.export()?;
    let name = format!("companion-{}.jsonl", today());
    Ok(download(JSON_LINES, &file_name::disposition(&name), export))
}

/// Exports one conversation: as JSON Lines, which can be imported, as Markdown or as an HTML file.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}/export", tag = "transfer",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), ExportAs),
    responses(
        (status = 200, description = "a file to be kept", content(
            (String = "application/jsonl"), (String = "text/markdown"), (String = "text/html"),
        ), headers(("Content-Disposition" = String, description = "a name for the file"))),
        (status = 429, description = "`rate_limited`: other exports are under way", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn export_one(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    Query(ExportAs { format }): Query<ExportAs>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let runtime = state.runtime(&rid, principal)?;
    let (form, kind, ending) = match format {
        ExportFormat::Json => (ExportForm::Lines, JSON_LINES, "jsonl"),
        ExportFormat::Markdown => (ExportForm::Markdown, MARKDOWN, "md"),
        ExportFormat::Html => {
            let branch = runtime.branch(wid, None).await?;
            let title = branch.branch.worker.as_ref().and_then(|worker| worker.title.clone());
            let name = file_name::of_conversation(title.as_deref(), wid, "html");
            let body = app::excerpt_file(branch.into_excerpt(app::EXPORTED), &headers);
            return Ok(attachment(HTML, &file_name::disposition(&name), body));
        }
    };
    let (title, export) = runtime.export_one(wid, form).await?;
    let name = file_name::of_conversation(title.as_deref(), wid, ending);
    Ok(download(kind, &file_name::disposition(&name), export))
}

/// Imports conversations; those that are not sound are left out and named in the answer.
///
/// The body is a file, or a form (`multipart/form-data`) with several files and an optional field
/// `strict`. A file is an export of Companion, ChatGPT, Claude, DeepSeek, LibreChat, Open WebUI or
/// llama.cpp's web UI, a list of messages, or a ZIP archive of such files.
#[utoipa::path(
    post, path = "/api/v1/runtimes/{rid}/import", tag = "transfer",
    params(("rid" = RuntimeId, Path), ImportInto),
    request_body(content(
        (String = "application/octet-stream"), (String = "multipart/form-data"),
    )),
    responses(
        (status = 200, body = ImportReport),
        (status = 413, description = "larger than the setting `import_bytes`", body = ErrorBody),
        (status = 422, description = "`invalid_input`: nothing was imported; the message says what \
            the file seems to be, or with `strict` what is not sound", body = ErrorBody),
        (status = 429, description = "`rate_limited`: other files are on their way", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn import(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(RuntimePath { rid }): Path<RuntimePath>,
    Query(mut into): Query<ImportInto>,
    request: Request,
) -> ApiResult<Json<ImportReport>> {
    let runtime = state.runtime(&rid, principal)?;
    let mut incoming = runtime.incoming()?;
    let received = match is_form(request.headers()) {
        true => files::of_form(&mut incoming, request, runtime.import_bytes()).await,
        false => files::of_body(&mut incoming, request.into_body(), runtime.import_bytes()).await,
    };
    into.strict |= received.map_err(|error| match incoming.is_too_large() {
        true => error.status(StatusCode::PAYLOAD_TOO_LARGE),
        false => error,
    })?;
    if incoming.files() == 0 {
        // Without any file, an empty one is imported, so that the client gets the usual error for
        // it.
        incoming.file_begins(None).await?;
    }
    Ok(Json(runtime.import(incoming, into.differing(), into.unsound()).await?))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"))
}

/// Makes the response. It holds the export, and so its permit, until the client has read all of it.
fn download(kind: &'static str, disposition: &str, export: Export) -> Response {
    let pieces = stream::unfold(export, |mut export| async move {
        let piece = export.next().await?;
        if let Err(error) = &piece {
            // The response has begun already, so it can only be aborted.
            error!(%error, "an export was interrupted");
        }
        Some((piece, export))
    });
    attachment(kind, disposition, Body::from_stream(pieces))
}

fn attachment(kind: &'static str, disposition: &str, body: Body) -> Response {
    let disposition = HeaderValue::try_from(disposition).expect("a disposition is visible ASCII");
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, body).into_response()
}

fn today() -> String {
    use runtime::clock::{Clock as _, SystemClock};
    SystemClock.now().date_utc()
}
