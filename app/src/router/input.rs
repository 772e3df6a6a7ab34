//! The handler of the page with the request that was sent to the model for one answer.

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use leptos::prelude::*;
use protocol::{Error, ErrorCode, TurnId, WorkerId};

use super::Handlers;
use crate::base_path::at;
use crate::components::ErrorNote;
use crate::erase::erase;
use crate::pages::{InputPage, Seen};
use crate::text::tr;

pub(super) async fn page(
    handlers: Handlers,
    headers: HeaderMap,
    Path((worker, turn)): Path<(String, String)>,
) -> Response {
    let seen = match (worker.parse(), turn.parse()) {
        (Ok(worker), Ok(turn)) => find(&handlers, worker, turn).await,
        _ => Err(Error::new(ErrorCode::NotFound, "")),
    };
    let title = || tr!(what_it_saw).to_owned();
    match seen {
        Ok(seen) => {
            // A turn for which nothing was sent has a page that says so, with status 200.
            let status = match &seen.input {
                Err(error) if error.code != ErrorCode::NotFound => error.code.http_status(),
                _ => 200,
            };
            let page = || (title(), erase(view! { <InputPage seen /> }));
            handlers.document(&headers, status, page).await
        }
        Err(error) => {
            let status = error.code.http_status();
            let page = || {
                let words = match error.code {
                    ErrorCode::NotFound => erase(view! { <p>{tr!(not_found_page)}</p> }),
                    _ => erase(view! { <ErrorNote error /> }),
                };
                let body = view! {
                    <main class="plain">
                        <h1>{title()}</h1>
                        {words}
                        <p>
                            <a href=at("/")>{tr!(to_home)}</a>
                        </p>
                    </main>
                };
                (title(), erase(body))
            };
            handlers.document(&headers, status, page).await
        }
    }
}

async fn find(handlers: &Handlers, worker_id: WorkerId, turn: TurnId) -> Result<Seen, Error> {
    let runtime = handlers.backend.runtime();
    let turn = runtime.turn(worker_id, turn).await?;
    let input = runtime.turn_input(worker_id, turn.turn_id).await;
    Ok(Seen { runtime_id: runtime.id().clone(), worker_id, turn, input })
}
