//! Actions on a conversation, shared by the list's menu and the palette.

use leptos::prelude::{ReadUntracked as _, Set as _};
use leptos::task::spawn_local;
use protocol::{Visibility, Worker, WorkerId};

use super::problem::Problem;
use crate::live::List;
use crate::{AppError, api};

/// Moves a conversation to another part of the list at once; moves it back if the server refuses. An
/// archived one disappears from the list, so that is offered to be undone.
pub fn set_place(list: List, problem: Problem, before: Worker, to: Visibility) {
    problem.clear();
    list.archived.set((to == Visibility::Archived).then(|| before.clone()));
    list.put(Worker { place: to, ..before.clone() });
    spawn_local(async move {
        if let Err(AppError(error)) = api::place(before.worker_id, to).await {
            list.archived.set(None);
            list.put(before);
            problem.show(error);
        }
    });
}

/// Deletes a conversation. `shown` is the conversation on the page, which may be the same one. `go`
/// navigates to the page that offers to restore it.
pub fn remove(
    list: List,
    problem: Problem,
    id: WorkerId,
    shown: Option<WorkerId>,
    go: impl Fn(&str) + 'static,
) {
    problem.clear();
    spawn_local(async move {
        match api::delete(id).await {
            Ok(()) => {
                list.remove(id);
                // Only one thing is offered to be undone at a time.
                list.archived.set(None);
                let archived = list.part.read_untracked().archived;
                go(&match shown.filter(|shown| *shown != id) {
                    Some(shown) if archived => format!("/c/{shown}?place=archived&deleted={id}"),
                    Some(shown) => format!("/c/{shown}?deleted={id}"),
                    None => format!("/?deleted={id}"),
                });
            }
            Err(AppError(error)) => problem.show(error),
        }
    });
}
