//! `/data`: every conversation as a file, and files of conversations back in.

use leptos::prelude::*;
use protocol::api::{ImportFormat, ImportReport};
use protocol::{Error, RuntimeId};

use crate::components::ErrorNote;
use crate::text;

/// What the page shows.
pub struct Data {
    pub runtime_id: RuntimeId,
    pub conversations: Option<u64>,
    /// Bytes of a file at most.
    pub import_bytes: u64,
    /// What came of the form, if it was sent.
    pub done: Option<Result<ImportReport, Error>>,
}

/// The whole document, without any script.
pub fn data_document(style: String, data: Data) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=style />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <title>{text::window_title(text::DATA)}</title>
            </head>
            <body>
                <DataPage data />
            </body>
        </html>
    }
}

#[component]
fn DataPage(data: Data) -> impl IntoView {
    let Data { runtime_id, conversations, import_bytes, done } = data;
    let done = done.map(|done| match done {
        Ok(report) => view! { <Imported report /> }.into_any(),
        Err(error) => view! { <div role="alert"><ErrorNote error /></div> }.into_any(),
    });
    view! {
        <main class="plain data">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{text::DATA}</h1>
            {done}
            <p>{text::DATA_WHERE}</p>
            <section aria-labelledby="export">
                <h2 id="export">{text::EXPORT}</h2>
                <p>{text::export_of(conversations)}</p>
                <p>
                    <a class="button" href=format!("/api/v1/runtimes/{runtime_id}/export") download="">
                        {text::EXPORT_ALL}
                    </a>
                </p>
            </section>
            <section aria-labelledby="import">
                <h2 id="import">{text::IMPORT}</h2>
                <p id="formats">{text::IMPORT_WHAT}</p>
                <form method="post" action="/data" enctype="multipart/form-data">
                    <label for="file">{text::FILE}</label>
                    <input id="file" name="file" type="file" required accept=".json,.jsonl" aria-describedby="formats most" />
                    <p class="quiet" id="most">{text::file_most(import_bytes)}</p>
                    <label class="choice">
                        <input name="existing" type="checkbox" value="keep" />
                        {text::KEEP_EXISTING}
                    </label>
                    <p>
                        <button class="button" type="submit">{text::IMPORT_FILE}</button>
                    </p>
                </form>
            </section>
            <p>
                <a href="/">{text::TO_HOME}</a>
            </p>
        </main>
    }
}

/// What an import did.
#[component]
fn Imported(report: ImportReport) -> impl IntoView {
    let ImportReport { format, imported, skipped, kept, left_out, workers } = report;
    let from = match format {
        ImportFormat::Companion => text::FROM_COMPANION,
        ImportFormat::Chatgpt => text::FROM_CHATGPT,
        ImportFormat::OpenWebui => text::FROM_OPEN_WEBUI,
    };
    let line =
        |count: u64, words: fn(u64) -> String| (count > 0).then(|| view! { <p>{words(count)}</p> });
    let first = workers.first().map(|worker| {
        view! { <p><a href=format!("/c/{worker}")>{text::OPEN_IMPORTED}</a></p> }
    });
    view! {
        <div class="note" data-kind="done" role="status">
            <p class="note-title">{text::imported(imported, from)}</p>
            {line(skipped, text::import_skipped)}
            {line(kept, text::import_kept)}
            {line(left_out, text::import_left_out)}
            {first}
        </div>
    }
}
