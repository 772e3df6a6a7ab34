//! Where the focus goes.

use leptos::prelude::*;

/// Focuses an element by its id, if the page has it.
#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
pub fn focus(id: &str) {
    #[cfg(feature = "browser")]
    if let Some(element) = document().get_element_by_id(id) {
        use wasm_bindgen::JsCast;
        let _ = element.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}

/// The same once the page shows what is under way.
pub fn focus_soon(id: String) {
    set_timeout(move || focus(&id), std::time::Duration::ZERO);
}
