//! The result of an import: what was imported, and what was not.

use leptos::prelude::*;
use protocol::WorkerId;
use protocol::api::{ImportRefusal, ImportReplacement, ImportReport};

use crate::erase::{Erased, erase};
use crate::route::conversation_page;
use crate::text::{self, tr};

/// The report of an import that succeeded.
#[component]
pub fn Imported(
    /// The import's own report.
    report: ImportReport,
) -> impl IntoView {
    let ImportReport { format, imported, skipped, kept, deleted, left_out, .. } = report;
    let from = text::import_from(format);
    let line =
        |count: u64, words: fn(u64) -> String| (count > 0).then(|| view! { <p>{words(count)}</p> });
    let first = report.workers.first().map(|worker| {
        view! {
            <p>
                <a href=conversation_page(*worker)>{tr!(open_imported)}</a>
            </p>
        }
    });
    let kinds = text::left_out_kinds(&report.left_out_kinds);
    let kinds = (!kinds.is_empty()).then(|| {
        let items: Vec<_> = kinds.into_iter().map(|kind| view! { <li>{kind}</li> }).collect();
        view! { <ul class="left-out">{items}</ul> }
    });
    let nothing = imported + skipped + kept + deleted == 0 && !report.refusals.is_empty();
    let (kind, role, title) = match nothing {
        true => ("failed", "alert", tr!(import_nothing).to_owned()),
        false => ("done", "status", text::imported(imported, from)),
    };
    view! {
        <div class="note" data-kind=kind role=role>
            <p class="note-title">{title}</p>
            {line(skipped, text::import_skipped)}
            {line(kept, text::import_kept)}
            {line(deleted, text::import_deleted)}
            {unchecked(report.unchecked, report.unchecked_workers)}
            {line(left_out, text::import_left_out)}
            {kinds}
            {line(report.not_read, text::import_not_read)}
            {replaced(report.replaced, report.replacements, report.more_replacements)}
            {first}
            {refused(report.refused, report.refusals, report.more_refusals)}
        </div>
    }
}

/// Conversations that may have been altered, with links to the first of them.
fn unchecked(count: u64, workers: Vec<WorkerId>) -> Option<Erased> {
    let item = |worker: WorkerId| {
        view! {
            <li>
                <a href=conversation_page(worker)>{worker.to_string()}</a>
            </li>
        }
    };
    (count > 0).then(|| {
        let items: Vec<_> = workers.into_iter().map(item).collect();
        erase(view! {
            <p>{text::import_unchecked(count)}</p>
            <ul class="unchecked">{items}</ul>
        })
    })
}

/// The entries that were not imported, by number, title and reason.
fn refused(count: u64, refusals: Vec<ImportRefusal>, more: u64) -> Option<Erased> {
    if refusals.is_empty() {
        return None;
    }
    let items: Vec<_> = refusals.into_iter().map(one).collect();
    let more = (more > 0).then(|| view! { <p>{text::import_more_refused(more)}</p> });
    Some(erase(view! {
        <p>{text::import_refused(count)}</p>
        <ul class="refused">{items}</ul>
        {more}
    }))
}

/// The entries in which characters were replaced with U+FFFD, and how many.
fn replaced(count: u64, replacements: Vec<ImportReplacement>, more: u64) -> Option<Erased> {
    if replacements.is_empty() {
        return None;
    }
    let items = replacements.into_iter().map(|replacement| {
        let ImportReplacement { file, number, title, characters } = replacement;
        let what = text::import_refused_what(file.as_deref(), Some(number), title.as_deref());
        view! {
            <li>
                <bdi>{what}</bdi>
                {characters}
            </li>
        }
    });
    let items: Vec<_> = items.collect();
    let more = (more > 0).then(|| view! { <p>{text::import_more_refused(more)}</p> });
    Some(erase(view! {
        <p>{text::import_replaced(count)}</p>
        <ul class="replaced">{items}</ul>
        {more}
    }))
}

fn one(refusal: ImportRefusal) -> Erased {
    let ImportRefusal { file, number, title, code, reason } = refusal;
    let what = text::import_refused_what(file.as_deref(), number, title.as_deref());
    erase(view! {
        <li>
            <bdi>{what}</bdi>
            {text::import_refused_why(code)}
            " "
            <span class="quiet" lang="en">
                {format!("({reason})")}
            </span>
        </li>
    })
}
