//! What stands in the browser's bar.

/// Writes there what leads to what is shown, so that a reload shows it again: the same page with
/// another query, unless somebody has left it meanwhile. Not a step that the browser's own
/// button goes back.
#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
pub fn address_is(path: &str) {
    #[cfg(feature = "browser")]
    {
        let window = leptos::prelude::window();
        let here = window.location().pathname().unwrap_or_default();
        if path.split('?').next() != Some(&here) {
            return;
        }
        if let Ok(history) = window.history() {
            // What the router keeps there stays.
            let state = history.state().unwrap_or(wasm_bindgen::JsValue::NULL);
            let _ = history.replace_state_with_url(&state, "", Some(path));
        }
    }
}
