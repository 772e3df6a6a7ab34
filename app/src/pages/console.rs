//! The console: the layout with the sidebar, and in its outlet the page that the address leads to.
//!
//! The outlet shows a conversation; the front door, which leads to the one that was used last; or
//! what there is to say where an address leads nowhere. They are one page with one answer of the
//! server: more would be the same code again.
//!
//! The sidebar stands wherever the address names a conversation, and stays while one follows another:
//! it is data of its own, which is loaded for each other part of the list and not for each page.

#[cfg(feature = "browser")]
use crate::erase::effect;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use protocol::WorkerId;

use crate::api;
use crate::components::{Layout, Overlay, Sidebar, SidebarResource};
use crate::erase::{erase, live};
use crate::live::list::Part;
use crate::live::{Current, Wanted};
use crate::route::Route;

mod outlet;

use outlet::{Target, outlet};

/// What the address asks of the sidebar.
#[derive(Clone, Debug, Default, PartialEq)]
struct Beside {
    /// The conversation beside it; without one there is no sidebar.
    worker_id: Option<WorkerId>,
    list: Option<String>,
    archived: bool,
}

/// `/`, and `/c/{worker_id}` with `?before=` for earlier messages, `?list=` for older
/// conversations, `?place=archived` for the archive, `?at=` for another branch, `?edit=` for
/// another version of a message, and `?m=` for a message wherever it is. `?deleted=` offers to
/// bring a conversation back.
#[component]
pub fn ConsolePage() -> impl IntoView {
    let (path, query) = (use_location().pathname, use_query_map());
    let target = Memo::new(move |_| Target {
        route: Route::of(&path.read()),
        before: query.read().get("before").and_then(|position| position.parse().ok()),
        deleted: query.read().get("deleted").and_then(|id| id.parse().ok()),
        wanted: Wanted {
            at: query.read().get("at").and_then(|id| id.parse().ok()),
            edit: query.read().get("edit").and_then(|id| id.parse().ok()),
            found: query.read().get("m").and_then(|id| id.parse().ok()),
        },
    });
    let beside = Memo::new(move |before: Option<&Beside>| match Route::of(&path.read()) {
        Route::Conversation(id) => Beside {
            worker_id: id.parse().ok(),
            list: query.read().get("list"),
            archived: query.read().get("place").as_deref() == Some("archived"),
        },
        // The front door leads on at once; the sidebar stays for the conversation that follows.
        Route::Home => before.cloned().unwrap_or_default(),
        Route::Missing => Beside::default(),
    });
    let worker_id = Memo::new(move |_| beside.read().worker_id);
    let part = Memo::new(move |_| {
        let beside = beside.read();
        Part { archived: beside.archived, older: beside.list.is_some() }
    });
    // Not the conversation itself: the list is the same beside each.
    let wanted = Memo::new(move |_| {
        let Beside { worker_id, list, archived } = beside.get();
        worker_id.map(|_| (list, archived))
    });
    provide_context(Overlay::default());
    provide_context(Current::new(worker_id));
    let answer = outlet::answer(target);
    let sidebar: SidebarResource = Resource::new_with_options(
        move || wanted.get(),
        move |wanted| {
            let worker_id = worker_id.get_untracked();
            async move {
                let (worker_id, (list, archived)) = worker_id.zip(wanted)?;
                Some(api::sidebar(worker_id, list, archived).await)
            }
        },
        true,
    );
    #[cfg(feature = "browser")]
    complete_navigations(path);
    let stands = Memo::new(move |_| worker_id.get().is_some());
    live(move || {
        let outlet = outlet(answer, target);
        if !stands.get() {
            return outlet;
        }
        let sidebar = erase(view! { <Sidebar data=sidebar part /> });
        erase(view! { <Layout sidebar outlet /> })
    })
}

/// Tells the router to put the new address into the browser's bar, once its page begins.
#[cfg(feature = "browser")]
fn complete_navigations(path: Memo<String>) {
    use leptos_router::location::{BrowserUrl, LocationProvider};
    let address = expect_context::<BrowserUrl>();
    effect(move || {
        path.track();
        address.ready_to_complete();
    });
}
