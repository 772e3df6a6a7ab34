//! The list of conversations beside a page that only the server renders, so that such a page does not
//! feel like leaving the console. It is the sidebar without what needs a script.

use leptos::prelude::*;
use protocol::api::WorkerPage;
use protocol::{Timestamp, Worker, WorkerId, WorkerStatus};

use crate::LoginStatus;
use crate::base_path::at;
use crate::components::icon::{Drawing, Icon};
use crate::components::{OpenSidebar, SIDEBAR, SearchBox, day_name, login_line};
use crate::erase::{Erased, erase};
use crate::live::List;
use crate::live::list::{Beginning, Group, Part};
use crate::{label, reader, text, text::tr};

/// What is shown beside a page.
#[derive(Clone)]
pub struct Beside {
    /// The conversations that were used last.
    pub workers: WorkerPage,
    /// The server's time, by which they are grouped.
    pub now: Timestamp,
    /// Who is logged in.
    pub login: Option<LoginStatus>,
    /// The path of the page with its query, without the base path.
    pub path: String,
}

impl Beside {
    /// The page's body with the list beside it; on a narrow screen a button opens the list.
    pub fn around(self, body: Erased) -> Erased {
        let Self { workers, now, login, path: address } = self;
        let path = address.split('?').next().unwrap_or_default().to_owned();
        let about = conversation_of(&path);
        let newest = workers.workers.first().map(|worker| worker.worker_id);
        let has_search = path == "/search";
        // That page has a larger button for it.
        let is_account = path == "/account" || path.starts_with("/account/");
        let login =
            login.map(|login| LoginStatus { session: login.session && !is_account, ..login });
        let list = List::new();
        list.begin(Beginning { page: workers, part: Part::default(), now });
        let groups = list.groups.get_untracked();
        let groups: Vec<_> = groups.into_iter().map(|group| of_day(group, about)).collect();
        let older = newest.zip(list.next_before.get_untracked()).map(|(id, before)| {
            let mut query = leptos_router::params::ParamsMap::new();
            query.insert("list", before);
            let query = query.to_query_string();
            view! {
                <a class="quiet older" href=at(&format!("/c/{id}{query}"))>
                    {tr!(older_conversations)}
                </a>
            }
        });
        let archive = newest.map(|id| {
            view! {
                <a class="quiet older" href=at(&format!("/c/{id}?place=archived"))>
                    {tr!(archive_enter)}
                </a>
            }
        });
        let search = (!has_search).then(|| erase(view! { <SearchBox /> }));
        erase(view! {
            <a class="skip" href="#page">
                {tr!(skip_list)}
            </a>
            <div class="beside">
                <nav class="sidebar" id=SIDEBAR popover="auto" aria-label=tr!(conversations)>
                    <div class="sidebar-head">
                        <p class="wordmark">
                            <a href=at("/")>{text::PRODUCT}</a>
                        </p>
                        {hide_list(address)}
                    </div>
                    <form class="new" method="post" action=at("/")>
                        <input type="hidden" name="do" value="create" />
                        <button class="button" type="submit">
                            <Drawing icon=Icon::Plus />
                            <span>{tr!(new)}</span>
                        </button>
                    </form>
                    {search}
                    <div class="conversations">{groups}</div>
                    {older}
                    {archive}
                    <p class="sidebar-links">
                        {link("/settings", tr!(settings), &path)} {link("/data", tr!(data), &path)}
                    </p>
                    {login.map(login_line)}
                </nav>
                <header class="beside-top">
                    <OpenSidebar />
                    <a class="wordmark" href=at("/")>
                        {text::PRODUCT}
                    </a>
                </header>
                <span class="visually-hidden" id="page" tabindex="-1"></span>
                {body}
            </div>
        })
    }
}

/// The button that hides the list on a wide screen, or makes it stay again.
fn hide_list(address: String) -> Erased {
    let hidden = reader::preferences().list_hidden;
    let words = if hidden { tr!(list_keep) } else { tr!(list_hide) };
    erase(view! {
        <form method="post" action=at("/settings/list")>
            <input type="hidden" name="hidden" value=(!hidden).to_string() />
            <input type="hidden" name="next" value=address />
            <button class="icon-button hide-list" type="submit" aria-label=words title=words>
                <Drawing icon=Icon::Panel />
            </button>
        </form>
    })
}

fn of_day(group: Group, about: Option<WorkerId>) -> Erased {
    let Group { day, items } = group;
    let entries: Vec<_> = items
        .get_untracked()
        .into_iter()
        .map(|item| entry(&item.worker.get_untracked(), about))
        .collect();
    erase(view! {
        <div class="day" role="group" aria-labelledby=day.id()>
            <h2 class="day-name" id=day.id()>
                {day_name(day)}
            </h2>
            <ul>{entries}</ul>
        </div>
    })
}

fn entry(worker: &Worker, about: Option<WorkerId>) -> Erased {
    let id = worker.worker_id;
    let is_running = worker.status == WorkerStatus::Generating;
    let mark = if worker.unreadable {
        tr!(mark_unreadable)
    } else if is_running {
        tr!(mark_running)
    } else {
        ""
    };
    erase(view! {
        <li
            class="entry"
            data-running=is_running.then_some("")
            data-unreadable=worker.unreadable.then_some("")
        >
            <a
                class="conversation"
                href=at(&format!("/c/{id}"))
                aria-current=(about == Some(id)).then_some("true")
            >
                <span class="conversation-title">{label::of(worker).to_owned()}</span>
                <span class="visually-hidden">{mark}</span>
            </a>
        </li>
    })
}

fn link(to: &'static str, words: &'static str, path: &str) -> Erased {
    erase(view! {
        <a class="quiet" href=at(to) aria-current=(path == to).then_some("page")>
            {words}
        </a>
    })
}

/// The conversation that a page is about, which its path names.
fn conversation_of(path: &str) -> Option<WorkerId> {
    path.split('/').find_map(|segment| segment.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_about_a_conversation_is_known_by_its_path() {
        let id = "0199a3c5-0000-7000-8000-000000000000";
        let (worker, turn) = (id.parse().unwrap(), "0199a3c5-0000-7000-8000-000000000001");
        for path in [format!("/profile/{id}"), format!("/turns/{id}/{turn}")] {
            assert_eq!(conversation_of(&path), Some(worker), "{path}");
        }
        assert_eq!(conversation_of("/settings"), None);
    }
}
