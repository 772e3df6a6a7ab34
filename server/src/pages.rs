//! Serves the pages, which `app` renders.

use std::sync::Arc;

use app::{Assets, Backend, Refusal};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse as _, Response};
use leptos::config::LeptosOptions;

use crate::assets::{Names, disk};
use crate::error::{ApiError, ErrorForPage};
use crate::extract;
use crate::state::AppState;

/// A middleware for browsers that turns JSON errors into a page in the reader's language. A form
/// may be refused by the outer layers, before it reaches the handler of its page.
pub async fn show_errors_as_pages(
    State(style): State<Arc<str>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers().clone();
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    let reads = accepted.is_some_and(|accepted| accepted.contains("text/html"));
    if !reads || request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let path = page_of(request.uri().path()).to_owned();
    let mut response = next.run(request).await;
    let Some(ErrorForPage { error, most_bytes }) = response.extensions_mut().remove() else {
        return response;
    };
    let status = response.status();
    // A forbidden form may come from another site, so the page links to the start instead.
    let path = if status == StatusCode::FORBIDDEN { "/".to_owned() } else { path };
    let refusal = Refusal { status, error, most_bytes, path };
    let mut page = app::refusal(style.to_string(), &headers, refusal);
    if let Some(allowed) = response.headers_mut().remove(header::ALLOW) {
        page.headers_mut().insert(header::ALLOW, allowed);
    }
    if let Some(after) = response.headers_mut().remove(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, after);
    }
    page
}

/// The page that contains the form which is sent to `path`.
fn page_of(path: &str) -> &str {
    match path {
        // As a link, this would lead to another server.
        path if path.starts_with("//") => "/",
        "/data/deleted" => "/data",
        "/login/provider" | "/login/callback" | "/login/passkey" | "/login/passkey/answer" => {
            "/login"
        }
        "/setup/passkey" | "/setup/passkey/answer" => "/setup",
        "/settings/forget" => "/settings",
        "/shares/revoke" => "/shares",
        path => path,
    }
}

/// Adds the API's error to a plain 405 response.
async fn wrong_method(response: Response) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let mut told = ApiError::wrong_method().into_response();
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    told
}

/// The pages, their forms and server functions, and the answer to unknown paths.
pub fn routes(state: &AppState, names: Names) -> Router {
    let (registry, accounts) = (state.registry.clone(), state.accounts.clone());
    let shares = state.shares.clone();
    let backend = Backend::new(registry, state.limits.in_force(), accounts, shares)
        .with_identity_provider(state.identity_provider.clone());
    let Names { style, script, wasm } = names;
    // These options are only used in development; the names of the files come from the assets.
    let options = LeptosOptions::builder().output_name("companion");
    let options = match disk::reload_port() {
        Some(port) => options.reload_port(port).build(),
        None => options.build(),
    };
    app::router(backend, options, Assets { style, script, wasm })
        .layer(from_fn(calls_are_json))
        .layer(map_response(wrong_method))
}

/// Requires a JSON object as the body of each call of a server function, as the API does: the
/// library that dispatches the calls would read a body of any type.
async fn calls_are_json(request: Request, next: Next) -> Response {
    let call = request.method() == Method::POST && request.uri().path().starts_with("/api/fn/");
    if call {
        extract::only_objects(request, next).await.into_response()
    } else {
        next.run(request).await
    }
}
