//! Closes popovers, which the browser opens without a script.

/// Closes the popover with this id if it is open, because the browser would leave it open over
/// content that a script has changed. The browser returns the focus to where it was.
#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
pub fn close_popover(id: &str) {
    #[cfg(feature = "browser")]
    if let Some(element) = leptos::prelude::document().get_element_by_id(id) {
        use wasm_bindgen::JsCast;
        let _ = element.unchecked_into::<web_sys::HtmlElement>().hide_popover();
    }
}
