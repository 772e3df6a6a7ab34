//! The handlers of `/data/conversations`, where many conversations are archived or deleted at once.

use std::collections::HashMap;

use axum::Form;
use axum::extract::Query;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use leptos::prelude::*;
use protocol::api::WorkerPage;
use protocol::{Error, ErrorCode, Visibility, WorkerId};
use runtime::{Access, VisibilityFilter};
use serde::Deserialize;

use super::Handlers;
use crate::erase::erase;
use crate::pages::{Bulk, BulkPage};
use crate::text::tr;

/// The conversations of one page of the form.
pub(super) const PAGE: u32 = 100;

/// The query parameters.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    /// Where the page before this one ended.
    before: Option<String>,
    /// Whether the archive is shown.
    #[serde(default)]
    archived: bool,
    /// How many conversations were changed just now.
    done: Option<u32>,
}

/// What is done with the conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Place(Visibility),
    Delete,
}

impl Action {
    fn named(name: &str) -> Option<Self> {
        match name {
            "archive" => Some(Self::Place(Visibility::Archived)),
            "list" => Some(Self::Place(Visibility::Listed)),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }
}

pub(super) async fn page(
    handlers: Handlers,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Query(asked) = asked.unwrap_or_default();
    show(&handlers, &headers, asked, None).await
}

/// Changes the chosen conversations, and leads back to the page. What was done before an error stays
/// done, and the page says how many those were.
pub(super) async fn submit(
    handlers: Handlers,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> Response {
    let Query(asked) = asked.unwrap_or_default();
    let (action, chosen) = match form.map(|Form(fields)| read(&fields)) {
        Ok(Some(read)) => read,
        _ => {
            let error = Error::new(ErrorCode::InvalidInput, tr!(bad_form));
            return show(&handlers, &headers, asked, Some(error)).await;
        }
    };
    let runtime = handlers.backend.runtime();
    let mut done = 0;
    for id in chosen {
        match change(runtime, action, id).await {
            Ok(()) => done += 1,
            // Somebody else has deleted it meanwhile.
            Err(error) if error.code == ErrorCode::NotFound => {}
            Err(error) => {
                let asked = Asked { done: Some(done), ..asked };
                return show(&handlers, &headers, asked, Some(error)).await;
            }
        }
    }
    let archived = if asked.archived { "archived=true&" } else { "" };
    Redirect::to(&format!("/data/conversations?{archived}done={done}")).into_response()
}

async fn change(runtime: &Access, action: Action, id: WorkerId) -> Result<(), Error> {
    match action {
        Action::Place(place) => runtime.place(id, place).await.map(drop),
        Action::Delete => runtime.delete(id).await,
    }
}

/// The action, and the conversations whose boxes were ticked. Each box has a name of its own.
fn read(fields: &HashMap<String, String>) -> Option<(Action, Vec<WorkerId>)> {
    let action = Action::named(fields.get("do")?)?;
    let chosen = fields.keys().filter_map(|name| name.strip_prefix("w-"));
    let chosen = chosen.map(|id| id.parse().ok()).collect::<Option<Vec<_>>>()?;
    Some((action, chosen))
}

async fn show(
    handlers: &Handlers,
    headers: &HeaderMap,
    asked: Asked,
    error: Option<Error>,
) -> Response {
    let Asked { before, archived, done } = asked;
    let places = match archived {
        true => VisibilityFilter::Only(Visibility::Archived),
        false => VisibilityFilter::InView,
    };
    let runtime = handlers.backend.runtime();
    let found = runtime.workers_at(places, before.as_deref(), PAGE).await;
    let (WorkerPage { workers, next_before, .. }, error) = match found {
        Ok(page) => (page, error),
        Err(unread) => (WorkerPage::default(), error.or(Some(unread))),
    };
    let status = error.as_ref().map_or(200, |error| error.code.http_status());
    let bulk = Bulk { workers, next_before, later: before.is_some(), archived, done, error };
    handlers
        .document(headers, status, || (tr!(bulk).to_owned(), erase(view! { <BulkPage bulk /> })))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boxes_name_the_conversations() {
        let id = WorkerId::from_parts(1, [1; 10]);
        let fields = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let ticked = format!("w-{id}");
        let read = |pairs: &[(&str, &str)]| read(&fields(pairs));
        assert_eq!(read(&[("do", "delete"), (&ticked, "on")]), Some((Action::Delete, vec![id])));
        let none = read(&[("do", "archive")]);
        assert_eq!(none, Some((Action::Place(Visibility::Archived), Vec::new())));
        for bad in
            [&[(ticked.as_str(), "on")][..], &[("do", "burn")], &[("do", "delete"), ("w-x", "on")]]
        {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
