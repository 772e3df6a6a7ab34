//! What answers in a conversation, and the way to change it.

use leptos::prelude::*;

use crate::erase::words;
use crate::live::Conversation;
use crate::route::profile_page;
use crate::text::{self, tr};

/// The titles of the profiles, in the page's language, and the model of the page's worker.
#[derive(Clone)]
pub struct Choices {
    pub titles: Vec<(String, String)>,
    pub model: Option<String>,
}

/// A link: the profile, the model, and how hard it is to think where that was chosen. What it leads to is a page of its own, which the router
/// of this one does not know.
#[component]
pub fn AnswersHere() -> impl IntoView {
    let Conversation { worker_id, worker, .. } = expect_context();
    let Choices { titles, model } = expect_context();
    let chosen = move || {
        let worker = worker.read();
        let name = worker.profile.as_str();
        let title = titles.iter().find(|(known, _)| known == name);
        let title = title.map_or(name, |(_, title)| title).to_owned();
        let model = worker.model.as_ref().or(model.as_ref()).cloned();
        let effort = worker.effort.as_ref().map(text::thinks);
        let parts = [Some(title), model, effort].into_iter().flatten();
        parts.collect::<Vec<_>>().join(" · ")
    };
    view! {
        <a
            class="answers-here"
            href=profile_page(worker_id)
            rel="external"
            title=tr!(profile_and_model)
        >
            {words(chosen)}
        </a>
    }
}
