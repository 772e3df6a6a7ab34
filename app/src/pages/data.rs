//! `/data`: exports all conversations, imports files, and lists deleted conversations.

use leptos::prelude::*;
use protocol::api::{DeletedList, DeletedWorker, ImportReport};
use protocol::{Error, RuntimeId};

use crate::base_path::at;
use crate::components::{ErrorNote, Imported, Moment};
use crate::erase::{Erased, erase};
use crate::label;
use crate::text::{self, tr};

/// The page's data.
pub struct Data {
    pub runtime_id: RuntimeId,
    pub conversations: Option<u64>,
    /// The most bytes of an imported file.
    pub import_bytes: u64,
    /// A page of the deleted conversations that can be restored.
    pub deleted: DeletedList,
    /// Whether that is not the first page.
    pub later: bool,
    /// The result of the form, if it was sent.
    pub done: Option<Result<ImportReport, Error>>,
}

/// Export, import and deleted conversations.
#[component]
pub fn DataPage(
    /// The page's data.
    data: Data,
) -> impl IntoView {
    let Data { runtime_id, conversations, import_bytes, deleted, later, done } = data;
    let done = done.map(|done| match done {
        Ok(report) => view! { <Imported report /> }.into_any(),
        Err(error) => view! {
            <div role="alert">
                <ErrorNote error refused=tr!(error_not_imported) />
            </div>
        }
        .into_any(),
    });
    view! {
        <main class="plain data">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(data)}</h1>
            {done}
            <p>{tr!(data_where)}</p>
            <section aria-labelledby="export">
                <h2 id="export">{tr!(export)}</h2>
                <p>{text::export_of(conversations)}</p>
                <p>
                    <a
                        class="button"
                        href=at(&format!("/api/v1/runtimes/{runtime_id}/export"))
                        download=""
                    >
                        {tr!(export_all)}
                    </a>
                </p>
                <p>
                    <a href=at("/shares")>{tr!(shares)}</a>
                </p>
                <p>
                    <a href=at("/data/conversations")>{tr!(bulk)}</a>
                </p>
            </section>
            <section aria-labelledby="import">
                <h2 id="import">{tr!(import)}</h2>
                <p id="formats">{tr!(import_what)}</p>
                <form method="post" action=at("/data") enctype="multipart/form-data">
                    <label for="file">{tr!(file)}</label>
                    <input
                        id="file"
                        name="file"
                        type="file"
                        multiple
                        required
                        accept=".json,.jsonl,.ndjson,.zip"
                        aria-describedby="formats most"
                    />
                    <p class="quiet" id="most">
                        {text::file_most(import_bytes)}
                    </p>
                    <label class="choice">
                        <input name="strict" type="checkbox" value="on" />
                        {tr!(import_strict)}
                    </label>
                    <p>
                        <button class="button" type="submit">
                            {tr!(import_file)}
                        </button>
                    </p>
                </form>
            </section>
            <RecentlyDeleted page=deleted later />
            <p>
                <a href=at("/")>{tr!(to_home)}</a>
            </p>
        </main>
    }
}

/// Deleted conversations, each with forms to restore it or to delete it permanently.
#[component]
fn RecentlyDeleted(page: DeletedList, later: bool) -> impl IntoView {
    let DeletedList { deleted, next_before } = page;
    let link = |address: String, words: &'static str| {
        view! {
            <p>
                <a class="button" href=address>
                    {words}
                </a>
            </p>
        }
    };
    let newest = later.then(|| link(at("/data#deleted"), tr!(deleted_newest)));
    let older = next_before
        .map(|before| link(at(&format!("/data?before={before}#deleted")), tr!(deleted_older)));
    let none = deleted.is_empty();
    let words = if none { tr!(deleted_none) } else { tr!(deleted_recently_hint) };
    let items: Vec<_> = deleted.into_iter().map(deleted_one).collect();
    let list = (!none).then(|| view! { <ul class="deleted">{items}</ul> });
    view! {
        <section aria-labelledby="deleted">
            <h2 id="deleted" tabindex="-1">
                {tr!(deleted_recently)}
            </h2>
            <p>{words}</p>
            {newest}
            {list}
            {older}
        </section>
    }
}

fn deleted_one(deleted: DeletedWorker) -> Erased {
    let DeletedWorker { worker, deleted_at, gone_at } = deleted;
    let title = label::of(&worker).to_owned();
    let form = |action: &'static str, words: &'static str, kind: Option<&'static str>| {
        view! {
            <form method="post" action=at("/data/deleted")>
                <input type="hidden" name="do" value=action />
                <input type="hidden" name="worker" value=worker.worker_id.to_string() />
                <button
                    class="button"
                    type="submit"
                    data-kind=kind
                    aria-label=format!("{words}: {title}")
                >
                    {words}
                </button>
            </form>
        }
    };
    let restore = form("restore", tr!(restore), None);
    // Deleting permanently cannot be undone, so ask first.
    let purge = view! {
        <details class="delete">
            <summary aria-label=format!(
                "{}: {title}",
                tr!(delete_for_good),
            )>{tr!(delete_for_good)}</summary>
            <p>{tr!(delete_for_good_ask)}</p>
            {form("purge", tr!(delete_for_good_yes), Some("danger"))}
        </details>
    };
    erase(view! {
        <li>
            <p class="deleted-title">{title.clone()}</p>
            <p class="quiet">
                {tr!(deleted_at)} " " <Moment at=deleted_at /> " · " {tr!(gone_at)} " "
                <Moment at=gone_at />
            </p>
            <div class="actions">{restore} {purge}</div>
        </li>
    })
}
