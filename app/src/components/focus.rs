//! Moves the keyboard focus.

use leptos::prelude::*;

/// Focuses the element with this id, if the page has it.
#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
pub fn focus(id: &str) {
    #[cfg(feature = "browser")]
    if let Some(element) = document().get_element_by_id(id) {
        use wasm_bindgen::JsCast;
        let _ = element.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}

/// Focuses it in the next animation frame, unless another element has the focus by then.
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

/// Focuses it once pending updates of the page are done.
pub fn focus_soon(id: String) {
    set_timeout(move || focus(&id), std::time::Duration::ZERO);
}

/// Removes the focus from a button of the sidebar that led to a new page, so that the new page can
/// take it.
pub fn release_focus() {
    #[cfg(feature = "browser")]
    if let Some(element) = document().active_element() {
        use wasm_bindgen::JsCast;
        let _ = element.unchecked_into::<web_sys::HtmlElement>().blur();
    }
}
