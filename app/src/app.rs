//! The root component, which provides the context of every page.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos_meta::provide_meta_context;
use leptos_router::components::Router;

#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::live::{Drafts, List};
use crate::pages::ConsolePage;
use crate::text;
use crate::window::titled;

/// The root of the console.
///
/// The router handles the address and links; [`ConsolePage`] decides which page to show. Leptos's
/// own route table is built for pages of many types and would be a tenth of the browser's
/// download here.
#[component]
pub fn App() -> impl IntoView {
    #[cfg(feature = "ssr")]
    provide_meta_context();
    titled(|| text::PRODUCT.to_owned());
    provide_context(Drafts::new());
    #[cfg(feature = "browser")]
    effect(crate::reader::tell_utc_offset);
    let list = List::new();
    provide_context(list.clone());
    // Start once the list is loaded; both then run for as long as the page lives.
    #[cfg(feature = "browser")]
    effect(move || {
        if list.runtime.read().is_some() {
            crate::live::attend(&list);
            crate::live::follow_list(list.clone());
        }
    });
    #[cfg(not(feature = "browser"))]
    drop(list);
    view! {
        <Router base=crate::base_path::base()>
            <ConsolePage />
        </Router>
    }
}
