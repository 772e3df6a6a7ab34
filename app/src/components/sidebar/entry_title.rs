//! Edits a conversation's title in the list.

use leptos::ev::{FocusEvent, KeyboardEvent, SubmitEvent};
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::WorkerId;

use crate::components::focus::focus_soon;
use crate::components::problem::Problem;
use crate::erase::effect;
use crate::live::List;
use crate::live::list::Item;
use crate::{AppError, api, label, text::tr};

/// A field in the place of the entry. Enter or leaving the field saves the title; Escape does not.
#[component]
pub fn EntryTitle(
    /// The conversation.
    item: Item,
) -> impl IntoView {
    let field = NodeRef::<Input>::new();
    let title = item.worker.read_untracked().title.clone().unwrap_or_default();
    let done = Done { list: expect_context(), problem: expect_context(), item, field };
    effect(move || {
        if let Some(field) = field.get() {
            let _ = field.focus();
            field.select();
        }
    });
    let (submitted, left) = (done.clone(), done.clone());
    let keydown = move |event: KeyboardEvent| {
        // Escape during a composition belongs to the input method.
        if event.key() == "Escape" && !event.is_composing() {
            // On a narrow screen the list is a popover, which Escape must not close.
            event.prevent_default();
            event.stop_propagation();
            done.end();
        }
    };
    view! {
        <form
            class="entry-title"
            on:submit=move |event: SubmitEvent| {
                event.prevent_default();
                submitted.save();
            }
        >
            <input
                type="text"
                node_ref=field
                value=title
                maxlength=protocol::limits::TITLE_CHARS.to_string()
                aria-label=tr!(title)
                autocomplete="off"
                on:keydown=keydown
                on:blur=move |_: FocusEvent| left.save()
            />
        </form>
    }
}

#[derive(Clone)]
struct Done {
    list: List,
    problem: Problem,
    item: Item,
    field: NodeRef<Input>,
}

impl Done {
    /// Removes the field and focuses the entry.
    fn end(&self) {
        if self.list.renaming.get_untracked() == Some(self.item.id) {
            self.list.renaming.set(None);
            self.list.arrange();
            focus_soon(link_of(self.item.id));
        }
    }

    fn save(&self) {
        let typed = self.field.try_get_untracked().flatten().map(|field| field.value());
        let (Some(typed), true) = (typed, self.list.renaming.get_untracked() == Some(self.item.id))
        else {
            return;
        };
        let title = label::title(Some(&typed)).map(str::to_owned);
        let (id, before) = (self.item.id, self.item.worker.get_untracked());
        self.end();
        if title == before.title {
            return;
        }
        self.problem.clear();
        // Show the new title at once; the server's event confirms it.
        self.item.worker.update(|worker| worker.title.clone_from(&title));
        let (item, problem) = (self.item.clone(), self.problem.clone());
        spawn_local(async move {
            if let Err(AppError(error)) = api::rename(id, title).await {
                item.worker.update(|worker| worker.title = before.title);
                problem.show(error);
            }
        });
    }
}

/// The id of an entry's link.
pub fn link_of(id: WorkerId) -> String {
    format!("c-{id}")
}
