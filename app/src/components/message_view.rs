//! One message of the transcript.

use leptos::prelude::*;
use protocol::Role;

use super::answer_text::AnswerText;
use super::message_actions::MessageActions;
use super::moment::Moment;
use super::reasoning::Reasoning;
use super::turn_line::TurnLine;
use crate::display::{displayed, is_long};
use crate::erase::erase;
use crate::live::{Conversation, Entry};
use crate::route::message_page;
use crate::text::{self, tr};

/// A user's message as it was typed, or an answer as rendered HTML.
#[component]
pub fn MessageView(
    /// The message.
    entry: Entry,
) -> impl IntoView {
    let Entry { id, role, created_at, text, reasoning, turn, .. } = entry.clone();
    let conversation = expect_context::<Conversation>();
    let worker_id = conversation.worker_id;
    let (name, label) = match role {
        Role::User => ("user", tr!(you)),
        Role::Assistant => ("assistant", text::PRODUCT),
    };
    let found = (conversation.found == Some(id)).then_some("");
    // A script marks the next one (see `editing`).
    let edited = (conversation.editing.get_untracked() == Some(id)).then_some("");
    // And so it does for messages that are not sent (see `omitted`).
    let omitted = conversation.omits(id).then(|| super::omitted::note(&entry));
    let link = message_page(worker_id, id);
    // An answer shows its time among the details of its turn.
    let asked_at = turn.is_none().then(|| {
        view! {
            <p class="asked">
                <a class="permalink" href=link.clone() title=tr!(message_link)>
                    <Moment at=created_at />
                </a>
            </p>
        }
    });
    let actions = erase(view! { <MessageActions entry=entry.clone() link=link.clone() /> });
    let is_long = role == Role::User && is_long(&text.read_untracked());
    let written = match role {
        Role::User => erase(view! {
            <div class="message-text" dir="auto">
                {displayed(&text.read_untracked()).into_owned()}
            </div>
            {is_long
                .then(|| {
                    view! {
                        <button
                            class="action needs-script unfold"
                            type="button"
                            data-do="unfold"
                            aria-expanded="false"
                        >
                            {tr!(show_all)}
                        </button>
                    }
                })}
        }),
        Role::Assistant => erase(view! {
            <Reasoning entry=entry.clone() />
            <AnswerText entry />
        }),
    };
    view! {
        <article
            class="message"
            id=format!("m-{id}")
            tabindex="-1"
            data-role=name
            data-found=found
            data-edited=edited
            data-omitted=omitted
            data-long=is_long.then_some("")
            aria-label=label
        >
            <h2 class="visually-hidden">{label}</h2>
            {written}
            {asked_at}
            {turn.map(|turn| view! { <TurnLine turn text=text.clone() reasoning /> })}
            {actions}
        </article>
    }
}
