//! The console: the layout with the sidebar, and in its outlet the page that the address leads to.
//!
//! The outlet shows a conversation; the front door, which leads to the one that was used last; or
//! what there is to say where an address leads nowhere. They are one page with one answer of the
//! server: more would be the same code again.
//!
//! The sidebar stands wherever the address names a conversation, and stays while one follows another:
//! it is data of its own, which is loaded for each other part of the list and not for each page.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use protocol::WorkerId;

use crate::api;
use crate::components::{Layout, Overlay, Sidebar, SidebarResource};
#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::erase::{erase, live};
use crate::live::list::Part;
use crate::live::{Current, Wanted};
use crate::route::Route;

mod outlet;

use outlet::{Target, outlet};

/// What the address asks of the sidebar.
#[derive(Clone, Debug, Default, PartialEq)]
struct Beside {
    /// The conversation beside it; without one there is no sidebar.
    worker_id: Option<WorkerId>,
    list: Option<String>,
    archived: bool,
<<<<<<< HEAD
=======
    wanted: Wanted,
}

/// What it gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Answer {
    Console(Box<Console>),
    Home(Home),
    /// There is no such page.
    Missing,
    Error {
        error: AppError,
        /// A message that was posted here and is stored nowhere; mostly empty.
        typed: String,
    },
>>>>>>> 1020e086ac177d52b4879d5558b6067dab2dd2ab
}

/// `/`, and `/c/{worker_id}` with `?before=` for earlier messages, `?list=` for older
/// conversations, `?place=archived` for the archive, `?at=` for another branch, `?edit=` for
/// another version of a message, and `?m=` for a message wherever it is. `?deleted=` offers to
/// bring a conversation back.
#[component]
pub fn ConsolePage() -> impl IntoView {
    let (path, query) = (use_location().pathname, use_query_map());
    let target = Memo::new(move |_| Target {
        route: Route::of(&path.read()),
        before: query.read().get("before").and_then(|position| position.parse().ok()),
        deleted: query.read().get("deleted").and_then(|id| id.parse().ok()),
        wanted: Wanted {
            at: query.read().get("at").and_then(|id| id.parse().ok()),
            edit: query.read().get("edit").and_then(|id| id.parse().ok()),
            found: query.read().get("m").and_then(|id| id.parse().ok()),
        },
    });
    let beside = Memo::new(move |before: Option<&Beside>| match Route::of(&path.read()) {
        Route::Conversation(id) => Beside {
            worker_id: id.parse().ok(),
            list: query.read().get("list"),
            archived: query.read().get("place").as_deref() == Some("archived"),
        },
        // The front door leads on at once; the sidebar stays for the conversation that follows.
        Route::Home => before.cloned().unwrap_or_default(),
        Route::Missing => Beside::default(),
    });
    let worker_id = Memo::new(move |_| beside.read().worker_id);
    let part = Memo::new(move |_| {
        let beside = beside.read();
        Part { archived: beside.archived, older: beside.list.is_some() }
    });
    // Not the conversation itself: the list is the same beside each.
    let wanted = Memo::new(move |_| {
        let Beside { worker_id, list, archived } = beside.get();
        worker_id.map(|_| (list, archived))
    });
    provide_context(Overlay::default());
    provide_context(Current::new(worker_id));
    let answer = outlet::answer(target);
    let sidebar: SidebarResource = Resource::new_with_options(
        move || wanted.get(),
        move |wanted| {
            let worker_id = worker_id.get_untracked();
            async move {
                let (worker_id, (list, archived)) = worker_id.zip(wanted)?;
                Some(api::sidebar(worker_id, list, archived).await)
            }
        },
        true,
    );
    #[cfg(feature = "browser")]
    complete_navigations(path);
<<<<<<< HEAD
    let stands = Memo::new(move |_| worker_id.get().is_some());
    live(move || {
        let outlet = outlet(answer, target);
        if !stands.get() {
            return outlet;
        }
        let sidebar = erase(view! { <Sidebar data=sidebar part /> });
        erase(view! { <Layout sidebar outlet /> })
    })
}

=======
    erase(view! {
        <Transition fallback=loading>
            {move || Suspend::new(async move {
                match answer.await {
                    Answer::Console(console) => {
                        let Target { wanted, list, archived, .. } = target.get_untracked();
                        let part = Part { archived, older: list.is_some() };
                        erase(view! { <ConsoleView console=*console wanted part /> })
                    }
                    Answer::Home(home) => front_door(home, target.get_untracked().deleted),
                    Answer::Missing => missing(tr!(not_found_page)),
                    Answer::Error { error: AppError(error), typed } => not_shown(error, typed),
                }
            })}
        </Transition>
    })
}

fn loading() -> Erased {
    erase(view! { <p class="loading">{tr!(loading)}</p> })
}

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
        crate::backend::set_status(ErrorCode::NotFound.http_status());
        return Answer::Missing;
    };
    let console = api::console(
        worker,
        target.before,
        target.wanted.found,
        target.list,
        target.archived,
        target.deleted,
    );
    let console = console.await;
    console.map_or_else(failed, |console| Answer::Console(Box::new(console)))
}

/// The message of a form that was posted to this page and refused. The page of the conversation has
/// it in its composer; where there is no conversation, the page has to show it all the same.
#[cfg(feature = "ssr")]
fn typed() -> String {
    use_context::<crate::Refused>().map(|refused| refused.text).unwrap_or_default()
}

/// Only the server is posted to.
#[cfg(not(feature = "ssr"))]
fn typed() -> String {
    String::new()
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
    let body = erase(view! {
        <p>{tr!(none_yet_hint)}</p>
        <NewConversation />
    });
    erase(view! { <Plain heading=tr!(none_yet) body /> })
}

/// Goes on to a path; the front door itself does not stay in the browser's history.
fn lead(path: &str) {
    #[cfg(feature = "ssr")]
    crate::backend::redirect(path);
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
        apart(tr!(not_found), erase(view! { <p>{words}</p> {unsent} }))
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
fn apart(heading: &'static str, words: Erased) -> Erased {
    let body = erase(view! {
        {words}
        <p class="actions">
            <a class="button" href="/" rel="external">
                {tr!(to_home)}
            </a>
        </p>
        <NewConversation />
    });
    titled(move || text::window_title(heading));
    erase(view! { <Plain heading body /> })
}

>>>>>>> 1020e086ac177d52b4879d5558b6067dab2dd2ab
/// Tells the router to put the new address into the browser's bar, once its page begins.
#[cfg(feature = "browser")]
fn complete_navigations(path: Memo<String>) {
    use leptos_router::location::{BrowserUrl, LocationProvider};
    let address = expect_context::<BrowserUrl>();
    effect(move || {
        path.track();
        address.ready_to_complete();
    });
}
