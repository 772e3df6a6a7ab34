//! The outlet: a conversation, the redirect of `/`, or a text if there is neither.

use leptos::prelude::*;
use protocol::{Error, ErrorCode, WorkerId};

use super::answer::{Answer, AnswerResource, Target, awaited};
use crate::base_path::at;
use crate::components::{
    ConsoleView, ErrorNote, NewConversation, OpenSidebar, Plain, leave_sidebar,
};
use crate::erase::{Erased, effect, erase};
use crate::live::Current;
use crate::{
    AppError, Home,
    text::{self, tr},
    window::titled,
};

/// The view of an answer.
pub(super) fn outlet(answer: AnswerResource, target: Memo<Target>) -> Erased {
    awaited(answer, loading, move |answer| match answer {
        Answer::Console(console) => {
            let wanted = target.get_untracked().wanted;
            erase(view! { <ConsoleView console=*console wanted /> })
        }
        Answer::Home(home) => front_door(home, target.get_untracked().deleted),
        Answer::Error { error: AppError(error), typed } => not_shown(error, typed),
        Answer::Missing | Answer::Sidebar(_) => missing(tr!(not_found_page)),
    })
}

fn loading() -> Erased {
    erase(view! { <p class="loading">{tr!(loading)}</p> })
}

fn front_door(home: Home, deleted: Option<WorkerId>) -> Erased {
    if let Some(refused) = home.refused {
        return not_shown(refused.error, refused.text);
    }
    if let Some(newest) = home.newest {
        lead(&match deleted {
            Some(deleted) => format!("/c/{newest}?deleted={deleted}"),
            None => format!("/c/{newest}"),
        });
        return loading();
    }
    titled(|| text::PRODUCT.to_owned());
    words(tr!(none_yet), erase(view! { <p>{tr!(none_yet_hint)}</p> }))
}

/// Redirects to a path, without leaving `/` in the browser's history.
fn lead(path: &str) {
    #[cfg(feature = "ssr")]
    crate::response::redirect(path);
    #[cfg(not(feature = "ssr"))]
    leptos_router::hooks::use_navigate()(
        path,
        leptos_router::NavigateOptions { replace: true, ..Default::default() },
    );
}

fn missing(words: &'static str) -> Erased {
    apart(tr!(not_found), erase(view! { <p>{words}</p> }))
}

/// A message that could not be sent, in a read-only field to copy it from.
fn unsent(typed: String) -> Option<Erased> {
    if typed.is_empty() {
        return None;
    }
    // An HTML parser drops one line break at the beginning, so one is added.
    #[cfg(feature = "ssr")]
    let typed = format!("\n{}", crate::label::raw(typed));
    Some(erase(view! {
        <label class="unsent">
            {tr!(typed_unsent)} <textarea readonly rows="8" dir="auto">
                {typed}
            </textarea>
        </label>
    }))
}

fn not_shown(error: Error, typed: String) -> Erased {
    let unsent = unsent(typed);
    if error.code == ErrorCode::NotFound {
        let words = tr!(not_found_conversation);
        apart(
            tr!(not_found),
            erase(view! {
                <p>{words}</p>
                {unsent}
            }),
        )
    } else {
        // A link to the current address reloads the page, also without JavaScript.
        apart(
            tr!(failed),
            erase(view! {
                <ErrorNote error />
                {unsent}
                <p class="actions">
                    <a class="button" data-kind="primary" href="" rel="external">
                        {tr!(remedy_reload)}
                    </a>
                </p>
            }),
        )
    }
}

/// A page that is not a conversation, with a link to `/`.
fn apart(heading: &'static str, said: Erased) -> Erased {
    let body = erase(view! {
        {said}
        <p class="actions">
            <a class="button" href=at("/") rel="external">
                {tr!(to_home)}
            </a>
        </p>
    });
    titled(move || text::window_title(heading));
    words(heading, body)
}

/// A page with a text. It has a button for a new conversation, or one for the sidebar if there is
/// one.
fn words(heading: &'static str, said: Erased) -> Erased {
    let current = expect_context::<Current>();
    let beside_sidebar = current.worker_id.get_untracked().is_some();
    effect(move || {
        if current.show_words() {
            leave_sidebar();
        }
    });
    let ways = if beside_sidebar {
        erase(view! { <OpenSidebar /> })
    } else {
        erase(view! { <NewConversation /> })
    };
    let body = erase(view! {
        {said}
        {ways}
    });
    erase(view! { <Plain heading body /> })
}
