//! The button that logs out.

use leptos::prelude::*;

use crate::base_path::at;
use crate::text::tr;

/// A plain form, because the browser has to leave the page.
#[component]
pub fn LogOut() -> impl IntoView {
    view! {
        <form method="post" action=at("/logout")>
            <button class="button" type="submit">
                {tr!(log_out)}
            </button>
        </form>
    }
}
