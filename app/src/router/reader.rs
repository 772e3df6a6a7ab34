//! `GET /api/fn/reader`: the reader's language, theme and Enter key, for the client-only console.
//!
//! The server writes them on the root of each page of its own. The client-only console cannot know
//! them: they are in cookies that no script can read, and in the request's `Accept-Language`. So
//! `frontend/start.js` asks for them here before the console begins.

use axum::Json;
use axum::http::HeaderMap;
use leptos_i18n::Locale as _;
use serde::Serialize;

use crate::enter_key::EnterKey;
use crate::preferences::{Preferences, Theme};

/// The attributes of the page's root; one that is none is left out.
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
        enter: preferences.enter.map(EnterKey::name),
    })
}
