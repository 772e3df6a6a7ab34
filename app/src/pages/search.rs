//! `/search`: searches messages and titles.

use leptos::prelude::*;
use protocol::api::{HitMessage, SearchHit, SearchPage, SnippetPiece};
use protocol::{Error, Role, Visibility, Worker, WorkerId};

use crate::base_path::at;
use crate::components::{ErrorNote, Moment, SearchBox};
use crate::erase::{Erased, erase};
use crate::label;
use crate::route::{conversation_page, message_page};
use crate::text::{self, tr};

/// The page's data.
pub struct Search {
    /// The query as it was typed.
    pub query: String,
    /// The only conversation that was searched; none for all.
    pub within: Option<Worker>,
    /// Whether this is not the first page of hits.
    pub later: bool,
    /// None before a query was sent.
    pub found: Option<Result<SearchPage, Error>>,
}

/// The form, and the hits by conversation below it.
#[component]
pub fn SearchResults(
    /// The page's data.
    search: Search,
) -> impl IntoView {
    let Search { query, within, later, found } = search;
    let worker = within.as_ref().map(|worker| worker.worker_id);
    let newest = later.then(|| {
        view! {
            <p>
                <a href=address(&query, worker, None)>{tr!(search_newest)}</a>
            </p>
        }
    });
    let within = within.map(|worker| {
        let all = address(&query, None, None);
        view! {
            <p class="search-in">
                {tr!(search_in)} " " <a href=conversation_page(worker.worker_id)>{name(&worker)}</a>
            </p>
            <p>
                <a href=all>{tr!(search_everywhere)}</a>
            </p>
        }
    });
    let found = match found {
        None => erase(view! { <p class="quiet">{tr!(search_hint)}</p> }),
        Some(Err(error)) => erase(view! {
            <div role="alert">
                <ErrorNote error />
            </div>
        }),
        Some(Ok(page)) => results(&query, worker, page),
    };
    view! {
        <main class="plain found">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(search_page)}</h1>
            <SearchBox within=worker query=query />
            {within}
            {newest}
            {found}
            <p>
                <a href=at("/")>{tr!(to_home)}</a>
            </p>
        </main>
    }
}

fn results(query: &str, worker: Option<WorkerId>, page: SearchPage) -> Erased {
    let SearchPage { hits, next_before, cut_short } = page;
    let none = hits.is_empty() && !cut_short;
    let nothing = none.then(|| {
        view! {
            <p class="note-title">{tr!(search_none)}</p>
            <p class="quiet">{tr!(search_none_hint)}</p>
        }
    });
    let conversations: Vec<_> =
        grouped(hits).into_iter().map(|hits| view! { <InConversation hits /> }).collect();
    let late = cut_short.then(|| view! { <p class="note">{tr!(search_cut_short)}</p> });
    let older = next_before.map(|before| {
        let older = address(query, worker, Some(before));
        view! {
            <p>
                <a class="button" href=older>
                    {tr!(search_older)}
                </a>
            </p>
        }
    });
    erase(view! {
        <div class="results" role="region" aria-label=tr!(results)>
            <div role="status">{nothing} {late}</div>
            {conversations}
            {older}
        </div>
    })
}

/// The hits of one conversation.
#[component]
fn InConversation(hits: Vec<SearchHit>) -> impl IntoView {
    let first = hits.first().map(|hit| hit.worker.clone());
    let title = hits.iter().find(|hit| hit.message.is_none()).map(|hit| hit.snippet.clone());
    let heading = first.map(|worker| {
        let words = match title {
            Some(pieces) => erase(snippet(pieces)),
            None => erase(name(&worker)),
        };
        let archived = (worker.place == Visibility::Archived)
            .then(|| view! { <span class="quiet">{tr!(archived)}</span> });
        view! {
            <h2>
                <a href=conversation_page(worker.worker_id)>{words}</a>
                {archived}
            </h2>
        }
    });
    let messages: Vec<_> = hits
        .into_iter()
        .filter_map(|SearchHit { worker, message, snippet }| {
            Some(hit(worker.worker_id, message?, snippet))
        })
        .collect();
    let list = (!messages.is_empty()).then(|| view! { <ol class="hits">{messages}</ol> });
    view! { <section>{heading} {list}</section> }
}

fn hit(worker: WorkerId, message: HitMessage, pieces: Vec<SnippetPiece>) -> Erased {
    let HitMessage { id, role, created_at } = message;
    let who = match role {
        Role::User => tr!(you),
        Role::Assistant => text::PRODUCT,
    };
    erase(view! {
        <li>
            <a class="hit" href=message_page(worker, id)>
                <span class="hit-head">{who} " · " <Moment at=created_at /></span>
                <span class="hit-text" dir="auto">
                    {snippet(pieces)}
                </span>
            </a>
        </li>
    })
}

fn snippet(pieces: Vec<SnippetPiece>) -> Vec<Erased> {
    let piece = |SnippetPiece { text, hit }| match hit {
        true => erase(view! { <mark>{text}</mark> }),
        false => erase(text),
    };
    pieces.into_iter().map(piece).collect()
}

fn name(worker: &Worker) -> String {
    label::of(worker).to_owned()
}

/// Groups the hits by conversation; the conversation with the newest hit comes first.
fn grouped(hits: Vec<SearchHit>) -> Vec<Vec<SearchHit>> {
    let mut groups: Vec<Vec<SearchHit>> = Vec::new();
    for hit in hits {
        let same = |group: &&mut Vec<SearchHit>| group[0].worker.worker_id == hit.worker.worker_id;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(hit),
            None => groups.push(vec![hit]),
        }
    }
    groups
}

/// The address of a page of this search's hits.
fn address(query: &str, worker: Option<WorkerId>, before: Option<u64>) -> String {
    let mut parameters = leptos_router::params::ParamsMap::new();
    parameters.insert("q", query.to_owned());
    if let Some(worker) = worker {
        parameters.insert("in", worker.to_string());
    }
    if let Some(before) = before {
        parameters.insert("before", before.to_string());
    }
    at(&format!("/search{}", parameters.to_query_string()))
}
