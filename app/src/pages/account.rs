//! `/account`: the own account, its password, its sessions and its API tokens.

use accounts::{ApiToken, ConnectedIdentity, Secret, Session, SessionId, Via};
use leptos::prelude::*;
use protocol::{AccountRole, Timestamp};

use super::login::{NewPasswordFields, form_mistake};
use crate::base_path::at;
use crate::components::{DoneNote, Field, LogOut, Mistake, Words};
use crate::erase::{Erased, erase};
use crate::text::{self, tr};

mod identities;
mod passkeys;
mod sessions;
mod tokens;

pub use self::passkeys::PasskeysSection;
use self::passkeys::passkeys_section;
use identities::identities_section;
use sessions::sessions_section;
pub use tokens::{DAYS, SCOPES, TOKEN_NAME, TokenForm};
use tokens::{MadeToken, tokens_section};

/// The id of the field with the old password.
pub const OLD: &str = "old";
/// The ids of the fields of a new passkey.
pub const PASSKEY_NAME: &str = "passkey-name";
pub const PASSKEY_PASSWORD: &str = "passkey-password";

/// By what the reader is let in.
pub enum Reader {
    /// By being at the server's own machine.
    AtMachine {
        /// Whether there is an account.
        is_set_up: bool,
    },
    /// By an account.
    Account(Box<OwnAccount>),
}

/// The own account.
pub struct OwnAccount {
    pub name: String,
    pub role: AccountRole,
    pub via: Via,
    /// Whether it can be used with a password.
    pub has_password: bool,
    /// The identities by which it can be used, the oldest first.
    pub identities: Vec<ConnectedIdentity>,
    /// The passkeys by which it can be used.
    pub passkeys: PasskeysSection,
    /// The issuer and the name of the provider with which it can be connected.
    pub provider: Option<(String, String)>,
    /// The sessions, the last used first.
    pub sessions: Vec<Session>,
    /// The API tokens, the oldest first.
    pub tokens: Vec<ApiToken>,
}

/// What a form of the page has done.
#[derive(Default)]
pub struct Outcome {
    /// What was done, after the redirect of a form.
    pub done: Option<Words>,
    /// A mistake in the form that changes the password, or in another one.
    pub mistake: Option<Mistake>,
    /// The form that makes a token, as it was filled in.
    pub token: TokenForm,
    /// A token that was made. This is the only page that shows its secret.
    pub made: Option<(ApiToken, Secret)>,
}

/// The page of the own account.
#[component]
pub fn AccountPage(
    /// By what the reader is let in.
    reader: Reader,
    /// What a form of the page has done.
    outcome: Outcome,
    /// The time, by which tokens have expired or not.
    now: Timestamp,
) -> impl IntoView {
    let Outcome { done, mistake, token, made } = outcome;
    let wrong = form_mistake(mistake.as_ref());
    let body = match reader {
        Reader::AtMachine { is_set_up } => at_machine(is_set_up),
        Reader::Account(account) => {
            let OwnAccount {
                name,
                role,
                via,
                has_password,
                identities,
                passkeys,
                provider,
                sessions,
                tokens,
            } = *account;
            let session = match via {
                Via::Session(id) => Some(id),
                Via::Token(_) | Via::Proxy(_) => None,
            };
            let has_passkeys = !passkeys.passkeys.is_empty();
            let passkeys = session.map(|_| passkeys_section(passkeys, mistake.as_ref()));
            erase(view! {
                <OwnName name=name.clone() role has_session=session.is_some() />
                {session.filter(|_| has_password).map(|_| password_section(name, mistake))}
                {passkeys}
                {session
                    .and_then(|_| {
                        identities_section(identities, provider, has_password || has_passkeys)
                    })}
                {session.map(|id: SessionId| sessions_section(sessions, id))}
                {tokens_section(tokens, token, role, now)}
            })
        }
    };
    let made = made.map(|(token, secret)| {
        view! { <MadeToken name=token.name.as_str().to_owned() secret /> }
    });
    view! {
        <main class="plain accounts">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(account)}</h1>
            {wrong}
            {done.map(|words| view! { <DoneNote words=words() /> })}
            {made}
            {body}
            <nav class="plain-links" aria-label=tr!(pages)>
                <a href=at("/")>{tr!(to_home)}</a>
                <a href=at("/settings")>{tr!(settings)}</a>
            </nav>
        </main>
    }
}

fn at_machine(is_set_up: bool) -> Erased {
    let (words, leads) = match is_set_up {
        false => (tr!(account_machine_first), tr!(accounts_first)),
        true => (tr!(account_machine_owner), tr!(accounts)),
    };
    erase(view! {
        <p>{tr!(account_machine)} " " {words}</p>
        <p class="actions">
            <a class="button" href=at("/accounts")>
                {leads}
            </a>
            {is_set_up
                .then(|| {
                    view! {
                        <a class="button" href=at("/login?next=/account")>
                            {tr!(log_in)}
                        </a>
                    }
                })}
        </p>
    })
}

/// Who is logged in, and the way out.
#[component]
fn OwnName(name: String, role: AccountRole, has_session: bool) -> impl IntoView {
    let accounts = (role == AccountRole::Owner).then(|| {
        view! {
            <a class="button" href=at("/accounts")>
                {tr!(accounts)}
            </a>
        }
    });
    let by_proxy = (!has_session).then(|| view! { <p>{tr!(account_proxy)}</p> });
    view! {
        <p class="row-title" data-account=text::role(role)>
            {name}
            <span class="row-tag">{text::role(role)}</span>
        </p>
        {by_proxy}
        <div class="actions">{accounts} {has_session.then(|| view! { <LogOut /> })}</div>
    }
}

fn password_section(name: String, mistake: Option<Mistake>) -> Erased {
    erase(view! {
        <section aria-labelledby="password-heading">
            <h2 id="password-heading">{tr!(password_change)}</h2>
            <p>{tr!(password_change_ends)}</p>
            <form class="account-form" method="post" action=at("/account/password")>
                <UserName name />
                <Field
                    id=OLD
                    name="old"
                    label=tr!(password_old)
                    kind="password"
                    autocomplete="current-password"
                    mistake=Mistake::of(mistake.as_ref(), OLD)
                />
                <NewPasswordFields mistake label=tr!(password_new) />
                <p>
                    <button class="button" type="submit">
                        {tr!(password_change)}
                    </button>
                </p>
            </form>
        </section>
    })
}

/// The name of the account whose password a form changes, for password managers alone: without it
/// they do not know which entry to change ("Password Form Styles that Chromium Understands").
#[component]
pub fn UserName(
    /// The account's name.
    name: String,
) -> impl IntoView {
    view! { <input type="text" name="username" autocomplete="username" value=name readonly hidden /> }
}
