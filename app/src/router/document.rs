//! Answers with pages that only the server writes. They need no script and get none: the
//! browser downloads not a byte more for them.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::*;
use protocol::{Error, ErrorCode};

use super::Handlers;
use crate::components::{ErrorNote, Plain};
use crate::erase::{Erased, erase};
use crate::pages::document;
use crate::preferences::Preferences;
use crate::text::{self, tr};

/// For a page without scripts.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                      manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

impl Handlers {
    /// The page that `page` gives the title and the body of, in the language and theme that
    /// the headers of the request ask for.
    pub(super) fn document(
        &self,
        headers: &HeaderMap,
        status: u16,
        page: impl FnOnce() -> (String, Erased),
    ) -> Response {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        written(self.assets.style.clone(), headers, status, page)
    }
}

/// An error that the server refused a request with before it came to its page: too large, too slow,
/// of another site.
pub struct Refusal {
    pub status: StatusCode,
    pub error: Error,
    /// The most bytes that could have been sent, where there were more.
    pub most_bytes: Option<u64>,
    /// The page that leads on.
    pub path: String,
}

/// The page of a refusal. `style` is the address of the style sheet.
pub fn refusal(style: String, headers: &HeaderMap, refusal: Refusal) -> Response {
    let Refusal { status, error, most_bytes, path } = refusal;
    written(style, headers, status, || {
        let title = text::error_title(error.code);
        // What took too long may still happen.
        let kept = (error.code != ErrorCode::Unavailable).then_some(tr!(refused_before));
        let most = most_bytes.map(|bytes| view! { <p>{text::most_bytes(bytes)}</p> });
        let words = if path == "/" { tr!(to_home) } else { tr!(back_to_page) };
        let body = erase(view! {
            <ErrorNote error kept />
            {most}
            <p class="actions">
                <a class="button" href=path>{words}</a>
            </p>
        });
        let body = erase(view! { <Plain heading=title body /> });
        (title.to_owned(), body)
    })
}

fn written(
    style: String,
    headers: &HeaderMap,
    status: StatusCode,
    page: impl FnOnce() -> (String, Erased),
) -> Response {
    let preferences = Preferences::of(headers);
    let html = Owner::new().with(|| {
        provide_context(preferences);
        provide_context(preferences.locale(headers));
        let (title, body) = page();
        document(style, &title, body).to_html()
    });
    let policy = (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    (status, [policy], Html(html)).into_response()
}
