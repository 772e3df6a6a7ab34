//! The page of everybody's own data: a file of all conversations, and the way back in.
//!
//! It needs no script and gets none: the browser downloads not a byte more for it.

use axum::body::Body;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{FromRequest as _, State};
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::{Owner, RenderHtml as _};
use protocol::api::ImportReport;
use protocol::{Error, ErrorCode};
use runtime::Runtime;
use runtime::store::Differing;

use super::Handlers;
use crate::pages::{Data, data_document};
use crate::text;

/// For a page without scripts.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub(super) async fn page(State(console): State<Handlers>) -> Response {
    show(&console, None).await
}

pub(super) async fn import(State(console): State<Handlers>, request: Request<Body>) -> Response {
    let done = match Multipart::from_request(request, &()).await {
        Ok(form) => take(console.backend.runtime(), form).await,
        Err(rejection) => Err(unreadable(&rejection)),
    };
    show(&console, Some(done)).await
}

/// Takes the form's file, piece by piece, and imports it.
async fn take(runtime: &Runtime, mut form: Multipart) -> Result<ImportReport, Error> {
    let (mut file, mut differing) = (None, Differing::Refuse);
    let broken = |_| Error::new(ErrorCode::InvalidInput, text::FILE_BROKEN);
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("file") if file.is_none() => {
                // A form without a file sends an empty one.
                while let Some(piece) = field.chunk().await.map_err(broken)? {
                    let incoming = match &mut file {
                        Some(incoming) => incoming,
                        none => none.insert(runtime.incoming()?),
                    };
                    incoming.write(&piece).await?;
                }
            }
            Some("existing") => differing = Differing::Keep,
            _ => {}
        }
    }
    let none = || Error::new(ErrorCode::InvalidInput, text::NO_FILE).with_hint(text::NO_FILE_HINT);
    runtime.import(file.ok_or_else(none)?, differing).await
}

fn unreadable(rejection: &MultipartRejection) -> Error {
    tracing::debug!(%rejection, "a form is none");
    Error::new(ErrorCode::InvalidInput, text::BAD_FORM)
}

async fn show(console: &Handlers, done: Option<Result<ImportReport, Error>>) -> Response {
    let runtime = console.backend.runtime();
    let status = match &done {
        Some(Err(error)) => StatusCode::from_u16(error.code.http_status()),
        _ => Ok(StatusCode::OK),
    };
    let data = Data {
        runtime_id: runtime.id().clone(),
        // What there is to say does not depend on it.
        conversations: runtime.summary().await.ok().map(|summary| summary.workers),
        import_bytes: runtime.import_bytes(),
        done,
    };
    let style = console.assets.style.clone();
    let html = Owner::new().with(|| data_document(style, data).to_html());
    let policy = (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), [policy], Html(html)).into_response()
}
