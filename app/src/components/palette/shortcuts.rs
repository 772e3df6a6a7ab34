//! The list of keyboard shortcuts.

use leptos::prelude::*;

use super::overlay::Overlay;
use crate::enter_key::EnterKey;
use crate::reader;
use crate::text::tr;

/// A table of shortcuts.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let overlay = expect_context::<Overlay>();
    let (send, break_line): (&[_], &[_]) = if reader::enter_key() == EnterKey::Breaks {
        (&["Shift", "Enter"], &["Enter"])
    } else {
        (&["Enter"], &["Shift", "Enter"])
    };
    let rows: [(&'static str, &[&'static str]); 10] = [
        (tr!(palette_open), &["Ctrl", "K"]),
        (tr!(shortcuts), &["?"]),
        (tr!(shortcuts_anywhere), &["Ctrl", "/"]),
        (tr!(new), &["Ctrl", "Shift", "O"]),
        (tr!(send), send),
        (tr!(shortcuts_line), break_line),
        (tr!(shortcuts_edit), &["↑"]),
        (tr!(shortcuts_messages), &["Alt", "↑ ↓"]),
        (tr!(shortcuts_stop), &["Esc"]),
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
        <div class="palette-box shortcuts">
            <h2>{tr!(shortcuts)}</h2>
            <dl>{rows.map(row).collect_view()}</dl>
            <p class="quiet">{tr!(shortcuts_mac)}</p>
            <button class="button" type="button" on:click=move |_| overlay.close()>
                {tr!(close)}
            </button>
        </div>
    }
}
