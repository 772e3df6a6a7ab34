//! The handlers that choose a profile and model, for a new or an existing conversation.

use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use leptos::prelude::*;
use protocol::{Error, ErrorCode, Worker, WorkerId};

use super::Handlers;
use super::document::failure;
use crate::erase::erase;
use crate::form::{Chosen, Fields, Reader, unreadable};
use crate::pages::{New, NewPage, new_heading};
use crate::text::tr;

pub(super) async fn page(handlers: Handlers, headers: HeaderMap) -> Response {
    let Reader { language, .. } = Reader::of(&headers);
    let profile = handlers.backend.runtime().usual_profile(language).to_string();
    show(&handlers, &headers, Chosen { profile, ..Chosen::default() }, None, None).await
}

/// Creates the conversation. After an error the form is shown again, as it was filled in.
pub(super) async fn submit(
    handlers: Handlers,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let (chosen, done) = match form {
        Ok(Form(fields)) => {
            let chosen = fields.chosen();
            (chosen, fields.perform(handlers.backend.runtime(), None, Reader::of(&headers)).await)
        }
        Err(_) => (Chosen::default(), Err(unreadable())),
    };
    match done {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(refused) => show(&handlers, &headers, chosen, None, Some(refused.error)).await,
    }
}

/// Shows the form for an existing conversation.
pub(super) async fn change(
    handlers: Handlers,
    headers: HeaderMap,
    Path(worker): Path<String>,
) -> Response {
    let worker: Option<WorkerId> = worker.parse().ok();
    let found = match worker {
        Some(id) => handlers.backend.runtime().worker(id).await,
        None => Err(Error::new(ErrorCode::NotFound, tr!(not_found_conversation))),
    };
    match found {
        Ok(worker) => {
            let runtime = handlers.backend.runtime();
            let usual = runtime.provider_status_of(&worker).kind;
            let instructions = match runtime.instructions(worker.worker_id).await {
                Ok(instructions) => instructions.text.unwrap_or_default(),
                Err(error) => return failed(&handlers, &headers, error).await,
            };
            let chosen = Chosen::of(&worker, usual.as_ref(), instructions);
            show(&handlers, &headers, chosen, Some(worker), None).await
        }
        Err(error) => failed(&handlers, &headers, error).await,
    }
}

/// Changes the conversation's profile and model. After an error the form is shown again, as it was
/// filled in.
pub(super) async fn choose(
    handlers: Handlers,
    headers: HeaderMap,
    Path(worker): Path<String>,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let worker: Option<WorkerId> = worker.parse().ok();
    let runtime = handlers.backend.runtime();
    let (chosen, done) = match form {
        Ok(Form(fields)) => {
            (fields.chosen(), fields.perform(runtime, worker, Reader::of(&headers)).await)
        }
        Err(_) => (Chosen::default(), Err(unreadable())),
    };
    let error = match done {
        Ok(path) => return Redirect::to(&path).into_response(),
        Err(refused) => refused.error,
    };
    let found = match worker {
        Some(id) => runtime.worker(id).await.ok(),
        None => None,
    };
    match found {
        Some(worker) => show(&handlers, &headers, chosen, Some(worker), Some(error)).await,
        None => failed(&handlers, &headers, error).await,
    }
}

async fn show(
    handlers: &Handlers,
    headers: &HeaderMap,
    chosen: Chosen,
    worker: Option<Worker>,
    refused: Option<Error>,
) -> Response {
    let runtime = handlers.backend.runtime();
    let list = match runtime.profiles() {
        Ok(list) => list.profiles,
        Err(error) => return failed(handlers, headers, error).await,
    };
    let profiles = list.iter().filter_map(|profile| runtime.profile(&profile.name).ok()).collect();
    let models = runtime.models().await;
    let status = refused.as_ref().map_or(200, |error| error.code.http_status());
    let is_new = worker.is_none();
    let new = New { profiles, models, chosen, worker, refused };
    handlers
        .document(headers, status, || {
            (new_heading(is_new).to_owned(), erase(view! { <NewPage new /> }))
        })
        .await
}

async fn failed(handlers: &Handlers, headers: &HeaderMap, error: Error) -> Response {
    handlers.document(headers, error.code.http_status(), || failure(error)).await
}
