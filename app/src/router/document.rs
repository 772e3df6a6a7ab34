//! Answers with pages that only the server writes. They need no script and get none: the
//! browser downloads not a byte more for them.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::{Owner, RenderHtml as _, provide_context};

use super::Handlers;
use crate::erase::Erased;
use crate::pages::document;
use crate::preferences::Preferences;

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
        let preferences = Preferences::of(headers);
        let style = self.assets.style.clone();
        let html = Owner::new().with(|| {
            provide_context(preferences);
            provide_context(preferences.locale(headers));
            let (title, body) = page();
            document(style, &title, body).to_html()
        });
        let policy = (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [policy], Html(html)).into_response()
    }
}
