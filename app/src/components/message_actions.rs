//! What can be done with one message: see its other versions, edit it, have it answered again.

use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::api::AskAgain;
use protocol::{MessageId, Role, TurnId, WorkerId};

use super::console_view::{FormId, Problem};
use crate::erase::{Erased, erase};
use crate::live::{Conversation, Entry, Link};
use crate::{
    AppError, api,
    text::{self, tr},
};

/// The row below a message. Links and a form, which work without a script too.
#[component]
pub fn MessageActions(
    /// The message.
    entry: Entry,
) -> impl IntoView {
    let Entry { id, role, turn, siblings, .. } = entry;
    let conversation = expect_context::<Conversation>();
    let worker_id = conversation.worker_id;
    let stage = conversation.stage.clone();
    let asked = turn.map(|turn| turn.read_untracked().question);
    let versions = move || {
        let siblings = siblings.get();
        (siblings.count > 1).then(|| {
            view! {
                <span class="versions">
                    {step(worker_id, siblings.before, tr!(version_before), "‹")}
                    <span>{text::version(siblings.number, siblings.count)}</span>
                    {step(worker_id, siblings.after, tr!(version_after), "›")}
                </span>
            }
        })
    };
    // Nothing can be asked while an answer is written.
    let action = move || {
        stage.read().is_none().then(|| match (role, asked) {
            (Role::User, _) => edit(worker_id, id),
            (Role::Assistant, Some(question)) => erase(view! { <Again worker_id question /> }),
            (Role::Assistant, None) => erase(()),
        })
    };
    view! {
        <div class="message-actions">
            {versions}
            {action}
        </div>
    }
}

/// The way to another version, or the place where there is none.
fn step(
    worker_id: WorkerId,
    to: Option<MessageId>,
    label: &'static str,
    sign: &'static str,
) -> Erased {
    let Some(id) = to else {
        return erase(view! { <span class="step" aria-hidden="true">{sign}</span> });
    };
    let conversation = expect_context::<Conversation>();
    let choose = move |event: MouseEvent| {
        event.prevent_default();
        conversation.choose(id);
        focus_soon(format!("m-{id}"));
        if conversation.lacks_html() {
            let conversation = conversation.clone();
            spawn_local(async move {
                if let Ok(snapshot) = api::snapshot(conversation.worker_id, None).await {
                    conversation.fill(snapshot);
                }
            });
        }
    };
    erase(view! {
        <a class="step" href=format!("/c/{worker_id}?at={id}") aria-label=label on:click=choose>
            {sign}
        </a>
    })
}

fn edit(worker_id: WorkerId, id: MessageId) -> Erased {
    let editing = expect_context::<Conversation>().editing;
    let begin = move |event: MouseEvent| {
        event.prevent_default();
        editing.set(Some(id));
    };
    erase(view! {
        <a class="action" href=format!("/c/{worker_id}?edit={id}") on:click=begin>
            {tr!(edit)}
        </a>
    })
}

#[component]
fn Again(worker_id: WorkerId, question: MessageId) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let problem = expect_context::<Problem>();
    let form_id = expect_context::<FormId>().0;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (conversation, problem) = (conversation.clone(), problem.clone());
        problem.clear();
        spawn_local(async move {
            let Some(id) = new_turn_id() else { return };
            match api::ask_again(worker_id, AskAgain { id, question, continues: None }).await {
                Ok(()) => {
                    conversation.choose_newest();
                    focus_soon("composer".to_owned());
                    catch_up(&conversation).await;
                }
                Err(AppError(error)) => problem.show(error, None),
            }
        });
    };
    view! {
        <form method="post" action=format!("/c/{worker_id}") on:submit=submit>
            <input type="hidden" name="do" value="again" />
            <input type="hidden" name="id" value=form_id.to_string() />
            <input type="hidden" name="question" value=question.to_string() />
            <button class="action" type="submit">
                {tr!(again)}
            </button>
        </form>
    }
}

/// What had the focus goes away: gives it to the element of an id once the page has changed.
pub fn focus_soon(id: String) {
    #[cfg(feature = "browser")]
    request_animation_frame(move || {
        use wasm_bindgen::JsCast;
        if let Some(element) = document().get_element_by_id(&id) {
            let _ = element.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    });
    #[cfg(not(feature = "browser"))]
    drop(id);
}

/// Where no connection brings the events, the page asks for them.
pub async fn catch_up(conversation: &Conversation) {
    if conversation.link.get_untracked() != Link::Live
        && let Ok(snapshot) = api::snapshot(conversation.worker_id, None).await
    {
        conversation.catch_up(snapshot);
    }
}

fn new_turn_id() -> Option<TurnId> {
    #[cfg(feature = "browser")]
    return TurnId::from_slice(crate::live::new_message_id().as_bytes()).ok();
    #[cfg(not(feature = "browser"))]
    None
}
