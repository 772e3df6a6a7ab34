//! The pages, which `app` renders.

use axum::Router;

use crate::assets::Names;
use crate::state::AppState;

/// The pages and their server functions.
pub fn routes(_state: &AppState, _names: Names) -> Router {
    Router::new()
}
