//! The button that hides the list of conversations on a wide screen. A hidden list opens over the page,
//! as on a narrow screen, and from there it can be made to stay again.

use leptos::prelude::*;

use crate::components::icon::{Drawing, Icon};
#[cfg(feature = "browser")]
use crate::components::layout::SIDEBAR;
#[cfg(feature = "browser")]
use crate::components::popover::close_popover;
use crate::erase::attr;
use crate::reader;
use crate::text::tr;

/// The button's id.
const ID: &str = "hide-list";

/// Needs a script; the style sheet shows it only where one can run, and on wide screens.
#[component]
pub fn HideList() -> impl IntoView {
    let hidden = ArcRwSignal::new(reader::list_hidden());
    let state = hidden.clone();
    let toggle = move |_| {
        #[cfg(feature = "browser")]
        {
            let hides = !hidden.get_untracked();
            hidden.set(hides);
            close_popover(SIDEBAR);
            reader::hide_list(hides);
            // Of this button and the one that opens the list, one disappears.
            let now = if hides { crate::components::open_sidebar::BUTTON } else { ID };
            crate::components::focus::focus(now);
        }
        #[cfg(not(feature = "browser"))]
        hidden.set(true);
    };
    let words = move || if state.get() { tr!(list_keep) } else { tr!(list_hide) };
    let title = words.clone();
    view! {
        <button
            class="icon-button hide-list"
            id=ID
            type="button"
            aria-label=attr(move || Some(words().to_owned()))
            title=attr(move || Some(title().to_owned()))
            on:click=toggle
        >
            <Drawing icon=Icon::Panel />
        </button>
    }
}
