//! A page that is not a conversation: a heading and a few words.

use leptos::prelude::*;

use crate::erase::Erased;
use crate::text;

/// One column in the middle.
#[component]
pub fn Plain(
    /// The page's heading.
    heading: &'static str,
    /// What stands below it.
    body: Erased,
) -> impl IntoView {
    view! {
        <main class="plain">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{heading}</h1>
            {body}
        </main>
    }
}
