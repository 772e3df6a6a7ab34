//! The pages, which `app` renders.

use app::{Assets, Backend};
use axum::Router;
use leptos::config::LeptosOptions;

use crate::assets::Names;
use crate::state::AppState;

/// The pages, their forms and server functions, and what answers unknown addresses.
pub fn routes(state: &AppState, names: Names) -> Router {
    let backend = Backend { registry: state.registry.clone(), limits: state.limits.in_force() };
    let Names { style, script, wasm } = names;
    // Only development reads them: the names of the files are in the assets.
    let options = LeptosOptions::builder().output_name("companion").build();
    app::router(backend, options, Assets { style, script, wasm })
}
