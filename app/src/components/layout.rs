//! What stays while one page of the console follows another: the sidebar, and the outlet beside it.

use leptos::prelude::*;

use super::popover::close_popover;
use crate::erase::Erased;
use crate::text::tr;

/// The sidebar's id: on narrow screens it is a popover, which buttons open by it.
pub const SIDEBAR: &str = "sidebar";

/// A sidebar and what stands beside it.
#[component]
pub fn Layout(
    /// The sidebar.
    sidebar: Erased,
    /// Where the pages follow one another.
    outlet: Erased,
) -> impl IntoView {
    view! {
        // Not for the router, which would scroll there and leave the focus.
        <a class="skip" href="#composer" rel="external">
            {tr!(skip)}
        </a>
        <div class="console">
            {sidebar}
            {outlet}
        </div>
    }
}

/// Closes the sidebar where it is open over the page, as it is on a narrow screen when somebody has
/// chosen the page in it.
pub fn leave_sidebar() {
    close_popover(SIDEBAR);
}
