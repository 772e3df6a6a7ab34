//! What a reader chooses for their browser, and how it is kept there.

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::ProviderName;
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

/// What is to be forgotten of a provider's models.
#[derive(Deserialize)]
pub(super) struct Forget {
    provider: ProviderName,
    model: String,
}

/// Forgets what refusals taught about a model and comes back to the page. Where there is nothing to
/// forget any more, such as after a second click, the page shows that.
pub(super) async fn forget(
    State(console): State<Handlers>,
    form: Result<Form<Forget>, FormRejection>,
) -> Response {
    if let Ok(Form(Forget { provider, model })) = form {
        let _ = console.backend.runtime().forget(&provider, Some(&model)).await;
    }
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/settings#learned")]).into_response()
}

fn show(console: &Handlers, headers: &HeaderMap) -> Response {
    let preferences = Preferences::of(headers);
    let runtime = console.backend.runtime();
    let (provider, learned) = (runtime.provider_status(), runtime.learned());
    console.document(headers, 200, || {
        let page = view! { <SettingsPage preferences provider learned /> };
        (tr!(settings).to_owned(), erase(page))
    })
}
