//! What the server writes on a page's root of who reads it, for a page that it did not write.
//!
//! The choices are cookies that no script can read, and only a request tells the languages that a
//! browser asks for: `frontend/start.js` asks here before the client-only console begins.

use axum::Json;
use axum::http::HeaderMap;
use leptos_i18n::Locale as _;
use serde::Serialize;

use crate::preferences::{Preferences, Theme};

/// The values of the root's attributes, by their names; none where there is no attribute.
#[derive(Serialize)]
pub(super) struct Chosen {
    lang: &'static str,
    #[serde(rename = "data-theme")]
    theme: Option<&'static str>,
    #[serde(rename = "data-enter")]
    enter: Option<&'static str>,
}

pub(super) async fn chosen(headers: HeaderMap) -> Json<Chosen> {
    let preferences = Preferences::of(&headers);
    Json(Chosen {
        lang: preferences.locale(&headers).as_str(),
        theme: preferences.theme.map(Theme::name),
        enter: preferences.enter_breaks.then_some("breaks"),
    })
}
