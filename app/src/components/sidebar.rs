//! The conversations, and what answers in them.

use leptos::prelude::*;
use protocol::api::ProviderStatus;

use super::NewConversation;
use super::palette::OpenPalette;
use super::problem::Problem;
use super::provider_note::ProviderNote;
use super::search_box::SearchBox;
use crate::erase::{attr, erase, live, words};
use crate::live::list::Beginning;
use crate::live::{Conversation, List};
use crate::text::{self, tr};

mod entry;
mod entry_menu;
mod entry_title;
mod groups;
#[cfg(feature = "browser")]
mod keep;
mod older;

use entry_menu::EntryMenu;
use groups::Groups;
use older::Older;

/// The newest error of the list. A context is looked up by its type and is also seen by components
/// that are created later, so the list's must not have the type of the conversation's, [`Problem`].
#[derive(Clone)]
struct ListProblem(Problem);

/// The column beside the conversation; on a narrow screen it opens over it.
#[component]
pub fn Sidebar(
    /// A page of the list.
    beginning: Beginning,
    /// What answers.
    provider: ProviderStatus,
) -> impl IntoView {
    let list = expect_context::<List>();
    list.begin(beginning);
    provide_context(entry_menu::Menu::default());
    let problem = Problem::default();
    provide_context(ListProblem(problem.clone()));
    #[cfg(feature = "browser")]
    keep::keep(&list, &expect_context());
    view! {
        <nav class="sidebar" id="sidebar" popover="auto" aria-label=tr!(conversations)>
            <p class="wordmark">{text::PRODUCT}</p>
            <div class="sidebar-begin">
                <NewConversation />
                <OpenPalette />
            </div>
            {erase(view! { <SearchBox /> })}
            <div role="alert">{live(move || problem.note())}</div>
            {erase(view! { <Groups /> })}
            {erase(view! { <Older /> })}
            <Archive />
            {erase(view! { <EntryMenu /> })}
            <ProviderNote provider />
            // Pages of their own, which the router of this one does not know.
            <p class="sidebar-links">
                <a class="quiet" href="/settings" rel="external">{tr!(settings)}</a>
                <a class="quiet" href="/data" rel="external">{tr!(data)}</a>
            </p>
        </nav>
    }
}

/// The way to the archive, or back from it.
#[component]
fn Archive() -> impl IntoView {
    let (list, current) = (expect_context::<List>(), expect_context::<Conversation>().worker_id);
    let part = list.part;
    let archived = part.clone();
    let href = move || {
        let query = if part.get().archived { "" } else { "?place=archived" };
        format!("/c/{current}{query}")
    };
    let leads =
        move || if archived.get().archived { tr!(archive_leave) } else { tr!(archive_enter) };
    view! {
        <a class="quiet older" href=attr(move || Some(href()))>
            {words(leads)}
        </a>
    }
}
