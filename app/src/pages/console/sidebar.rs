//! The sidebar, built from the server's answer.

use leptos::prelude::*;

use super::answer::{Answer, AnswerResource, Beside, awaited};
use crate::components::{Conversations, ErrorNote, ProviderNote, Sidebar, login_line};
use crate::erase::{Erased, erase, live};
use crate::live::list::{Beginning, Part};
use crate::live::{Current, List};
use crate::{AppError, SidebarData};

/// The sidebar beside the outlet.
pub(super) fn sidebar(answer: AnswerResource, beside: Memo<Beside>) -> Erased {
    let (list, current) = (expect_context::<List>(), expect_context::<Current>());
    let conversations = awaited(answer, nothing, move |answer| match answer {
        Answer::Sidebar(data) => {
            let SidebarData { workers, now, .. } = *data;
            let part = beside.with_untracked(part);
            list.begin(Beginning { page: workers, part, now });
            erase(view! { <Conversations /> })
        }
        Answer::Error { error: AppError(error), .. } => erase(view! { <ErrorNote error /> }),
        _ => nothing(),
    });
    let provider = awaited(answer, nothing, move |answer| {
        // A conversation that is shown has set its own provider already.
        if let (Answer::Sidebar(data), None) = (answer, current.provider.get_untracked()) {
            current.set_provider(data.provider);
        }
        let provider = current.provider.clone();
        erase(live(move || {
            provider.get().map(|provider| erase(view! { <ProviderNote provider /> }))
        }))
    });
    let login = awaited(answer, nothing, |answer| match answer {
        Answer::Sidebar(data) => data.login.map_or_else(nothing, login_line),
        _ => nothing(),
    });
    let archived = Memo::new(move |_| beside.read().archived);
    erase(view! { <Sidebar conversations provider login archived /> })
}

fn part(beside: &Beside) -> Part {
    Part { archived: beside.archived, older: beside.list.is_some() }
}

/// An invisible view. It has a node, which [`Erased`] requires.
fn nothing() -> Erased {
    erase(None::<&'static str>)
}
