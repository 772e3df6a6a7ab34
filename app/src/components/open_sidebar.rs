//! The button that opens the sidebar on a narrow screen.

use leptos::prelude::*;

use super::icon::{Drawing, Icon};
use super::layout::SIDEBAR;
use crate::text::tr;

/// Needs no script. On a wide screen the sidebar is always visible and the button is hidden.
#[component]
pub fn OpenSidebar() -> impl IntoView {
    view! {
        <button
            class="icon-button top-menu"
            type="button"
            popovertarget=SIDEBAR
            aria-label=tr!(conversations)
        >
            <Drawing icon=Icon::Menu />
        </button>
    }
}
