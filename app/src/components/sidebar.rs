//! The sidebar: the list of conversations, and the provider in use.

use leptos::prelude::*;

use super::NewConversation;
use super::layout::SIDEBAR;
use super::palette::OpenPalette;
use super::problem::Problem;
use crate::LoginStatus;
use crate::base_path::at;
#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::erase::{Erased, attr, erase, live, words};
use crate::live::Current;
#[cfg(feature = "browser")]
use crate::live::List;
use crate::text::{self, tr};

mod archived_note;
mod entry;
mod entry_menu;
mod entry_title;
mod find_in_list;
mod groups;
mod hide_list;
mod menu;
mod older;
#[cfg(feature = "browser")]
mod refocus;

use archived_note::ArchivedNote;
use entry_menu::EntryMenu;
use find_in_list::FindInList;
use groups::Groups;
#[cfg(feature = "ssr")]
pub use groups::day_name;
use hide_list::HideList;
use older::Older;

/// The column beside the conversation; on a narrow screen it opens over it. It stays while the
/// reader moves from one conversation to another.
#[component]
pub fn Sidebar(
    /// The conversations, once they are loaded.
    conversations: Erased,
    /// The provider in use, once that is loaded.
    provider: Erased,
    /// Who is logged in, once that is loaded.
    login: Erased,
    /// Whether the address asks for the archive.
    archived: Memo<bool>,
) -> impl IntoView {
    // The content of the two slots is built later and sees these contexts, too.
    provide_context(menu::Menu::default());
    // The list's own error; a conversation has another `Problem` in its context.
    let problem = Problem::default();
    provide_context(problem.clone());
    #[cfg(feature = "browser")]
    see(expect_context(), expect_context());
    view! {
        <nav class="sidebar" id=SIDEBAR popover="auto" aria-label=tr!(conversations)>
            <div class="sidebar-head">
                <p class="wordmark">{text::PRODUCT}</p>
                <HideList />
            </div>
            <div class="sidebar-begin">
                <NewConversation />
                <OpenPalette />
            </div>
            {erase(view! { <FindInList /> })}
            <div role="alert">{live(move || problem.note())}</div>
            <ArchivedNote />
            {conversations}
            <Archive archived />
            {erase(view! { <EntryMenu /> })}
            {provider}
            // Only the server renders these pages, so the router does not handle the links.
            <p class="sidebar-links">
                <a class="quiet" href=at("/settings") rel="external">
                    {tr!(settings)}
                </a>
                <a class="quiet" href=at("/data") rel="external">
                    {tr!(data)}
                </a>
            </p>
            {login}
        </nav>
    }
}

/// The list, with a link to conversations that were used longer ago.
#[component]
pub fn Conversations() -> impl IntoView {
    view! {
        {erase(view! { <Groups /> })}
        {erase(view! { <Older /> })}
    }
}

/// Who is logged in, with the ways to the account's page and out. The browser leaves the page by
/// each of them.
pub fn login_line(login: LoginStatus) -> Erased {
    let LoginStatus { name, owner, session } = login;
    let accounts = owner.then(|| {
        view! {
            <a class="quiet" href=at("/accounts") rel="external">
                {tr!(accounts)}
            </a>
        }
    });
    let log_out = session.then(|| {
        view! {
            <form method="post" action=at("/logout")>
                <button class="quiet" type="submit">
                    {tr!(log_out)}
                </button>
            </form>
        }
    });
    let label = [tr!(account), ": ", &name].concat();
    erase(view! {
        <div class="sidebar-links">
            <a class="quiet" href=at("/account") rel="external" aria-label=label>
                {name}
            </a>
            {accounts}
            {log_out}
        </div>
    })
}

/// Marks the shown conversation as seen while the page is visible.
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

/// A link to the archive, or back from it.
#[component]
fn Archive(archived: Memo<bool>) -> impl IntoView {
    let current = expect_context::<Current>().worker_id;
    let href = move || {
        let query = if archived.get() { "" } else { "?place=archived" };
        current.get().map(|current| at(&format!("/c/{current}{query}")))
    };
    let leads = move || if archived.get() { tr!(archive_leave) } else { tr!(archive_enter) };
    view! {
        <a class="quiet older" href=attr(href)>
            {words(leads)}
        </a>
    }
}
