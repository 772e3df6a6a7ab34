//! The passkeys on the page of the own account.

use accounts::Passkey;
use leptos::prelude::*;

use super::super::passkey::{Offer, impossible_note};
use super::{PASSKEY_NAME, PASSKEY_PASSWORD, UserName};
use crate::base_path::at;
use crate::components::{Field, Mistake, Moment};
use crate::erase::{Erased, erase};
use crate::text::{self, tr};

/// What the section shows.
pub struct PasskeysSection {
    /// The account's name, for password managers.
    pub name: String,
    /// The passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
    /// Whether another one can be made here.
    pub offer: Offer,
    /// The name of this server under which the page was asked for.
    pub host: Option<String>,
    /// What the next one is called unless its owner changes that.
    pub next_name: String,
    /// Whether the account has a password, which is asked for.
    pub has_password: bool,
    /// Whether a passkey can be removed: the only way into an account cannot.
    pub can_remove: bool,
}

/// The passkeys, and the form that makes another one.
pub(super) fn passkeys_section(section: PasskeysSection, mistake: Option<&Mistake>) -> Erased {
    let PasskeysSection { name, passkeys, offer, host, next_name, has_password, can_remove } =
        section;
    let note = match (passkeys.is_empty(), can_remove) {
        (true, _) => tr!(passkeys_what),
        (false, true) => tr!(passkey_remove_what),
        (false, false) => tr!(passkey_last),
    };
    let rows: Vec<_> =
        passkeys.iter().map(|passkey| row(passkey, host.as_deref(), can_remove)).collect();
    let rows = (!rows.is_empty()).then(|| view! { <ul class="rows">{rows}</ul> });
    let form = (offer == Offer::Passkeys).then(|| form(name, next_name, has_password, mistake));
    erase(view! {
        <section id="passkeys" aria-labelledby="passkeys-heading">
            <h2 id="passkeys-heading">{tr!(passkeys)}</h2>
            <p>{note}</p>
            {rows}
            {impossible_note(offer)}
            {form}
        </section>
    })
}

fn form(name: String, next_name: String, has_password: bool, mistake: Option<&Mistake>) -> Erased {
    let password = has_password.then(|| {
        view! {
            <UserName name />
            <Field
                id=PASSKEY_PASSWORD
                name="password"
                label=tr!(password)
                kind="password"
                autocomplete="current-password"
                mistake=Mistake::of(mistake, PASSKEY_PASSWORD)
            />
        }
    });
    erase(view! {
        <form class="account-form" method="post" action=at("/account/passkeys")>
            <input type="hidden" name="do" value="add" />
            <Field
                id=PASSKEY_NAME
                name="name"
                label=tr!(passkey_called)
                autocomplete="off"
                value=next_name
                hint=Some(text::passkey_name_rule())
                mistake=Mistake::of(mistake, PASSKEY_NAME)
            />
            {password}
            <p>
                <button class="button" type="submit">
                    {tr!(passkey_add)}
                </button>
            </p>
        </form>
    })
}

fn row(passkey: &Passkey, host: Option<&str>, can_remove: bool) -> Erased {
    let name = passkey.name.as_str().to_owned();
    let used = match passkey.used_at {
        Some(at) => erase(view! {
            {tr!(last_used)}
            " "
            <Moment at />
        }),
        None => erase(tr!(token_unused)),
    };
    // Under another name of this server the browser does not offer it.
    let elsewhere = (host != Some(passkey.host.as_str())).then(|| {
        view! { <p class="quiet">{tr!(passkey_host, host = &passkey.host)}</p> }
    });
    let remove = can_remove.then(|| {
        view! {
            <form method="post" action=at("/account/passkeys")>
                <input type="hidden" name="do" value="remove" />
                <input type="hidden" name="passkey" value=passkey.id.0.to_string() />
                <button
                    class="button"
                    type="submit"
                    aria-label=tr!(passkey_remove_of, name = &name)
                >
                    {tr!(passkey_remove)}
                </button>
            </form>
        }
    });
    erase(view! {
        <li>
            <div>
                <p class="row-title">{name.clone()}</p>
                <p class="quiet">
                    {tr!(passkey_made)} " " <Moment at=passkey.created_at /> " · " {used}
                </p>
                {elsewhere}
            </div>
            {remove}
        </li>
    })
}
