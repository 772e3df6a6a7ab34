//! `/accounts`: the accounts of the installation, for its owners.

use accounts::Account;
use leptos::prelude::*;
use protocol::{AccountId, AccountRole};

use super::account::UserName;
use super::login::{NAME, PASSWORD, form_mistake};
use crate::base_path::at;
use crate::components::{DoneNote, Field, Mistake, Moment, Words};
use crate::erase::{Erased, erase};
use crate::text::{self, tr};

/// The form that adds an account, as it was filled in.
pub struct AddForm {
    pub name: String,
    pub role: AccountRole,
    pub mistake: Option<Mistake>,
}

impl Default for AddForm {
    fn default() -> Self {
        Self { name: String::new(), role: AccountRole::Member, mistake: None }
    }
}

/// All accounts, and the form that adds one.
#[component]
pub fn AccountsPage(
    /// The accounts; none before the first one is made.
    accounts: Vec<Account>,
    /// The reader's account.
    own: Option<AccountId>,
    /// What a form has done.
    done: Option<Words>,
    /// The form that adds an account.
    form: AddForm,
) -> impl IntoView {
    let is_first = accounts.is_empty();
    let rows: Vec<_> = accounts.into_iter().map(|account| row(&account, own)).collect();
    let list = (!is_first).then(|| view! { <ul class="rows">{rows}</ul> });
    let (heading, what) = match is_first {
        true => (tr!(accounts_first), tr!(accounts_first_what)),
        false => (tr!(accounts_add), tr!(accounts_add_what)),
    };
    view! {
        <main class="plain accounts">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(accounts)}</h1>
            {done.map(|words| view! { <DoneNote words=words() /> })}
            {list}
            <section aria-labelledby="add-heading">
                <h2 id="add-heading">{heading}</h2>
                <p>{what}</p>
                {add_form(form, is_first)}
            </section>
            <nav class="plain-links" aria-label=tr!(pages)>
                <a href=at("/")>{tr!(to_home)}</a>
                <a href=at("/account")>{tr!(account)}</a>
                <a href=at("/accounts/audit")>{tr!(audit)}</a>
            </nav>
        </main>
    }
}

/// All that an owner sees of an account's conversations and shares.
pub struct Usage {
    pub conversations: u64,
    /// In the database; `None` if adding them up takes too long.
    pub bytes: Option<u64>,
    pub shares: u32,
}

fn row(account: &Account, own: Option<AccountId>) -> Erased {
    let name = account.name.as_str().to_owned();
    let tags = [
        Some(text::role(account.role)),
        account.disabled.then_some(tr!(account_disabled)),
        (own == Some(account.id)).then_some(tr!(account_own)),
    ];
    let tags: Vec<_> = tags
        .into_iter()
        .flatten()
        .map(|tag| view! { <span class="row-tag">{tag}</span> })
        .collect();
    erase(view! {
        <li>
            <div>
                <p class="row-title">{name.clone()} {tags}</p>
                <p class="quiet">{tr!(account_since)} " " <Moment at=account.created_at /></p>
            </div>
            <a
                class="button"
                href=at(&format!("/accounts/change?id={}", account.id))
                aria-label=tr!(account_change_of, name = name)
            >
                {tr!(account_change)}
            </a>
        </li>
    })
}

fn add_form(form: AddForm, is_first: bool) -> Erased {
    let AddForm { name, role, mistake } = form;
    let role = if is_first {
        erase(view! { <input type="hidden" name="role" value="owner" /> })
    } else {
        role_choice(role)
    };
    erase(view! {
        {form_mistake(mistake.as_ref())}
        <form class="account-form" method="post" action=at("/accounts")>
            <Field
                id=NAME
                name="name"
                label=tr!(name)
                // Not `username`: password managers would offer the reader's own.
                autocomplete="off"
                value=name
                mistake=Mistake::of(mistake.as_ref(), NAME)
            />
            {role}
            {one_password(tr!(password), mistake.as_ref())}
            <p>
                <button class="button" type="submit">
                    {tr!(accounts_add)}
                </button>
            </p>
        </form>
    })
}

/// A password for somebody else is typed once, because it has to be told anyway.
fn one_password(label: &'static str, mistake: Option<&Mistake>) -> Erased {
    erase(view! {
        <Field
            id=PASSWORD
            name="password"
            label
            kind="password"
            autocomplete="new-password"
            hint=Some(text::password_rule())
            mistake=Mistake::of(mistake, PASSWORD)
        />
    })
}

fn role_choice(chosen: AccountRole) -> Erased {
    let choice = |role: AccountRole, value: &'static str, words: &'static str| {
        view! {
            <label class="choice">
                <input type="radio" name="role" value=value checked=role == chosen />
                {words}
            </label>
        }
    };
    erase(view! {
        <fieldset>
            <legend>{tr!(role)}</legend>
            {choice(AccountRole::Member, "member", tr!(role_member_what))}
            {choice(AccountRole::Owner, "owner", tr!(role_owner_what))}
        </fieldset>
    })
}

/// One account, with the forms that change it.
#[component]
pub fn ChangePage(
    /// The account.
    account: Account,
    /// `None` if it could not be read.
    usage: Option<Usage>,
    /// What was wrong with the form that was sent.
    mistake: Option<Mistake>,
) -> impl IntoView {
    let name = account.name.as_str().to_owned();
    let id = account.id.to_string();
    let (others, words) = match account.disabled {
        true => ("enable", (tr!(account_enable), tr!(account_enable_what))),
        false => ("disable", (tr!(account_disable), tr!(account_disable_what))),
    };
    let hidden = |action: &'static str| {
        view! {
            <input type="hidden" name="do" value=action />
            <input type="hidden" name="id" value=id.clone() />
        }
    };
    view! {
        <main class="plain accounts">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{name.clone()}</h1>
            <p class="quiet">
                {tr!(account_since)} " " <Moment at=account.created_at />
                {usage
                    .map(|usage| {
                        view! {
                            <br />
                            {text::account_usage(usage.conversations, usage.bytes)}
                            <br />
                            {tr!(account_shares, count = usage.shares)}
                        }
                    })}
            </p>
            {form_mistake(mistake.as_ref())}
            <section>
                <form class="account-form" method="post" action=at("/accounts/change")>
                    {hidden("role")}
                    {role_choice(account.role)}
                    <p>
                        <button class="button" type="submit">
                            {tr!(role_change)}
                        </button>
                    </p>
                </form>
            </section>
            <section aria-labelledby="reset-heading">
                <h2 id="reset-heading">{tr!(password_reset)}</h2>
                <p>{tr!(password_reset_what)}</p>
                <form class="account-form" method="post" action=at("/accounts/change")>
                    {hidden("password")}
                    <UserName name />
                    {one_password(tr!(password_new), mistake.as_ref())}
                    <p>
                        <button class="button" type="submit">
                            {tr!(password_reset)}
                        </button>
                    </p>
                </form>
            </section>
            <section aria-labelledby="disable-heading">
                <h2 id="disable-heading">{words.0}</h2>
                <p>{words.1}</p>
                <form method="post" action=at("/accounts/change")>
                    {hidden(others)}
                    <button
                        class="button"
                        type="submit"
                        data-kind=(!account.disabled).then_some("danger")
                    >
                        {words.0}
                    </button>
                </form>
            </section>
            <nav class="plain-links" aria-label=tr!(pages)>
                <a href=at("/accounts")>{tr!(accounts)}</a>
            </nav>
        </main>
    }
}
