//! The search field.

use leptos::prelude::*;
use protocol::{WorkerId, limits};

use super::icon::{Drawing, Icon};
use crate::base_path::at;
use crate::text::tr;

/// A plain form that leads to the page of search results.
#[component]
pub fn SearchBox(
    /// The only conversation to search; without it all are searched.
    #[prop(default = None)]
    within: Option<WorkerId>,
    /// The current query.
    #[prop(default = String::new())]
    query: String,
) -> impl IntoView {
    let label = if within.is_some() { tr!(search_here) } else { tr!(search_all) };
    let within = within.map(|id| view! { <input type="hidden" name="in" value=id.to_string() /> });
    view! {
        <form class="search" role="search" aria-label=label method="get" action=at("/search")>
            {within}
            <input
                name="q"
                type="search"
                aria-label=label
                placeholder=label
                value=query
                maxlength=limits::QUERY_CHARS.to_string()
                autocomplete="off"
                required
            />
            <button class="icon-button" type="submit" aria-label=tr!(search)>
                <Drawing icon=Icon::Search />
            </button>
        </form>
    }
}
