//! The palette: every conversation and every command, by the keyboard alone. And the list of the
//! keys that there are.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::icon::{Drawing, Icon};
#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::erase::{attr, erase, live, words};
use crate::live::List;
use crate::text::tr;

mod choice;
mod find;
mod overlay;
mod perform;
mod shortcuts;

use leptos::html::Dialog;

use find::Find;
pub use overlay::Overlay;
use overlay::Shown;
use shortcuts::Shortcuts;

/// The visible way to the palette. Without a script it leads to the search.
#[component]
pub fn OpenPalette() -> impl IntoView {
    let (overlay, scripted) = (expect_context::<Overlay>(), expect_context::<List>().local);
    let is_button = scripted.clone();
    let press = move |event: MouseEvent| {
        // There is none beside a page that is no conversation.
        if document().get_element_by_id(overlay::ID).is_some() {
            event.prevent_default();
            overlay.open(Shown::Palette);
        }
    };
    view! {
        <a
            class="button open-palette"
            href="/search"
            rel="external"
            role=attr(move || is_button.get().then_some("button"))
            aria-haspopup=attr(move || scripted.get().then_some("dialog"))
            aria-keyshortcuts="Control+K Meta+K"
            aria-label=tr!(palette_open)
            on:click=press
        >
            <Drawing icon=Icon::Search />
        </a>
    }
}

/// What stands over the page, if anything does, and the keys that open it.
///
/// The dialog stays in the page while it is closed, with what was in it: where the field that had
/// the focus is taken out, Chromium shows the focus in the one that gets it back, and no letter
/// goes there.
#[component]
pub fn Overlays() -> impl IntoView {
    let overlay = expect_context::<Overlay>();
    #[cfg(feature = "browser")]
    listen(overlay.clone());
    // What a command has done is told after the dialog is closed.
    let told = perform::Told::default();
    provide_context(told.clone());
    let element = NodeRef::<Dialog>::new();
    #[cfg(feature = "browser")]
    show_modal(element, overlay.clone());
    let (named, closes, beside) = (overlay.shown.clone(), overlay.clone(), overlay.clone());
    view! {
        <div class="visually-hidden" role="status">
            {words(move || told.0.get())}
        </div>
        <dialog
            class="overlay"
            id=overlay::ID
            node_ref=element
            aria-label=words(move || match named.get() {
                Some(Shown::Shortcuts) => tr!(shortcuts),
                _ => tr!(palette),
            })
            on:close=move |_| {
                // Told late: it may be open again, with the other one.
                let open = element.get_untracked().is_some_and(|dialog| dialog.open());
                closes.is_open.set_value(open);
            }
            on:click=move |event: MouseEvent| {
                // Beside the box in it.
                if event.target() == event.current_target() {
                    beside.close();
                }
            }
        >
            {live(move || {
                overlay.shown.get().map(|shown| match shown {
                    Shown::Palette => erase(view! { <Find /> }),
                    Shown::Shortcuts => erase(view! { <Shortcuts /> }),
                })
            })}
        </dialog>
    }
}

/// Opens the dialog as soon as there is something in it.
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

/// Opens them by their keys, wherever the focus is: none of these does anything in a field, but
/// `?`, which is a letter there.
#[cfg(feature = "browser")]
fn listen(overlay: Overlay) {
    use leptos::ev;
    let keydown = window_event_listener(ev::keydown, move |event| {
        if event.is_composing() || event.default_prevented() || event.repeat() {
            return;
        }
        let command = event.ctrl_key() != event.meta_key() && !event.alt_key();
        let wanted = match event.key().as_str() {
            "k" | "K" if command && !event.shift_key() => Shown::Palette,
            "/" if command => Shown::Shortcuts,
            "?" if !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !is_typing() => {
                Shown::Shortcuts
            }
            _ => return,
        };
        event.prevent_default();
        // One that was closed just now has not told so yet: the page knows.
        let open = document().query_selector("#overlay[open]").is_ok_and(|open| open.is_some());
        // The same key again closes it; the dialog gives the focus back.
        match overlay.shown.get_untracked().filter(|_| open) {
            Some(open) if open == wanted => overlay.close(),
            Some(_) => {}
            None => overlay.open(wanted),
        }
    });
    on_cleanup(move || keydown.remove());
}

/// Whether a letter would be written somewhere.
#[cfg(feature = "browser")]
fn is_typing() -> bool {
    let field = "input, textarea, select, [contenteditable]";
    let focused = document().active_element();
    focused.is_some_and(|element| element.matches(field).unwrap_or(false))
}
