//! The console: the layout with the sidebar, and the current page in its outlet.
//!
//! The outlet shows a conversation; `/`, which leads to the conversation used last; or a text for
//! an address that leads nowhere. They share one component and one server function result, because
//! separate ones would repeat the same generated code in the download.
//!
//! The sidebar is shown if the address names a conversation, and stays while the reader moves
//! between conversations. It has data of its own, which is loaded once per part of the list and not
//! for each page.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::base_path::inside;
use crate::components::{Layout, Overlay};
#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::erase::{erase, live};
use crate::live::{Current, Wanted};
use crate::route::Route;

mod answer;
mod outlet;
mod sidebar;

use answer::{Beside, Question, Target, ask};
use outlet::outlet;
use sidebar::sidebar;

/// The page of `/`, and of `/c/{worker_id}` with `?before=` for earlier messages, `?list=` for
/// older conversations, `?place=archived` for the archive, `?at=` for another branch, `?edit=` for
/// an edit of a message, and `?m=` for the part of the transcript with this message. `?deleted=`
/// offers to restore a conversation.
#[component]
pub fn ConsolePage() -> impl IntoView {
    let (path, query) = (use_location().pathname, use_query_map());
    let target = Memo::new(move |_| Target {
        route: Route::of(inside(&path.read())),
        before: query.read().get("before").and_then(|position| position.parse().ok()),
        deleted: query.read().get("deleted").and_then(|id| id.parse().ok()),
        wanted: Wanted {
            at: query.read().get("at").and_then(|id| id.parse().ok()),
            edit: query.read().get("edit").and_then(|id| id.parse().ok()),
            found: query.read().get("m").and_then(|id| id.parse().ok()),
        },
    });
    let beside = Memo::new(move |before: Option<&Beside>| match Route::of(inside(&path.read())) {
        Route::Conversation(id) => Beside {
            worker_id: id.parse().ok(),
            list: query.read().get("list"),
            archived: query.read().get("place").as_deref() == Some("archived"),
        },
        // `/` redirects at once; keep the sidebar for the conversation that follows.
        Route::Home => before.cloned().unwrap_or_default(),
        Route::Missing => Beside::default(),
    });
    let worker_id = Memo::new(move |_| beside.read().worker_id);
    provide_context(Overlay::default());
    provide_context(Current::new(worker_id));
    let page = ask(move || Question::Page(target.get()));
    // The sidebar's question waits for the page's on the server.
    #[cfg(feature = "ssr")]
    provide_context(page);
    let list = ask(move || Question::Sidebar(beside.get()));
    #[cfg(feature = "browser")]
    complete_navigations(path);
    let stands = Memo::new(move |_| worker_id.get().is_some());
    live(move || {
        let outlet = outlet(page, target);
        if !stands.get() {
            return outlet;
        }
        let sidebar = sidebar(list, beside);
        erase(view! { <Layout sidebar outlet /> })
    })
}

/// Makes the router update the browser's address bar when the new page begins to load.
#[cfg(feature = "browser")]
fn complete_navigations(path: Memo<String>) {
    use leptos_router::location::{BrowserUrl, LocationProvider};
    let address = expect_context::<BrowserUrl>();
    effect(move || {
        path.track();
        address.ready_to_complete();
    });
}
