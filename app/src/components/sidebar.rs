//! The conversations, and what answers in them.

use std::sync::Arc;

use leptos::prelude::*;

use super::layout::SIDEBAR;
use super::palette::OpenPalette;
use super::problem::Problem;
use super::provider_note::ProviderNote;
use super::search_box::SearchBox;
use super::{ErrorNote, NewConversation};
#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::erase::{Erased, attr, erase, live, words};
use crate::live::list::{Beginning, Part};
use crate::live::{Current, List};
use crate::text::{self, tr};
use crate::wire::Wire;
use crate::{AppError, SidebarData};

mod entry;
mod entry_menu;
mod entry_title;
mod groups;
mod menu;
mod older;
#[cfg(feature = "browser")]
mod refocus;

use entry_menu::EntryMenu;
use groups::Groups;
use older::Older;

/// What the sidebar begins with; none while no conversation is to be shown.
pub type SidebarResource = Resource<Option<Result<SidebarData, AppError>>, Wire>;

/// The column beside the conversation; on a narrow screen it opens over it. It stays while one
/// conversation follows another.
#[component]
pub fn Sidebar(
    /// What it begins with, and anew with each other part of the list.
    data: SidebarResource,
    /// The part of the list that the data is of.
    part: Memo<Part>,
) -> impl IntoView {
    let (list, current) = (expect_context::<List>(), expect_context::<Current>());
    provide_context(menu::Menu::default());
    // The list's own: a conversation has another one in its context.
    let problem = Problem::default();
    provide_context(problem.clone());
    #[cfg(feature = "browser")]
    see(list.clone(), current.clone());
    let conversations = loaded(data, move |data| match data {
        Ok(SidebarData { workers, now, .. }) => {
            list.begin(Beginning { page: workers, part: part.get_untracked(), now });
            erase(view! {
                <Groups />
                <Older />
            })
        }
        Err(AppError(error)) => erase(view! { <ErrorNote error /> }),
    });
    let provider = loaded(data, move |data| {
        if let (Ok(data), None) = (data, current.provider.get_untracked()) {
            current.set_provider(data.provider);
        }
        let provider = current.provider.clone();
        erase(live(move || {
            provider.get().map(|provider| erase(view! { <ProviderNote provider /> }))
        }))
    });
    view! {
        <nav class="sidebar" id=SIDEBAR popover="auto" aria-label=tr!(conversations)>
            <p class="wordmark">{text::PRODUCT}</p>
            <div class="sidebar-begin">
                <NewConversation />
                <OpenPalette />
            </div>
            {erase(view! { <SearchBox /> })}
            <div role="alert">{live(move || problem.note())}</div>
            {conversations}
            <Archive part />
            {erase(view! { <EntryMenu /> })}
            {provider}
            // Pages of their own, which the router of this one does not know.
            <p class="sidebar-links">
                <a class="quiet" href="/settings" rel="external">{tr!(settings)}</a>
                <a class="quiet" href="/data" rel="external">{tr!(data)}</a>
            </p>
        </nav>
    }
}

type Show = dyn Fn(Result<SidebarData, AppError>) -> Erased + Send + Sync;

/// What is made of the data, again whenever it is loaded anew. The old view stays meanwhile.
fn loaded(
    data: SidebarResource,
    show: impl Fn(Result<SidebarData, AppError>) -> Erased + Send + Sync + 'static,
) -> Erased {
    let show: Arc<Show> = Arc::new(show);
    erase(view! {
        <Transition fallback=|| ()>
            {move || {
                let show = show.clone();
                Suspend::new(async move { data.await.map_or_else(|| erase(()), |data| show(data)) })
            }}
        </Transition>
    })
}

/// Notes that what somebody looks at is seen, as far as it has come.
#[cfg(feature = "browser")]
fn see(list: List, current: Current) {
    effect(move || {
        let Some(conversation) = current.conversation() else { return };
        let at = conversation.worker.read().updated_at;
        if list.looking.get() && list.seen.read().is_some() {
            list.saw(conversation.worker_id, at);
        }
    });
}

/// The way to the archive, or back from it.
#[component]
fn Archive(part: Memo<Part>) -> impl IntoView {
    let current = expect_context::<Current>().worker_id;
    let href = move || {
        let query = if part.get().archived { "" } else { "?place=archived" };
        current.get().map(|current| format!("/c/{current}{query}"))
    };
    let leads = move || if part.get().archived { tr!(archive_leave) } else { tr!(archive_enter) };
    view! {
        <a class="quiet older" href=attr(href)>
            {words(leads)}
        </a>
    }
}
