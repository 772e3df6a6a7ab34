//! The handlers of `/s/{token}`: a share, for everybody who has its address.
//!
//! What is unknown, has ended, was revoked or is closed gets the same page.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use leptos::prelude::*;
use shares::{ReadShare, ShareError};

use super::Console;
use super::document::{POLICY, written};
use crate::base_path::at;
use crate::components::Plain;
use crate::erase::erase;
use crate::excerpt::{self, Frame, SharedFrame, Source};
use crate::rendering::Reuse;
use crate::text::{self, tr};

/// The name of a file of a share. The title would be better, but may be anything.
const FILE_NAME: &str = "attachment; filename=\"conversation.html\"";

pub(super) async fn page(
    State(console): State<Console>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Response {
    let found = match console.backend.shares.shared(&token).await {
        Ok(found) => found,
        Err(error) => return closed(&console, &headers, &error),
    };
    let frame = Frame::Page(SharedFrame {
        style: at(&console.assets.style),
        icon: at("/favicon.svg"),
        from_until: Some((found.share.created_at, found.share.expires_at)),
        leads: at(&format!("/s/{}/file", found.share.token.reveal())),
    });
    for_everybody(document(found, frame, &headers))
}

/// The share as one file that opens from a disk.
pub(super) async fn file(
    State(console): State<Console>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Response {
    let found = match console.backend.shares.shared(&token).await {
        Ok(found) => found,
        Err(error) => return closed(&console, &headers, &error),
    };
    let frame = Frame::File(Some(found.share.created_at));
    let mut response = document(found, frame, &headers);
    let name = HeaderValue::from_static(FILE_NAME);
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    for_everybody(response)
}

fn document(found: ReadShare, frame: Frame, headers: &HeaderMap) -> Response {
    let ReadShare { share, excerpt, place } = found;
    let source = Source { conversation: share.worker_id, reuse: Reuse::Kept };
    let body = excerpt::body(excerpt, frame, source, headers, place);
    (html_headers(), body).into_response()
}

/// The headers of a document.
pub(super) fn html_headers() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ]
}

/// The page for an address that names no share that can be read.
fn closed(console: &Console, headers: &HeaderMap, error: &ShareError) -> Response {
    let status = StatusCode::from_u16(error.code().http_status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let ShareError::Store(error) = error {
        tracing::error!(error = error as &dyn std::error::Error, "a share cannot be read");
    }
    let is_missing = matches!(error, ShareError::NotFound);
    let mut response = written(console.assets.style.clone(), headers, status, None, || {
        let (heading, words) = match is_missing {
            true => (tr!(share_missing), tr!(share_missing_why).to_owned()),
            false => (tr!(failed), text::share_error(error)),
        };
        let body = erase(view! { <p>{words}</p> });
        (heading.to_owned(), erase(view! { <Plain heading body /> }))
    });
    if let ShareError::Busy = error {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    for_everybody(response)
}

/// The headers for a page that strangers see. Search engines that find the address do not list it;
/// `robots.txt` would keep them from reading that, and they would list the bare address. Sites that
/// a text links to do not learn the address, and nobody on the way keeps a copy, so that revoking it
/// counts at once.
fn for_everybody(mut response: Response) -> Response {
    for (name, value) in [
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "private, no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
