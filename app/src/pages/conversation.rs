//! One conversation.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use protocol::{Error, ErrorCode, WorkerId};

use crate::components::{ConsoleView, ErrorNote, NewConversation, Plain};
use crate::erase::erase;
use crate::wire::Wire;
use crate::{AppError, Console, api, text};

/// What the address asks for.
#[derive(Clone, Debug, PartialEq)]
struct Target {
    worker: Option<WorkerId>,
    before: Option<u64>,
    list: Option<String>,
}

/// `/c/{worker_id}`, with `?before=` for earlier messages and `?list=` for older
/// conversations.
#[component]
pub fn ConversationPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let target = Memo::new(move |_| Target {
        worker: params.read().get("worker_id").and_then(|id| id.parse().ok()),
        before: query.read().get("before").and_then(|position| position.parse().ok()),
        list: query.read().get("list"),
    });
    let console: Resource<_, Wire> = Resource::new_with_options(move || target.get(), load, true);
    erase(view! {
        <Transition fallback=|| {
            view! { <p class="loading">{text::LOADING}</p> }
        }>
            {move || Suspend::new(async move {
                match console.await {
                    Ok(console) => shown(console),
                    Err(AppError(error)) => not_shown(error),
                }
            })}
        </Transition>
    })
}

async fn load(target: Target) -> Result<Console, AppError> {
    match target.worker {
        Some(worker) => api::console(worker, target.before, target.list).await,
        None => {
            let error = Error::new(ErrorCode::NotFound, text::NOT_FOUND_CONVERSATION);
            #[cfg(feature = "ssr")]
            crate::backend::set_status(error.code.http_status());
            Err(AppError(error))
        }
    }
}

/// A page of its own for each answer: nothing of one conversation's page, such as the text
/// in its composer, may go over into another's.
fn shown(console: Console) -> AnyView {
    erase(view! {
        <For
            each=move || [console.clone()]
            key=|console| console.message_id
            children=|console| erase(view! { <ConsoleView console /> })
        />
    })
}

fn not_shown(error: Error) -> AnyView {
    let (heading, body) = if error.code == ErrorCode::NotFound {
        (text::NOT_FOUND, Either::Left(view! { <p>{text::NOT_FOUND_CONVERSATION}</p> }))
    } else {
        (text::FAILED, Either::Right(view! { <ErrorNote error /> }))
    };
    erase(view! {
        <Title text=text::window_title(heading) />
        <Plain heading>
            {body}
            <div class="actions">
                <a class="button" href="/">
                    {text::TO_HOME}
                </a>
                <NewConversation />
            </div>
        </Plain>
    })
}
