//! The keys that there are.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::Overlay;
use super::dialog::{close, dismiss, show_modal};
use crate::erase::heard;
use crate::reader;
use crate::text::tr;

/// A dialog with a table of keys.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let Overlay(shown) = expect_context();
    let element = NodeRef::<Dialog>::new();
    show_modal(element);
    let (send, break_line): (&[_], &[_]) = if reader::enter_breaks() {
        (&["Shift", "Enter"], &["Enter"])
    } else {
        (&["Enter"], &["Shift", "Enter"])
    };
    let rows: [(&'static str, &[&'static str]); 6] = [
        (tr!(palette_open), &["Ctrl", "K"]),
        (tr!(shortcuts), &["?"]),
        (tr!(shortcuts_anywhere), &["Ctrl", "/"]),
        (tr!(send), send),
        (tr!(shortcuts_line), break_line),
        (tr!(shortcuts_close), &["Esc"]),
    ];
    let row = |(words, keys): (&'static str, &[&'static str])| {
        let keys: Vec<_> = keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect();
        view! {
            <div>
                <dt>{words}</dt>
                <dd>{keys}</dd>
            </div>
        }
    };
    view! {
        <dialog
            class="palette"
            id="overlay"
            node_ref=element
            aria-labelledby="shortcuts"
            on:close=heard(move |_| shown.set(None))
            on:click=heard(move |event| dismiss(&event))
        >
            <div class="palette-box shortcuts">
                <h2 id="shortcuts">{tr!(shortcuts)}</h2>
                <dl>{rows.map(row).collect_view()}</dl>
                <p class="quiet">{tr!(shortcuts_mac)}</p>
                <button class="button" type="button" on:click=heard(move |_| close())>
                    {tr!(close)}
                </button>
            </div>
        </dialog>
    }
}
