//! Closes what the browser opens by itself.

/// Closes an element with the attribute `popover` by its id, if it is open: the browser would leave
/// it open over what a script has changed. The browser gives the focus back to what had it before.
#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
pub fn close_popover(id: &str) {
    #[cfg(feature = "browser")]
    if let Some(element) = leptos::prelude::document().get_element_by_id(id) {
        use wasm_bindgen::JsCast;
        let _ = element.unchecked_into::<web_sys::HtmlElement>().hide_popover();
    }
}
