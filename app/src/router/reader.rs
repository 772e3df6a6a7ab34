//! `GET /api/fn/reader`: the reader's language, theme, Enter key and hidden list, for the client-only console.
//!
//! The server writes them on the root element of the pages that it renders. The client-only console
//! cannot know them: they are in cookies that scripts cannot read, and in the request's
//! `Accept-Language`. So `frontend/start.js` requests them before the console starts.

use axum::Json;
use axum::http::HeaderMap;
use leptos_i18n::Locale as _;
use serde::Serialize;

use crate::enter_key::EnterKey;
use crate::preferences::{Preferences, Theme};

/// The attributes of the page's root element; those without a value are left out.
#[derive(Serialize)]
pub(super) struct Chosen {
    lang: &'static str,
    #[serde(rename = "data-theme")]
    theme: Option<&'static str>,
    #[serde(rename = "data-enter")]
    enter: Option<&'static str>,
    #[serde(rename = "data-list")]
    list: Option<&'static str>,
}

pub(super) async fn chosen(headers: HeaderMap) -> Json<Chosen> {
    let preferences = Preferences::of(&headers);
    Json(Chosen {
        lang: preferences.locale(&headers).as_str(),
        theme: preferences.theme.map(Theme::name),
        enter: preferences.enter.map(EnterKey::name),
        list: preferences.list(),
    })
}
