//! `/accounts/audit`: what happened to accounts, for owners.

use std::collections::HashMap;

use accounts::{Account, AuditEntry, AuditKind};
use leptos::prelude::*;
use protocol::AccountId;

use crate::base_path::at;
use crate::components::Moment;
use crate::erase::{Erased, erase};
use crate::text::{self, tr};

/// A page of the audit.
pub struct Audit {
    /// The entries, the newest first.
    pub entries: Vec<AuditEntry>,
    /// All accounts, for their names.
    pub accounts: Vec<Account>,
    /// The position of the next page, if there is one.
    pub next_before: Option<i64>,
    /// Whether this is not the first page.
    pub is_later: bool,
}

/// The audit in words.
#[component]
pub fn AuditPage(
    /// The page of it.
    audit: Audit,
) -> impl IntoView {
    let Audit { entries, accounts, next_before, is_later } = audit;
    let names: HashMap<AccountId, String> = accounts
        .into_iter()
        .map(|account| (account.id, account.name.as_str().to_owned()))
        .collect();
    let none = entries.is_empty();
    let rows: Vec<_> = entries.iter().map(|entry| row(entry, &names)).collect();
    let rows = (!rows.is_empty()).then(|| view! { <ol class="rows">{rows}</ol> });
    let link = |address: String, words: &'static str| {
        view! {
            <a class="button" href=address>
                {words}
            </a>
        }
    };
    let newest = is_later.then(|| link(at("/accounts/audit"), tr!(audit_newest)));
    let older = next_before
        .map(|before| link(at(&format!("/accounts/audit?before={before}")), tr!(audit_older)));
    view! {
        <main class="plain accounts">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(audit)}</h1>
            <p>{tr!(audit_what)}</p>
            {none.then(|| view! { <p>{tr!(audit_none)}</p> })}
            {rows}
            <p class="actions">{newest} {older}</p>
            <nav class="plain-links" aria-label=tr!(pages)>
                <a href=at("/accounts")>{tr!(accounts)}</a>
            </nav>
        </main>
    }
}

fn row(entry: &AuditEntry, names: &HashMap<AccountId, String>) -> Erased {
    let name = |id: AccountId| names.get(&id).cloned().unwrap_or_else(|| format!("#{id}"));
    let note = entry.note;
    let account = match (entry.account, note.kind) {
        (Some(id), _) => Some(name(id)),
        // Names that nobody has are not noted: somebody may have typed a password there.
        (None, AuditKind::LoginFailed) => Some(tr!(audit_unknown_name).to_owned()),
        (None, _) => None,
    };
    let by = match note.by {
        Some(id) if entry.account != Some(id) => Some(tr!(audit_by, name = name(id))),
        _ => None,
    };
    let from = match note.from {
        Some(address) => tr!(audit_from, address = address.to_canonical()),
        None => tr!(audit_command_line).to_owned(),
    };
    let parts: Vec<_> = by.into_iter().chain([from]).collect();
    erase(view! {
        <li data-kind=note.kind.name()>
            <div>
                <p class="row-title">
                    {text::audit(note.kind)}
                    {account.map(|name| view! { <span class="row-name">{name}</span> })}
                </p>
                <p class="quiet">{parts.join(" · ")} " · " <Moment at=note.at /></p>
            </div>
        </li>
    })
}
