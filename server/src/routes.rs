//! The table of all API routes. The OpenAPI document contains exactly these.

use axum::Extension;
use axum::Router;
use utoipa::OpenApi as _;
use utoipa::openapi::{OpenApi, Server};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::document::{self, Document, Served};
use crate::api::{
    accounts, catalogue, entrance, health, messages, own_account, runtimes, search, shares, status,
    transfer, turns, usage, workers,
};
use crate::config::BasePath;
use crate::error::ApiError;
use crate::events;
use crate::state::AppState;

/// The API's routes with their OpenAPI document, below a base path.
pub fn api(base: &BasePath) -> Router<AppState> {
    let (router, mut document) = documented();
    if !base.is_root() {
        document.servers = Some(vec![Server::new(base.as_str())]);
    }
    let json = document.to_json().expect("the document is made of texts and maps of texts");
    let base = base.clone();
    let nothing = move || async move { ApiError::no_such_route(&base) };
    router
        .route("/api/{*rest}", axum::routing::any(nothing))
        .method_not_allowed_fallback(|| async { ApiError::wrong_method() })
        .layer(Extension(Served(json.into())))
}

/// The routes that the OpenAPI document describes, and the document.
pub fn documented() -> (Router<AppState>, OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(document::openapi))
        .routes(routes!(entrance::set_up))
        .routes(routes!(entrance::status, entrance::log_in, entrance::log_out))
        .routes(routes!(own_account::change_password))
        .routes(routes!(own_account::sessions, own_account::end_other_sessions))
        .routes(routes!(own_account::end_session))
        .routes(routes!(own_account::tokens, own_account::create_token))
        .routes(routes!(own_account::revoke_token))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::patch))
        .routes(routes!(accounts::audit))
        .routes(routes!(usage::of_accounts))
        .routes(routes!(status::status))
        .routes(routes!(catalogue::profiles))
        .routes(routes!(catalogue::profile))
        .routes(routes!(catalogue::models))
        .routes(routes!(catalogue::forget))
        .routes(routes!(runtimes::list))
        .routes(routes!(runtimes::get))
        .routes(routes!(workers::list, workers::create))
        .routes(routes!(workers::get, workers::patch, workers::delete))
        .routes(routes!(workers::instructions))
        .routes(routes!(workers::transcript))
        .routes(routes!(workers::fork))
        .routes(routes!(workers::stop))
        .routes(routes!(workers::restore))
        .routes(routes!(workers::deleted))
        .routes(routes!(search::search))
        .routes(routes!(usage::own))
        .routes(routes!(messages::send))
        .routes(routes!(messages::patch))
        .routes(routes!(messages::cancel))
        .routes(routes!(turns::ask_again))
        .routes(routes!(turns::edit))
        .routes(routes!(turns::get))
        .routes(routes!(turns::input))
        .routes(routes!(transfer::export))
        .routes(routes!(transfer::export_one))
        .routes(routes!(transfer::import))
        .routes(routes!(shares::list))
        .routes(routes!(shares::create))
        .routes(routes!(shares::revoke))
        .routes(routes!(events::events))
        .routes(routes!(events::list))
        .split_for_parts()
}
