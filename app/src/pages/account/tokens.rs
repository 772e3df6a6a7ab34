//! The API tokens on the page of the own account.

use accounts::{ApiToken, Scopes, Secret};
use leptos::prelude::*;
use protocol::{AccountRole, Timestamp};

use crate::base_path::at;
use crate::components::{Field, Mistake, Moment};
use crate::erase::{Erased, erase};
use crate::text::{self, tr};

/// For how many days a token may be valid.
pub const DAYS: [u32; 4] = [7, 30, 90, 365];

/// The ids of the fields, by which a mistake names them.
pub const TOKEN_NAME: &str = "token-name";
pub const SCOPES: &str = "token-scopes";

/// The form that makes a token, as it was filled in.
pub struct TokenForm {
    pub name: String,
    pub scopes: Scopes,
    pub days: u32,
    pub mistake: Option<Mistake>,
}

impl Default for TokenForm {
    fn default() -> Self {
        let scopes = Scopes { read: true, ..Scopes::default() };
        Self { name: String::new(), scopes, days: 30, mistake: None }
    }
}

/// The tokens, and the form that makes one.
pub(super) fn tokens_section(
    tokens: Vec<ApiToken>,
    form: TokenForm,
    role: AccountRole,
    now: Timestamp,
) -> Erased {
    let none = tokens.is_empty().then(|| view! { <p class="quiet">{tr!(tokens_none)}</p> });
    let rows: Vec<_> = tokens.iter().map(|token| row(token, now)).collect();
    let rows = (!rows.is_empty()).then(|| view! { <ul class="rows">{rows}</ul> });
    erase(view! {
        <section id="tokens" aria-labelledby="tokens-heading">
            <h2 id="tokens-heading">{tr!(tokens)}</h2>
            <p>{tr!(tokens_what)} " " <code>"Authorization: Bearer TOKEN"</code></p>
            {none}
            {rows}
            <h3>{tr!(token_make)}</h3>
            {token_form(form, role)}
        </section>
    })
}

fn row(token: &ApiToken, now: Timestamp) -> Erased {
    let name = token.name.as_str().to_owned();
    let until = if token.expires_at <= now { tr!(token_expired) } else { tr!(token_until) };
    let used = match token.used_at {
        Some(at) => erase(view! {
            {tr!(last_used)}
            " "
            <Moment at />
        }),
        None => erase(tr!(token_unused)),
    };
    erase(view! {
        <li>
            <div>
                <p class="row-title">{name.clone()}</p>
                <p class="quiet">{allowed(token.scopes)}</p>
                <p class="quiet">{until} " " <Moment at=token.expires_at /> " · " {used}</p>
            </div>
            <form method="post" action=at("/account/tokens/revoke")>
                <input type="hidden" name="token" value=token.id.0.to_string() />
                <button class="button" type="submit" aria-label=tr!(token_revoke_of, name = name)>
                    {tr!(token_revoke)}
                </button>
            </form>
        </li>
    })
}

/// What a token allows, in words.
fn allowed(scopes: Scopes) -> String {
    let Scopes { read, write, admin } = scopes;
    let words = [
        read.then_some(tr!(scope_read)),
        write.then_some(tr!(scope_write)),
        admin.then_some(tr!(scope_admin)),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn token_form(form: TokenForm, role: AccountRole) -> Erased {
    let TokenForm { name, scopes, days, mistake } = form;
    let wrong_scopes = Mistake::of(mistake.as_ref(), SCOPES);
    let scope = |name: &'static str, checked, words, first: bool| {
        view! {
            <label class="choice">
                <input
                    type="checkbox"
                    name=name
                    value="on"
                    checked=checked
                    autofocus=first && wrong_scopes.is_some()
                    aria-describedby=wrong_scopes.as_ref().map(|_| "token-scopes-mistake")
                />
                {words}
            </label>
        }
    };
    // A member's token could not use it.
    let admin =
        (role == AccountRole::Owner).then(|| scope("admin", scopes.admin, tr!(scope_admin), false));
    let choices: Vec<_> = DAYS
        .into_iter()
        .map(|choice| {
            view! {
                <option value=choice.to_string() selected=choice == days>
                    {tr!(token_days, count = choice)}
                </option>
            }
        })
        .collect();
    let mistake_of_scopes = wrong_scopes.clone().map(|words| {
        view! {
            <p class="mistake" id="token-scopes-mistake">
                {words}
            </p>
        }
    });
    erase(view! {
        {super::form_mistake(mistake.as_ref())}
        <form class="account-form" method="post" action=at("/account/tokens")>
            <Field
                id=TOKEN_NAME
                name="name"
                label=tr!(name)
                autocomplete="off"
                value=name
                hint=Some(text::token_name_rule())
                mistake=Mistake::of(mistake.as_ref(), TOKEN_NAME)
            />
            <fieldset>
                <legend>{tr!(token_allows)}</legend>
                {scope("read", scopes.read, tr!(scope_read), true)}
                {scope("write", scopes.write, tr!(scope_write), false)}
                {admin}
                {mistake_of_scopes}
            </fieldset>
            <div class="labelled">
                <label for="token-days">{tr!(token_valid)}</label>
                <select id="token-days" name="days">
                    {choices}
                </select>
            </div>
            <p>
                <button class="button" type="submit">
                    {tr!(token_make)}
                </button>
            </p>
        </form>
    })
}

/// A new token with its secret, on the only page that shows it.
#[component]
pub(super) fn MadeToken(name: String, secret: Secret) -> impl IntoView {
    view! {
        <div class="note" data-kind="done" role="status">
            <p class="note-title">{tr!(token_made, name = name)}</p>
            <p id="token-once">{tr!(token_once)}</p>
            <div class="labelled">
                <label for="token-secret">{tr!(token_secret)}</label>
                <input
                    id="token-secret"
                    type="text"
                    readonly
                    autofocus=true
                    autocomplete="off"
                    spellcheck="false"
                    value=secret.reveal().to_owned()
                    aria-describedby="token-once"
                />
            </div>
        </div>
    }
}
