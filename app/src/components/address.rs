//! The address in the browser's address bar.

/// Replaces the address, so that a reload shows the same state again. Does nothing if `address` is
/// that of another page than the current one, because the reader may have left meanwhile. Adds
/// no history entry.
#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
pub fn address_is(address: &str) {
    #[cfg(feature = "browser")]
    {
        let window = leptos::prelude::window();
        let here = window.location().pathname().unwrap_or_default();
        if address.split('?').next() != Some(&here) {
            return;
        }
        if let Ok(history) = window.history() {
            // Keep the state that the router stores in the history entry.
            let state = history.state().unwrap_or(wasm_bindgen::JsValue::NULL);
            let _ = history.replace_state_with_url(&state, "", Some(address));
        }
    }
}
