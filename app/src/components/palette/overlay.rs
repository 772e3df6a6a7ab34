//! State of the dialog that is shown over the page.

use leptos::prelude::*;
use protocol::{MessageId, TurnId};

/// The id of the dialog.
pub(super) const ID: &str = "overlay";

/// The content of the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Palette,
    /// The models to choose from.
    Models(ModelFor),
    Shortcuts,
}

/// What a model is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelFor {
    /// The conversation, from its next answer on.
    Conversation,
    /// The next messages, which this model is to answer, too.
    Several,
    /// One more answer to the question of this turn.
    #[cfg_attr(not(feature = "browser"), allow(dead_code))]
    Answer { turn_id: TurnId, question: MessageId },
}

/// The dialog's state, in the context of the page: it survives when the conversation below it is
/// replaced, for instance when the reader opens it before the next page has loaded.
#[derive(Clone, Default)]
pub struct Overlay {
    /// The content of the dialog, kept after it is closed.
    pub(super) shown: ArcRwSignal<Option<Shown>>,
    pub(super) is_open: ArcStoredValue<bool>,
    /// The typed query.
    pub(super) query: ArcRwSignal<String>,
}

impl Overlay {
    /// Opens the dialog.
    pub fn open(&self, which: Shown) {
        self.query.set(String::new());
        self.is_open.set_value(true);
        self.shown.set(Some(which));
    }

    /// Closes the dialog, which returns the focus to where it was.
    pub(super) fn close(&self) {
        self.is_open.set_value(false);
        #[cfg(feature = "browser")]
        if let Some(element) = document().get_element_by_id(ID) {
            use wasm_bindgen::JsCast;
            element.unchecked_into::<web_sys::HtmlDialogElement>().close();
        }
    }
}
