//! The palette, which reaches every conversation and command by keyboard, and the list of keyboard
//! shortcuts.

use leptos::ev::{Event, MouseEvent};
use leptos::prelude::*;

use super::icon::{Drawing, Icon};
use crate::base_path::at;
use crate::erase::{attr, effect, erase, live, words};
use crate::live::List;
use crate::text::tr;

mod choice;
mod find;
mod overlay;
mod perform;
mod shortcuts;

use leptos::html::Dialog;

use find::Find;
pub use overlay::{ModelFor, Overlay, Shown};
use shortcuts::Shortcuts;

/// The visible button for the palette. Without a script it is a link to the search.
#[component]
pub fn OpenPalette() -> impl IntoView {
    let (overlay, scripted) = (expect_context::<Overlay>(), expect_context::<List>().local);
    let is_button = scripted.clone();
    let press = move |event: MouseEvent| {
        // Only a conversation's page has the dialog; elsewhere the link is followed.
        if document().get_element_by_id(overlay::ID).is_some() {
            event.prevent_default();
            overlay.open(Shown::Palette);
        }
    };
    view! {
        <a
            class="button open-palette"
            href=at("/search")
            rel="external"
            role=attr(move || is_button.get().then_some("button"))
            aria-haspopup=attr(move || scripted.get().then_some("dialog"))
            aria-keyshortcuts="Control+K Meta+K"
            aria-label=tr!(palette_open)
            on:click=press
        >
            <Drawing icon=Icon::Command />
        </a>
    }
}

/// How long the result of a command is shown.
const TOLD: std::time::Duration = std::time::Duration::from_secs(4);

/// The dialog over the page, and the keys that open it.
///
/// The dialog keeps its content while it is closed: if the focused field were removed, Chromium
/// would show the focus in the field that gets it back, but no typed letter would arrive there.
#[component]
pub fn Overlays() -> impl IntoView {
    let overlay = expect_context::<Overlay>();
    #[cfg(feature = "browser")]
    listen(overlay.clone());
    // The result of a command is shown and announced after the dialog is closed.
    let told = perform::Told::default();
    provide_context(told.clone());
    let shown = told.0.clone();
    effect(move || {
        let words = shown.get();
        let shown = shown.clone();
        let over = move || {
            if shown.get_untracked() == words {
                shown.set("");
            }
        };
        if !words.is_empty() {
            set_timeout(over, TOLD);
        }
    });
    let element = NodeRef::<Dialog>::new();
    #[cfg(feature = "browser")]
    show_modal(element, overlay.clone());
    let (named, closes, beside) = (overlay.shown.clone(), overlay.clone(), overlay.clone());
    let closed = move |_: Event| {
        // This event comes late: the dialog may be open again by now, with other content.
        let open = element.get_untracked().is_some_and(|dialog| dialog.open());
        closes.is_open.set_value(open);
    };
    let clicked = move |event: MouseEvent| {
        // A click whose target is the dialog itself is a click on the backdrop.
        if event.target() == event.current_target() {
            beside.close();
        }
    };
    view! {
        <div class="told" role="status">
            {live(move || Some(told.0.get()).filter(|words| !words.is_empty()))}
        </div>
        <dialog
            class="overlay"
            id=overlay::ID
            node_ref=element
            aria-label=words(move || match named.get() {
                Some(Shown::Shortcuts) => tr!(shortcuts),
                Some(Shown::Models(wanted)) => find::models_title(wanted),
                _ => tr!(palette),
            })
            on:close=closed
            on:click=clicked
        >
            {live(move || {
                overlay
                    .shown
                    .get()
                    .map(|shown| match shown {
                        Shown::Palette => erase(view! { <Find models=None /> }),
                        Shown::Models(wanted) => erase(view! { <Find models=Some(wanted) /> }),
                        Shown::Shortcuts => erase(view! { <Shortcuts /> }),
                    })
            })}
        </dialog>
    }
}

/// Opens the dialog as soon as it has content.
#[cfg(feature = "browser")]
fn show_modal(element: NodeRef<Dialog>, overlay: Overlay) {
    effect(move || {
        if let Some(dialog) = element.get()
            && overlay.shown.get().is_some()
            && overlay.is_open.get_value()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
}

/// Opens the overlays by their shortcut keys, wherever the focus is. Only `?` is ignored in a
/// field, because it types a character there.
#[cfg(feature = "browser")]
fn listen(overlay: Overlay) {
    use leptos::ev;
    let keydown = window_event_listener(ev::keydown, move |event| {
        if event.is_composing() || event.default_prevented() || event.repeat() {
            return;
        }
        let command = event.ctrl_key() != event.meta_key() && !event.alt_key();
        if command && event.shift_key() && matches!(event.key().as_str(), "o" | "O") {
            event.prevent_default();
            return new_conversation();
        }
        let wanted = match event.key().as_str() {
            "k" | "K" if command && !event.shift_key() => Shown::Palette,
            "/" if command => Shown::Shortcuts,
            "?" if !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !is_typing() => {
                Shown::Shortcuts
            }
            _ => return,
        };
        event.prevent_default();
        // The `close` event of a dialog that was just closed may be outstanding, so look at the
        // page.
        let open = document().query_selector("#overlay[open]").is_ok_and(|open| open.is_some());
        // Pressing the same key again closes the dialog, which returns the focus.
        match overlay.shown.get_untracked().filter(|_| open) {
            Some(open) if open == wanted => overlay.close(),
            Some(_) => {}
            None => overlay.open(wanted),
        }
    });
    on_cleanup(move || keydown.remove());
}

/// Begins a conversation as its button in the list does, unless something is open over the page.
#[cfg(feature = "browser")]
fn new_conversation() {
    use wasm_bindgen::JsCast;
    let find = |selector| document().query_selector(selector).ok().flatten();
    if find("dialog[open]").is_some() {
        return;
    }
    if let Some(button) = find("form.new button") {
        button.unchecked_into::<web_sys::HtmlElement>().click();
    }
}

/// Whether the focus is in a field, so that a key would type a character.
#[cfg(feature = "browser")]
fn is_typing() -> bool {
    let field = "input, textarea, select, [contenteditable]";
    let focused = document().active_element();
    focused.is_some_and(|element| element.matches(field).unwrap_or(false))
}
