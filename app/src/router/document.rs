//! Answers with pages that only the server writes. They need no script and get none: the
//! browser downloads not a byte more for them.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::{Owner, RenderHtml as _, provide_context};
use leptos::view;
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

/// The page of an error that the server refused a request with before it came to its page:
/// too large, too slow, of another site. `style` is the address of the style sheet.
pub fn refusal(style: String, headers: &HeaderMap, status: StatusCode, error: Error) -> Response {
    written(style, headers, status, || {
        let title = text::error_title(error.code);
        // What took too long may still happen.
        let kept = (error.code != ErrorCode::Unavailable).then_some(tr!(refused_before));
        let body = erase(view! { <ErrorNote error kept /> });
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
