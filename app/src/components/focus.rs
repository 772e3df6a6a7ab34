//! Where the focus goes.

use leptos::prelude::*;

/// Whether somebody walked to what is shown, within the page that was loaded first. In the
/// context of the page.
#[derive(Clone, Default)]
pub struct Walked(ArcStoredValue<bool>);

impl Walked {
    /// Notes that something is shown, and tells whether something was before.
    pub fn step(&self) -> bool {
        let before = self.0.get_value();
        self.0.set_value(true);
        before
    }
}

/// Whether a finger is what this page is used with: focusing a field would bring up a keyboard.
pub fn is_touched() -> bool {
    #[cfg(feature = "browser")]
    {
        let coarse = window().match_media("(pointer: coarse)").ok().flatten();
        coarse.is_some_and(|coarse| coarse.matches())
    }
    #[cfg(not(feature = "browser"))]
    false
}

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
