//! The forms for deleted conversations on `/data`.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use protocol::{Error, ErrorCode, WorkerId};
use serde::Deserialize;

use super::{Handlers, data};
use crate::text::tr;

/// The fields of both forms.
#[derive(Deserialize)]
pub(super) struct Fields {
    #[serde(rename = "do")]
    action: Action,
    worker: WorkerId,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Restore,
    Purge,
}

/// Restores a conversation and redirects to it, or deletes it permanently and redirects to the
/// list.
pub(super) async fn submit(
    handlers: Handlers,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let runtime = handlers.backend.runtime();
    let done = match form {
        Ok(Form(Fields { action: Action::Restore, worker })) => {
            runtime.restore(worker).await.map(|_| format!("/c/{worker}"))
        }
        Ok(Form(Fields { action: Action::Purge, worker })) => {
            runtime.delete_for_good(worker).await.map(|()| "/data#deleted".to_owned())
        }
        Err(_) => Err(Error::new(ErrorCode::InvalidInput, tr!(bad_form))),
    };
    match done {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(error) => data::show(&handlers, &headers, Some(Err(error))).await,
    }
}
