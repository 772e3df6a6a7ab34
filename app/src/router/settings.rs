//! The handlers of the settings page.

use axum::Form;
use axum::extract::Query;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use protocol::{Error, ErrorCode, ProviderName};
use serde::Deserialize;

use super::Handlers;
use crate::erase::erase;
use crate::next_path::next_path;
use crate::pages::{ForgottenModel, SettingsDone, SettingsPage};
use crate::preferences::Preferences;
use crate::text::tr;
use leptos::prelude::*;

/// The fields of the form, all of them optional.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choices {
    language: String,
    theme: String,
    enter: String,
}

/// What the page says first, in the query of the redirect after a form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    saved: bool,
}

pub(super) async fn page(
    handlers: Handlers,
    headers: HeaderMap,
    told: Result<Query<Told>, QueryRejection>,
) -> Response {
    let is_saved = told.is_ok_and(|Query(Told { saved })| saved);
    show(&handlers, &headers, is_saved.then_some(Ok(SettingsDone::Saved))).await
}

/// Stores the settings in cookies and redirects to the page, which then respects them.
pub(super) async fn save(
    handlers: Handlers,
    headers: HeaderMap,
    form: Result<Form<Choices>, FormRejection>,
) -> Response {
    let Ok(Form(choices)) = form else {
        return show(&handlers, &headers, Some(Err(unreadable()))).await;
    };
    let chosen = Preferences::from_form(&choices.language, &choices.theme, &choices.enter);
    let mut answer =
        (StatusCode::SEE_OTHER, [(header::LOCATION, "/settings?saved=true")]).into_response();
    for cookie in chosen.cookies() {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// Whether the list of conversations is to be hidden, and the page that the form was on.
#[derive(Deserialize)]
pub(super) struct ListChoice {
    hidden: bool,
    next: String,
}

/// Hides the list of conversations on wide screens, or shows it again, from a page without a script.
pub(super) async fn hide_list(
    handlers: Handlers,
    headers: HeaderMap,
    form: Result<Form<ListChoice>, FormRejection>,
) -> Response {
    let Ok(Form(ListChoice { hidden, next })) = form else {
        return show(&handlers, &headers, Some(Err(unreadable()))).await;
    };
    let mut response = Redirect::to(next_path(&next).unwrap_or("/")).into_response();
    response.headers_mut().append(header::SET_COOKIE, Preferences::list_cookie(hidden));
    response
}

/// The model whose learned facts are to be deleted.
#[derive(Deserialize)]
pub(super) struct Forget {
    provider: ProviderName,
    model: String,
}

/// Deletes the facts learned about a model from refusals. The page then says what they were, or
/// that there were none any more, such as after a second click.
pub(super) async fn forget(
    handlers: Handlers,
    headers: HeaderMap,
    form: Result<Form<Forget>, FormRejection>,
) -> Response {
    let Ok(Form(Forget { provider, model })) = form else {
        return show(&handlers, &headers, Some(Err(unreadable()))).await;
    };
    let runtime = handlers.backend.runtime();
    let known = runtime.learned().into_iter().filter(|(name, _)| *name == provider);
    let what = known.flat_map(|(_, models)| models).find(|learned| learned.model == model);
    let done = runtime.forget(&provider, Some(&model)).await;
    show(
        &handlers,
        &headers,
        Some(done.map(|_| SettingsDone::Forgotten(ForgottenModel { model, what }))),
    )
    .await
}

fn unreadable() -> Error {
    Error::new(ErrorCode::InvalidInput, tr!(bad_form))
}

async fn show(
    handlers: &Handlers,
    headers: &HeaderMap,
    done: Option<Result<SettingsDone, Error>>,
) -> Response {
    let status = match &done {
        Some(Err(error)) => error.code.http_status(),
        _ => 200,
    };
    let preferences = Preferences::of(headers);
    let runtime = handlers.backend.runtime();
    let (provider, learned) = (runtime.provider_status(), runtime.learned());
    handlers
        .document(headers, status, || {
            let page = view! { <SettingsPage preferences provider learned done /> };
            (tr!(settings).to_owned(), erase(page))
        })
        .await
}
