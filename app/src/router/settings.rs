//! What a reader chooses for their browser, and how it is kept there.

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Handlers;
use crate::erase::erase;
use crate::pages::SettingsPage;
use crate::preferences::Preferences;
use crate::text::tr;
use leptos::prelude::*;

/// The fields of the form; none of them has to be there.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choices {
    language: String,
    theme: String,
    enter: String,
}

pub(super) async fn page(State(console): State<Handlers>, headers: HeaderMap) -> Response {
    show(&console, &headers)
}

/// Keeps the choices and comes back to the page, which then shows itself by them.
pub(super) async fn save(form: Result<Form<Choices>, FormRejection>) -> Response {
    let Form(choices) = form.unwrap_or_default();
    let chosen = Preferences::from_form(&choices.language, &choices.theme, &choices.enter);
    let mut answer = (StatusCode::SEE_OTHER, [(header::LOCATION, "/settings")]).into_response();
    for cookie in chosen.cookies() {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

fn show(console: &Handlers, headers: &HeaderMap) -> Response {
    let preferences = Preferences::of(headers);
    let provider = console.backend.runtime().provider_status();
    console.document(headers, 200, || {
        (tr!(settings).to_owned(), erase(view! { <SettingsPage preferences provider /> }))
    })
}
