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

/// The same once the page shows what is under way, unless something has the focus then.
#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
pub fn focus_soon_if_lost(id: String) {
    #[cfg(feature = "browser")]
    request_animation_frame(move || {
        let page = document();
        let focused = page.active_element();
        if focused.is_none_or(|element| page.body().is_some_and(|body| *body == element)) {
            focus(&id);
        }
    });
}

/// The same once the page shows what is under way.
pub fn focus_soon(id: String) {
    set_timeout(move || focus(&id), std::time::Duration::ZERO);
}

/// Gives up the focus, so that the page which is shown next takes it: a button of the sidebar that led
/// there would keep it otherwise.
pub fn release_focus() {
    #[cfg(feature = "browser")]
    if let Some(element) = document().active_element() {
        use wasm_bindgen::JsCast;
        let _ = element.unchecked_into::<web_sys::HtmlElement>().blur();
    }
}
