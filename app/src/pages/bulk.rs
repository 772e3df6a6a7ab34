//! `/data/conversations`: archives or deletes many conversations at once. A plain form.

use leptos::prelude::*;
use protocol::{Error, Worker};

use crate::base_path::at;
use crate::components::{ErrorNote, Moment};
use crate::erase::{Erased, erase};
use crate::label;
use crate::text::{self, tr};

/// The page's data.
pub struct Bulk {
    /// A page of the list, the most recently used first.
    pub workers: Vec<Worker>,
    /// Where the next page begins.
    pub next_before: Option<String>,
    /// Whether this is not the first page.
    pub later: bool,
    /// Whether these are those of the archive.
    pub archived: bool,
    /// How many were changed just now.
    pub done: Option<u32>,
    pub error: Option<Error>,
}

/// The conversations with a box each, and the buttons.
#[component]
pub fn BulkPage(
    /// The page's data.
    bulk: Bulk,
) -> impl IntoView {
    let Bulk { workers, next_before, later, archived, done, error } = bulk;
    let error = error.map(|error| {
        view! {
            <div role="alert">
                <ErrorNote error />
            </div>
        }
    });
    let done = done.map(|count| {
        view! {
            <div class="note" data-kind="done" role="status">
                <p class="note-title">{text::bulk_done(count)}</p>
            </div>
        }
    });
    let query = if archived { "?archived=true" } else { "" };
    let place = match archived {
        true => (at("/data/conversations"), tr!(bulk_listed)),
        false => (at("/data/conversations?archived=true"), tr!(archive_enter)),
    };
    let joined = if archived { "?archived=true&before=" } else { "?before=" };
    let older = next_before
        .map(|before| link(at(&format!("/data/conversations{joined}{before}")), tr!(bulk_older)));
    let newest = later.then(|| link(at(&format!("/data/conversations{query}")), tr!(bulk_newest)));
    let none = workers.is_empty();
    let items: Vec<_> = workers.iter().map(item).collect();
    let form = (!none).then(|| {
        view! {
            <form class="bulk-form" method="post" action=at(&format!("/data/conversations{query}"))>
                <ul class="bulk">{items}</ul>
                <div class="bulk-actions">
                    {if archived {
                        button("list", tr!(bulk_list), None)
                    } else {
                        button("archive", tr!(bulk_archive), None)
                    }} {button("delete", tr!(bulk_delete), Some("danger"))}
                </div>
            </form>
        }
    });
    view! {
        <main class="plain data">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(bulk)}</h1>
            {done}
            {error}
            <p>{tr!(bulk_what)}</p>
            {none.then(|| view! { <p class="quiet">{tr!(bulk_none)}</p> })}
            {form}
            <nav class="plain-links" aria-label=tr!(pages)>
                {newest}
                {older}
                {link(place.0, place.1)}
                {link(at("/data"), tr!(data))}
            </nav>
        </main>
    }
}

fn item(worker: &Worker) -> Erased {
    let (name, title) = (format!("w-{}", worker.worker_id), label::of(worker).to_owned());
    let used = worker.updated_at;
    let used = used.is_known().then(|| view! { <Moment at=used /> });
    erase(view! {
        <li>
            <label class="choice">
                <input type="checkbox" name=name value="on" />
                <span class="bulk-title">{title}</span>
            </label>
            <span class="quiet">{used}</span>
        </li>
    })
}

fn button(action: &'static str, words: &'static str, kind: Option<&'static str>) -> Erased {
    erase(view! {
        <button class="button" type="submit" name="do" value=action data-kind=kind>
            {words}
        </button>
    })
}

fn link(href: String, words: &'static str) -> Erased {
    erase(view! { <a href=href>{words}</a> })
}
