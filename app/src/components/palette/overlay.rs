//! Which dialog stands over the page.

use leptos::prelude::*;

/// The id of the dialog.
pub(super) const ID: &str = "overlay";

/// Which of the two is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Palette,
    Shortcuts,
}

/// What stands over the page. In the context of the page: it stays while the conversation below
/// it is replaced, as happens when somebody opens it before the next one has come.
#[derive(Clone, Default)]
pub struct Overlay {
    /// What is in the dialog, also after it was closed.
    pub(super) shown: ArcRwSignal<Option<Shown>>,
    pub(super) is_open: ArcStoredValue<bool>,
    /// What was typed into the palette.
    pub(super) query: ArcRwSignal<String>,
}

impl Overlay {
    /// Opens one of the two.
    pub(super) fn open(&self, which: Shown) {
        self.query.set(String::new());
        self.is_open.set_value(true);
        self.shown.set(Some(which));
    }

    /// Closes it; it gives the focus back to what had it.
    pub(super) fn close(&self) {
        self.is_open.set_value(false);
        #[cfg(feature = "browser")]
        if let Some(element) = document().get_element_by_id(ID) {
            use wasm_bindgen::JsCast;
            element.unchecked_into::<web_sys::HtmlDialogElement>().close();
        }
    }
}
