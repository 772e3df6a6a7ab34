//! The palette: every conversation and every command, by the keyboard alone. And the list of the
//! keys that there are.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::icon::{Drawing, Icon};
use crate::erase::{attr, erase_scripted, heard, live, words};
use crate::live::List;
use crate::text::tr;

mod choice;
mod dialog;
mod perform;
mod shortcuts;

use dialog::PaletteDialog;
use shortcuts::Shortcuts;

/// Which of the two is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Palette,
    Shortcuts,
}

/// What is open over the page. In the context of the console.
#[derive(Clone, Default)]
pub struct Overlay(pub ArcRwSignal<Option<Shown>>);

/// The visible way to the palette. Without a script it leads to the search.
#[component]
pub fn OpenPalette() -> impl IntoView {
    let (overlay, scripted) = (expect_context::<Overlay>(), expect_context::<List>().local);
    let is_button = scripted.clone();
    let press = move |event: MouseEvent| {
        event.prevent_default();
        overlay.0.set(Some(Shown::Palette));
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
            on:click=heard(press)
        >
            <Drawing icon=Icon::Search />
        </a>
    }
}

/// What stands over the page, if anything does, and the keys that open it.
#[component]
pub fn Overlays() -> impl IntoView {
    let Overlay(shown) = expect_context();
    #[cfg(feature = "browser")]
    listen(shown.clone());
    // What a command has done is told after its dialog is gone.
    let told = perform::Told::default();
    provide_context(told.clone());
    view! {
        <div class="visually-hidden" role="status">
            {words(move || told.0.get())}
        </div>
        {live(move || {
            shown.get().map(|shown| match shown {
                Shown::Palette => erase_scripted(view! { <PaletteDialog /> }),
                Shown::Shortcuts => erase_scripted(view! { <Shortcuts /> }),
            })
        })}
    }
}

/// Opens them by their keys, wherever the focus is: none of these does anything in a field, but
/// `?`, which is a letter there.
#[cfg(feature = "browser")]
fn listen(shown: ArcRwSignal<Option<Shown>>) {
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
        // The same key again closes it; the dialog gives the focus back.
        match shown.get_untracked() {
            Some(open) if open == wanted => dialog::close(),
            Some(_) => {}
            None => shown.set(Some(wanted)),
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
