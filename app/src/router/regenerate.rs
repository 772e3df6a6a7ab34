//! The handlers of the page that regenerates an answer with other settings.

use axum::Form;
use axum::extract::Path;
use axum::extract::rejection::FormRejection;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use leptos::prelude::*;
use protocol::{Error, ErrorCode, Turn, WorkerId};

use super::Handlers;
use super::document::failure;
use crate::erase::erase;
use crate::form::{Fields, OtherAnswer, Reader, unreadable};
use crate::pages::{Regenerate, RegeneratePage};
use crate::text::tr;

type Address = Path<(String, String)>;

pub(super) async fn page(handlers: Handlers, headers: HeaderMap, address: Address) -> Response {
    match find(&handlers, address).await {
        Ok((worker, turn)) => {
            let chosen = OtherAnswer::of(&turn);
            show(&handlers, &headers, worker, turn, chosen, None).await
        }
        Err(error) => failed(&handlers, &headers, error).await,
    }
}

/// Asks for the answer. After an error the form is shown again, as it was filled in.
pub(super) async fn submit(
    handlers: Handlers,
    headers: HeaderMap,
    address: Address,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let (worker, turn) = match find(&handlers, address).await {
        Ok(found) => found,
        Err(error) => return failed(&handlers, &headers, error).await,
    };
    let (chosen, done) = match form {
        Ok(Form(fields)) => {
            let chosen = fields.other_answer();
            let runtime = handlers.backend.runtime();
            (chosen, fields.perform(runtime, Some(worker), Reader::of(&headers)).await)
        }
        Err(_) => (OtherAnswer::of(&turn), Err(unreadable())),
    };
    match done {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(refused) => show(&handlers, &headers, worker, turn, chosen, Some(refused.error)).await,
    }
}

async fn find(
    handlers: &Handlers,
    Path((worker, turn)): Address,
) -> Result<(WorkerId, Turn), Error> {
    let (Ok(worker), Ok(turn)) = (worker.parse(), turn.parse()) else {
        return Err(Error::new(ErrorCode::NotFound, tr!(not_found_page)));
    };
    let turn = handlers.backend.runtime().turn(worker, turn).await?;
    Ok((worker, turn))
}

async fn show(
    handlers: &Handlers,
    headers: &HeaderMap,
    worker_id: WorkerId,
    turn: Turn,
    chosen: OtherAnswer,
    refused: Option<Error>,
) -> Response {
    let models = handlers.backend.runtime().models().await;
    let status = refused.as_ref().map_or(200, |error| error.code.http_status());
    let form_id = runtime::new_message_id();
    let regenerate = Regenerate { worker_id, turn, form_id, models, chosen, refused };
    handlers
        .document(headers, status, || {
            (tr!(regenerate_with).to_owned(), erase(view! { <RegeneratePage regenerate /> }))
        })
        .await
}

async fn failed(handlers: &Handlers, headers: &HeaderMap, error: Error) -> Response {
    handlers.document(headers, error.code.http_status(), || failure(error)).await
}
