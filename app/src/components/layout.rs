//! The parts that stay while the pages of the console change: the sidebar and the outlet.

use leptos::prelude::*;

use super::popover::close_popover;
use crate::erase::Erased;
use crate::text::tr;

/// The sidebar's id. On narrow screens the sidebar is a popover that buttons open by this id.
pub const SIDEBAR: &str = "sidebar";

/// The sidebar and the outlet beside it.
#[component]
pub fn Layout(
    /// The sidebar.
    sidebar: Erased,
    /// The outlet that shows the current page.
    outlet: Erased,
) -> impl IntoView {
    view! {
        // `external` bypasses the router, which would scroll there without moving the focus.
        <a class="skip" href="#composer" rel="external">
            {tr!(skip)}
        </a>
        <div class="console">{sidebar} {outlet}</div>
    }
}

/// Closes the sidebar if it is open over the page, as it is on a narrow screen after the reader
/// has chosen a page in it.
pub fn leave_sidebar() {
    close_popover(SIDEBAR);
}
