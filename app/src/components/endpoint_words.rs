//! An endpoint's own words about an error.

use leptos::prelude::*;

use crate::erase::{Erased, erase};
use crate::text::tr;

/// The words, marked as a quotation of the endpoint.
pub fn endpoint_words(words: Option<String>) -> Option<Erased> {
    words.map(|words| {
        erase(view! {
            <figure class="said">
                <figcaption>{tr!(said)}</figcaption>
                // The language of the words is unknown.
                <blockquote lang="" dir="auto">
                    {words}
                </blockquote>
            </figure>
        })
    })
}
