//! What an endpoint said of an error, in its own words.

use leptos::prelude::*;

use crate::erase::{Erased, erase};
use crate::text::tr;

/// The words, marked as the endpoint's.
pub fn endpoint_words(words: Option<String>) -> Option<Erased> {
    words.map(|words| {
        erase(view! {
            <figure class="said">
                <figcaption>{tr!(said)}</figcaption>
                // Nobody knows in which language they are.
                <blockquote lang="" dir="auto">{words}</blockquote>
            </figure>
        })
    })
}
