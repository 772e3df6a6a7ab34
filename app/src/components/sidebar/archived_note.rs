//! A note about the conversation that was just archived, with a button that takes it back.

use std::time::Duration;

use leptos::prelude::*;
use protocol::{Visibility, Worker};

use crate::components::entry_actions::set_place;
use crate::components::problem::Problem;
use crate::erase::{effect, erase, live};
use crate::label;
use crate::live::List;
use crate::text::tr;

/// How long the note is shown.
const SHOWN: Duration = Duration::from_secs(10);

/// The note. Empty most of the time, so that assistive technology announces it when it is filled.
#[component]
pub fn ArchivedNote() -> impl IntoView {
    let (list, problem) = (expect_context::<List>(), expect_context::<Problem>());
    let archived = list.archived.clone();
    effect(move || {
        let Some(shown) = archived.get() else { return };
        let archived = archived.clone();
        let end = move || {
            if archived.get_untracked().is_some_and(|now| now.worker_id == shown.worker_id) {
                archived.set(None);
            }
        };
        set_timeout(end, SHOWN);
    });
    view! {
        <div role="status">
            {live(move || {
                let before = list.archived.get()?;
                let title = label::of(&before).to_owned();
                let (list, problem) = (list.clone(), problem.clone());
                let undo = move |_| {
                    let now = Worker {
                        place: Visibility::Archived,
                        ..before.clone()
                    };
                    set_place(list.clone(), problem.clone(), now, before.place);
                };
                Some(
                    erase(
                        view! {
                            <div class="note archived-note" data-kind="done">
                                <p>{tr!(archived_one, title = title)}</p>
                                <button class="button" type="button" on:click=undo>
                                    {tr!(undo)}
                                </button>
                            </div>
                        },
                    ),
                )
            })}
        </div>
    }
}
