//! One entry of the list of conversations.

use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::prelude::*;
use protocol::{Worker, WorkerStatus};

use super::entry_title::EntryTitle;
use super::menu::Menu;
use crate::base_path::at;
use crate::components::icon::{Drawing, Icon};
use crate::components::moment;
use crate::erase::{Erased, attr, erase, live, words};
use crate::live::list::Item;
use crate::live::{Current, List};
use crate::{label, text::tr};

/// A link to the conversation, with its marks and its menu.
#[component]
pub fn Entry(
    /// The conversation.
    item: Item,
) -> impl IntoView {
    let list = expect_context::<List>();
    let (id, renaming) = (item.id, list.renaming.clone());
    let marked = Marks::of(&item);
    let (running, unread, unreadable) = (marked.clone(), marked.clone(), marked.clone());
    view! {
        <li
            class="entry"
            data-running=attr(move || running.running().then_some(""))
            data-unread=attr(move || unread.unread().then_some(""))
            data-unreadable=attr(move || unreadable.unreadable().then_some(""))
        >
            {live(move || {
                if renaming.get() == Some(id) {
                    let item = item.clone();
                    erase(view! { <EntryTitle item /> })
                } else {
                    closed(&item, &marked)
                }
            })}
        </li>
    }
}

/// The entry while its title is not being edited.
fn closed(item: &Item, marks: &Marks) -> Erased {
    let list = expect_context::<List>();
    let (id, worker) = (item.id, item.worker.clone());
    // An entry of the archive leads to a page that shows the archive in its sidebar, too.
    let query = if list.part.read_untracked().archived { "?place=archived" } else { "" };
    let current = expect_context::<Current>().worker_id;
    let named = worker.clone();
    let title = move || label::of(&named.read()).to_owned();
    let marks = marks.clone();
    let dated = worker.clone();
    let href = at(&format!("/c/{id}{query}"));
    erase(view! {
        <a
            class="conversation"
            id=format!("c-{id}")
            href=href
            aria-current=attr(move || (current.get() == Some(id)).then_some("page"))
        >
            <span class="conversation-title">{words(title.clone())}</span>
            <span class="visually-hidden">{words(move || marks.words())}</span>
            <time class="moment" datetime=attr(move || moment::machine(dated.read().updated_at))>
                {words(move || moment::shown(worker.read().updated_at, list.local.get()))}
            </time>
        </a>
        <MenuButton id title />
    })
}

/// Opens the entry's menu. Without a script it is a link to the conversation's own menu.
#[component]
fn MenuButton(
    id: protocol::WorkerId,
    title: impl Fn() -> String + Send + Sync + 'static,
) -> impl IntoView {
    let menu = expect_context::<Menu>();
    let (open, scripted) = (menu.of.clone(), expect_context::<List>().local);
    let is_button = scripted.clone();
    let press = {
        let menu = menu.clone();
        move |event: MouseEvent| {
            event.prevent_default();
            menu.open(id);
        }
    };
    // A button reacts to these keys, a link does not.
    let keydown = move |event: KeyboardEvent| {
        if event.key() == " " || event.key() == "ArrowDown" {
            event.prevent_default();
            menu.open(id);
        }
    };
    view! {
        <a
            class="icon-button entry-more"
            id=format!("m-of-{id}")
            href=at(&format!("/c/{id}#manage"))
            role=attr(move || is_button.get().then_some("button"))
            aria-haspopup=attr(move || scripted.get().then_some("menu"))
            aria-expanded=attr(move || (open.get() == Some(id)).then_some("true"))
            aria-label=attr(move || Some(tr!(entry_menu, title = title())))
            on:click=press
            on:keydown=keydown
        >
            <Drawing icon=Icon::Dots />
        </a>
    }
}

/// The state that an entry shows besides its title.
#[derive(Clone)]
struct Marks {
    list: List,
    item: Item,
    current: Current,
}

impl Marks {
    fn of(item: &Item) -> Self {
        Self { list: expect_context(), item: item.clone(), current: expect_context() }
    }

    fn running(&self) -> bool {
        self.worker().read().status == WorkerStatus::Generating
    }

    fn unreadable(&self) -> bool {
        self.worker().read().unreadable
    }

    fn unread(&self) -> bool {
        // The conversation on a visible page is never unread, whichever of the two streams is
        // first.
        let shown = self.current.conversation_of(self.item.id).is_some();
        let looked_at = shown && self.list.looking.get();
        !looked_at && self.list.is_unread(&self.item.worker.read())
    }

    /// The worker as the open conversation has it, because that is ahead of the list.
    fn worker(&self) -> ArcRwSignal<Worker> {
        let shown = self.current.conversation_of(self.item.id);
        shown.map_or_else(|| self.item.worker.clone(), |shown| shown.worker)
    }

    fn words(&self) -> &'static str {
        if self.unreadable() {
            tr!(mark_unreadable)
        } else if self.running() {
            tr!(mark_running)
        } else if self.unread() {
            tr!(mark_unread)
        } else {
            ""
        }
    }
}
