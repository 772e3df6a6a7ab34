//! The button that opens the sidebar on a narrow screen.

use leptos::prelude::*;

use super::icon::{Drawing, Icon};
use super::layout::SIDEBAR;
use crate::text::tr;

/// The button's id.
pub const BUTTON: &str = "open-sidebar";

/// Needs no script. On a wide screen the sidebar is visible and the button hidden, unless the
/// reader has hidden the sidebar there, too.
#[component]
pub fn OpenSidebar() -> impl IntoView {
    view! {
        <button
            class="icon-button top-menu"
            id=BUTTON
            type="button"
            popovertarget=SIDEBAR
            aria-label=tr!(conversations)
        >
            <Drawing icon=Icon::Menu />
        </button>
    }
}
