//! Sample questions for a new conversation.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::td_string;
use protocol::api::SendMessage;

use super::form_id::FormId;
use super::message_actions::catch_up;
use super::problem::Problem;
use crate::live::{Conversation, PendingRequest};
use crate::locale::locale;
use crate::reader;
use crate::route::conversation_page;
use crate::text::{Locale, tr};
use crate::{AppError, api};

/// Plain forms of one button, each of which sends its question.
#[component]
pub fn Samples(
    /// Whether the bundled small model answers, which knows only English.
    bundled: bool,
) -> impl IntoView {
    let language = if bundled { Locale::en } else { locale() };
    let questions = [
        td_string!(language, sample_fact),
        td_string!(language, sample_explain),
        td_string!(language, sample_write),
        td_string!(language, sample_list),
    ];
    let english = (language != locale()).then_some("en");
    let samples = questions.map(|question| view! { <Sample question english /> });
    view! {
        <ul class="samples" aria-label=tr!(samples)>
            {samples.into_iter().collect_view()}
        </ul>
    }
}

#[component]
fn Sample(question: &'static str, english: Option<&'static str>) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let problem = expect_context::<Problem>();
    let worker_id = conversation.worker_id;
    let form_id = expect_context::<FormId>().0;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if conversation.pending.get_untracked() != PendingRequest::None {
            return;
        }
        conversation.pending.set(PendingRequest::Sending);
        problem.clear();
        let (conversation, problem) = (conversation.clone(), problem.clone());
        spawn_local(async move {
            let text = question.to_owned();
            let utc_offset = reader::utc_offset();
            let message = SendMessage { utc_offset, ..SendMessage::new(form_id, text) };
            match api::send(worker_id, message, None).await {
                Ok(()) => catch_up(&conversation).await,
                Err(AppError(error)) => problem.show(error),
            }
            conversation.pending.set(PendingRequest::None);
        });
    };
    view! {
        <li>
            <form method="post" action=conversation_page(worker_id) on:submit=submit>
                <input type="hidden" name="do" value="send" />
                <input type="hidden" name="id" value=form_id.to_string() />
                <input type="hidden" name="text" value=question />
                <button class="sample" type="submit" lang=english>
                    {question}
                </button>
            </form>
        </li>
    }
}
