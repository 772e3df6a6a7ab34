//! A page that is not a conversation: a heading and a few words.

use leptos::prelude::*;

use crate::erase::Erased;
use crate::text;

/// A single centred column.
#[component]
pub fn Plain(
    /// The page's heading.
    heading: &'static str,
    /// The content below the heading.
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
