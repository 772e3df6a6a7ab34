//! Responses with pages that only the server renders. They have no scripts, so the browser
//! downloads nothing more for them; the page that asks for a passkey has a short one in itself.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::*;
use protocol::{Error, ErrorCode};

use super::Handlers;
use crate::base_path::at;
use crate::components::{ErrorNote, Plain};
use crate::erase::{Erased, erase};
use crate::pages::{Beside, document};
use crate::preferences::Preferences;
use crate::route::ReturnPath;
use crate::text::{self, tr};

/// The Content-Security-Policy of a page without scripts.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                      manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

impl Handlers {
    /// The response with a page, which has the list of conversations beside it. `page` returns its
    /// title and body, rendered in the language and theme that the request's headers ask for.
    pub(super) async fn document(
        &self,
        headers: &HeaderMap,
        status: u16,
        page: impl FnOnce() -> (String, Erased),
    ) -> Response {
        let beside = self.backend.beside(self.path.clone()).await;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        written(self.assets.style.clone(), headers, status, beside, page)
    }
}

/// The title and body of a page that says only why a request failed.
pub(super) fn failure(error: Error) -> (String, Erased) {
    let body = erase(view! {
        <ErrorNote error />
        <p class="actions">
            <a class="button" href=at("/")>
                {tr!(to_home)}
            </a>
        </p>
    });
    (tr!(failed).to_owned(), erase(view! { <Plain heading=tr!(failed) body /> }))
}

/// A request that the server refused before it reached its page: too large, too slow, or from
/// another site.
pub struct Refusal {
    /// The response's status; HTTP has a status of its own for some refusals.
    pub status: StatusCode,
    /// The error that the page explains.
    pub error: Error,
    /// The body size limit in bytes, if the request exceeded it.
    pub most_bytes: Option<u64>,
    /// The path of the page to link to, without the base path.
    pub path: String,
}

/// The page of a refusal. `style` is the path of the style sheet.
pub fn refusal(style: String, headers: &HeaderMap, refusal: Refusal) -> Response {
    let Refusal { status, error, most_bytes, path } = refusal;
    written(style, headers, status, None, || {
        let title = text::error_title(error.code);
        // A request that timed out may still succeed, so do not say that nothing was stored.
        // After a login, the browser's Back button does not find the page as it was left.
        let may_go_back = !matches!(error.code, ErrorCode::Unavailable | ErrorCode::Unauthorized);
        let kept = may_go_back.then_some(tr!(refused_before));
        let most = most_bytes.map(|bytes| view! { <p>{text::most_bytes(bytes)}</p> });
        let words = if path == "/" { tr!(to_home) } else { tr!(back_to_page) };
        // The note of a missing login leads back to the page.
        provide_context(ReturnPath(path.clone()));
        let body = erase(view! {
            <ErrorNote error kept />
            {most}
            <p class="actions">
                <a class="button" href=at(&path)>
                    {words}
                </a>
            </p>
        });
        let body = erase(view! { <Plain heading=title body /> });
        (title.to_owned(), body)
    })
}

/// The response with a page. Strangers are shown nothing beside it.
pub(super) fn written(
    style: String,
    headers: &HeaderMap,
    status: StatusCode,
    beside: Option<Beside>,
    page: impl FnOnce() -> (String, Erased),
) -> Response {
    let preferences = Preferences::of(headers);
    let html = Owner::new().with(|| {
        provide_context(preferences);
        provide_context(preferences.locale(headers));
        let (title, body) = page();
        let body = match beside {
            Some(beside) => beside.around(body),
            None => body,
        };
        document(style, &title, body).to_html()
    });
    let policy = (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    (status, [policy], Html(html)).into_response()
}
