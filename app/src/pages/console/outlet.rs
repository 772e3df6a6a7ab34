//! What the address leads to: a conversation, the front door, or words where there is neither.

use leptos::prelude::*;
use protocol::{Error, ErrorCode, WorkerId};

use super::answer::{Answer, AnswerResource, Target, awaited};
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

<<<<<<< HEAD
/// What the address asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub route: Route,
    pub before: Option<u64>,
    /// A conversation that was just deleted.
    pub deleted: Option<WorkerId>,
    pub wanted: Wanted,
}

/// What it gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Console(Box<Console>),
    Home(Home),
    /// There is no such page.
    Missing,
    Error {
        error: AppError,
        /// A message that was posted to this page and is stored nowhere; mostly empty.
        typed: String,
    },
}

/// The server's answer, anew for each other target.
pub(super) fn answer(target: Memo<Target>) -> Resource<Answer, Wire> {
    Resource::new_with_options(move || target.get(), load, true)
}

/// The page of the answer. The old one stays while the next is loaded.
pub(super) fn outlet(answer: Resource<Answer, Wire>, target: Memo<Target>) -> Erased {
    erase(view! {
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match answer.await {
                    Answer::Console(console) => {
                        let wanted = target.get_untracked().wanted;
                        erase(view! { <ConsoleView console=*console wanted /> })
                    }
                    Answer::Home(home) => front_door(home, target.get_untracked().deleted),
                    Answer::Missing => missing(tr!(not_found_page)),
                    Answer::Error { error: AppError(error), typed } => not_shown(error, typed),
                }
            })}
        </Transition>
=======
/// The page of the answer.
pub(super) fn outlet(answer: AnswerResource, target: Memo<Target>) -> Erased {
    awaited(answer, loading, move |answer| match answer {
        Answer::Console(console) => {
            let wanted = target.get_untracked().wanted;
            erase(view! { <ConsoleView console=*console wanted /> })
        }
        Answer::Home(home) => front_door(home, target.get_untracked().deleted),
        Answer::Error(AppError(error)) => not_shown(error),
        Answer::Missing | Answer::Sidebar(_) => missing(tr!(not_found_page)),
>>>>>>> 7c7df4b7c0563267162af93eb0e0b1d5ee32ae9d
    })
}

fn loading() -> Erased {
    erase(view! { <p class="loading">{tr!(loading)}</p> })
}

<<<<<<< HEAD
async fn load(target: Target) -> Answer {
    let typed = typed();
    let failed = |error| Answer::Error { error, typed };
    let worker = match target.route {
        Route::Home => return api::home().await.map_or_else(failed, Answer::Home),
        Route::Conversation(id) => id.parse::<WorkerId>().ok(),
        Route::Missing => None,
    };
    let Some(worker) = worker else {
        #[cfg(feature = "ssr")]
        crate::response::set_status(ErrorCode::NotFound.http_status());
        return Answer::Missing;
    };
    let console = api::console(worker, target.before, target.wanted.found, target.deleted);
    let console = console.await;
    console.map_or_else(failed, |console| Answer::Console(Box::new(console)))
}

/// The message of a form that was posted to this page and refused. The page of a conversation shows
/// it in its composer; without a conversation, the page shows it in a field of its own.
#[cfg(feature = "ssr")]
fn typed() -> String {
    use_context::<crate::Refused>().map(|refused| refused.text).unwrap_or_default()
}

/// Only the server receives forms.
#[cfg(not(feature = "ssr"))]
fn typed() -> String {
    String::new()
}

=======
>>>>>>> 7c7df4b7c0563267162af93eb0e0b1d5ee32ae9d
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

/// Goes on to a path; the front door itself does not stay in the browser's history.
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

/// A message that could not be sent, in a field to copy it from.
fn unsent(typed: String) -> Option<Erased> {
    if typed.is_empty() {
        return None;
    }
    // The parser of HTML drops one line break at the beginning.
    #[cfg(feature = "ssr")]
    let typed = format!("\n{}", crate::label::raw(typed));
    Some(erase(view! {
        <label class="unsent">
            {tr!(typed_unsent)}
            <textarea readonly rows="8" dir="auto">
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
        // A link to the page's own address loads it again, also without JavaScript.
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

/// A page that is not a conversation, with the ways out of it.
fn apart(heading: &'static str, said: Erased) -> Erased {
    let body = erase(view! {
        {said}
        <p class="actions">
            <a class="button" href="/" rel="external">
                {tr!(to_home)}
            </a>
        </p>
    });
    titled(move || text::window_title(heading));
    words(heading, body)
}

/// A page of words. A new conversation can be begun from it or from the sidebar, if that stands.
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
