//! The app: its routes and what is in the context of all of them.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

use crate::live::Drafts;
use crate::pages::{ConversationPage, HomePage, MissingPage};
use crate::text;

/// The whole console.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Drafts::new());
    view! {
        <Title text=text::PRODUCT />
        <Router>
            <FlatRoutes fallback=MissingPage>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                <Route path=path!("/c/:worker_id") view=ConversationPage ssr=SsrMode::Async />
            </FlatRoutes>
        </Router>
    }
}
