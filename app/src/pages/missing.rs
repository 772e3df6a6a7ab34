//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::Plain;
use crate::erase::erase;
use crate::text;

/// The 404 page.
#[component]
pub fn MissingPage() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::backend::set_status(404);
    erase(view! {
        <Title text=text::window_title(text::NOT_FOUND) />
        <Plain heading=text::NOT_FOUND>
            <p>{text::NOT_FOUND_PAGE}</p>
            <p>
                <a class="button" href="/">
                    {text::TO_HOME}
                </a>
            </p>
        </Plain>
    })
}
