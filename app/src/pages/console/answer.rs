//! The requests of the layout and its outlet to the server, and their results.
//!
//! Both share one type of question and one of answer, because the browser downloads code for each
//! type of resource and for each type of view that waits for one.

use std::sync::Arc;

use leptos::prelude::*;
use protocol::WorkerId;
use serde::{Deserialize, Serialize};

use crate::erase::{Erased, erase};
use crate::live::Wanted;
use crate::route::Route;
use crate::wire::Wire;
use crate::{AppError, Console, Home, SidebarData, api};

/// A request for data.
#[derive(Clone, Debug)]
pub(super) enum Question {
    Page(Target),
    Sidebar(Beside),
}

/// Two questions are equal if they have the same answer. The list is the same beside each
/// conversation.
impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Page(one), Self::Page(other)) => one == other,
            (Self::Sidebar(one), Self::Sidebar(other)) => {
                let stands = |beside: &Beside| beside.worker_id.is_some();
                stands(one) == stands(other)
                    && (&one.list, one.archived) == (&other.list, other.archived)
            }
            _ => false,
        }
    }
}

/// The part of the address that the outlet depends on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub route: Route,
    pub before: Option<u64>,
    /// A conversation that was just deleted.
    pub deleted: Option<WorkerId>,
    pub wanted: Wanted,
}

/// The part of the address that the sidebar depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Beside {
    /// The conversation beside the sidebar; without one there is no sidebar.
    pub worker_id: Option<WorkerId>,
    pub list: Option<String>,
    pub archived: bool,
}

/// The result of a question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Console(Box<Console>),
    Home(Home),
    Sidebar(Box<SidebarData>),
    /// There is no such page, or no sidebar.
    Missing,
    Error {
        error: AppError,
        /// The message of a form that was refused on this page and is not stored; mostly empty.
        typed: String,
    },
}

/// The current answer, loaded again when the question changes.
pub(super) type AnswerResource = Resource<Answer, Wire>;

/// Loads the answer now, and again whenever the question changes.
pub(super) fn ask(question: impl Fn() -> Question + Send + Sync + 'static) -> AnswerResource {
    let question: Box<dyn Fn() -> Question + Send + Sync> = Box::new(question);
    Resource::new_with_options(question, load, true)
}

/// The view of an answer. It stays while the next answer loads; `fallback` is shown before the
/// first.
pub(super) fn awaited(
    answer: AnswerResource,
    fallback: fn() -> Erased,
    show: impl Fn(Answer) -> Erased + Send + Sync + 'static,
) -> Erased {
    awaited_by(answer, fallback, Arc::new(show))
}

fn awaited_by(
    answer: AnswerResource,
    fallback: fn() -> Erased,
    show: Arc<dyn Fn(Answer) -> Erased + Send + Sync>,
) -> Erased {
    erase(view! {
        <Transition fallback>
            {move || {
                let show = show.clone();
                Suspend::new(async move {
                    let answer = answer.await;
                    #[cfg(all(feature = "ssr", not(feature = "browser")))] skip_search().await;
                    show(answer)
                })
            }}
        </Transition>
    })
}

/// Returns at the second poll. Leptos polls the content of a `Transition` once only to search it for
/// resources that are still loading, and drops it. An answer has none, so its view, which is most
/// of the page, need not be built for that.
#[cfg(all(feature = "ssr", not(feature = "browser")))]
async fn skip_search() {
    tokio::task::yield_now().await;
}

async fn load(question: Question) -> Answer {
    match question {
        Question::Page(target) => page(target).await,
        Question::Sidebar(Beside { worker_id, list, archived }) => {
            let Some(worker_id) = worker_id else { return Answer::Missing };
            #[cfg(feature = "ssr")]
            page_first().await;
            let data = api::sidebar(worker_id, list, archived).await;
            data.map_or_else(failed, |data| Answer::Sidebar(Box::new(data)))
        }
    }
}

/// Waits until the server has read the page. That may find the conversation to be unreadable, which
/// the list then shows.
#[cfg(feature = "ssr")]
async fn page_first() {
    if let Some(page) = use_context::<AnswerResource>() {
        page.ready().await;
    }
}

async fn page(target: Target) -> Answer {
    let typed = typed();
    let failed = |error| Answer::Error { error, typed };
    let worker = match target.route {
        Route::Home => return api::home().await.map_or_else(failed, Answer::Home),
        Route::Conversation(id) => id.parse::<WorkerId>().ok(),
        Route::Missing => None,
    };
    let Some(worker) = worker else {
        #[cfg(feature = "ssr")]
        crate::response::set_status(protocol::ErrorCode::NotFound.http_status());
        return Answer::Missing;
    };
    let console = api::console(worker, target.before, target.wanted.found, target.deleted).await;
    console.map_or_else(failed, |console| Answer::Console(Box::new(console)))
}

fn failed(error: AppError) -> Answer {
    Answer::Error { error, typed: String::new() }
}

/// The message of a form that was posted to this page and refused. A conversation's page shows it
/// in the composer, other pages in a separate field.
#[cfg(feature = "ssr")]
fn typed() -> String {
    use_context::<crate::Refused>().map(|refused| refused.text).unwrap_or_default()
}

/// Only the server receives posted forms.
#[cfg(not(feature = "ssr"))]
fn typed() -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_another_conversation_does_not_reload_the_list() {
        let asked = |n: Option<u64>, list: Option<&str>, archived| {
            let worker_id = n.map(|n| WorkerId::from_parts(n, [1; 10]));
            Question::Sidebar(Beside { worker_id, list: list.map(str::to_owned), archived })
        };
        let first = asked(Some(1), None, false);
        assert_eq!(first, asked(Some(2), None, false));
        assert_ne!(first, asked(Some(1), None, true));
        assert_ne!(first, asked(Some(1), Some("x"), false));
        assert_ne!(first, asked(None, None, false));
    }
}
