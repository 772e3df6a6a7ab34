//! The page at an address of the host that is not below the base path.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use leptos::prelude::*;

use super::document::written;
use crate::base_path::{at, base};
use crate::components::Plain;
use crate::erase::erase;
use crate::text::tr;

/// The page that says where the site is. `style` is the path of the style sheet. Whoever reads it has opened the server's own address, or is
/// setting up a proxy, so it says what a proxy has to do as well.
pub fn outside(style: String, headers: &HeaderMap) -> Response {
    written(style, headers, StatusCode::NOT_FOUND, None, || {
        let (start, title) = (at("/"), tr!(not_found));
        let body = erase(view! {
            <p>{tr!(outside, start = start.clone())}</p>
            <p class="quiet">{tr!(outside_proxy, base = base())}</p>
            <p class="actions">
                <a class="button" href=start>
                    {tr!(to_home)}
                </a>
            </p>
        });
        (title.to_owned(), erase(view! { <Plain heading=title body /> }))
    })
}
