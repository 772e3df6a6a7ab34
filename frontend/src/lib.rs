//! The browser's entry points. Everything else is in `app`.

#[cfg(any(feature = "hydrate", feature = "csr"))]
use wasm_bindgen::prelude::wasm_bindgen;

/// Hydrates the page that the server rendered; called by the page's script.
#[cfg(feature = "hydrate")]
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}

/// Starts the client-only console as soon as the module is loaded, and removes the texts that
/// `index.html` shows until then.
#[cfg(all(feature = "csr", not(feature = "hydrate")))]
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    if let Some(first_paint) = leptos::prelude::document().get_element_by_id("start") {
        first_paint.remove();
    }
    leptos::mount::mount_to_body(app::App);
}
