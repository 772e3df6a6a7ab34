//! `/login` and `/setup`: how people come in.

use leptos::prelude::*;

use super::passkey::{Offer, impossible_note};
use crate::base_path::at;
use crate::components::{Field, FormMistake, Mistake, Plain};
use crate::erase::{Erased, erase};
use crate::text::{self, tr};

/// The ids of the fields, by which a mistake names them.
pub const NAME: &str = "name";
pub const PASSWORD: &str = "password";
pub const AGAIN: &str = "password-again";
pub const CODE: &str = "code";

/// A login that is shown for the first time, or again after a mistake.
#[derive(Default)]
pub struct LoginForm {
    /// The name that was typed.
    pub name: String,
    /// The path that the login leads on to.
    pub next: String,
    /// Whether others on the network could read what is sent.
    pub is_readable_by_others: bool,
    /// The name of the provider by which people can log in as well.
    pub provider: Option<String>,
    /// Whether people can log in with a passkey as well.
    pub passkeys: Offer,
    /// Why there was no login.
    pub mistake: Option<Mistake>,
}

/// The form to log in.
#[component]
pub fn LoginPage(
    /// The form's data.
    form: LoginForm,
) -> impl IntoView {
    let LoginForm { name, next, is_readable_by_others, provider, passkeys, mistake } = form;
    let passkey = (passkeys == Offer::Passkeys).then(|| passkey_form(next.clone()));
    let of = |field| Mistake::of(mistake.as_ref(), field);
    let body = erase(view! {
        {form_mistake(mistake.as_ref())}
        {is_readable_by_others.then(unencrypted)}
        <form class="account-form" method="post" action=at("/login")>
            <input type="hidden" name="next" value=next.clone() />
            <Field
                id=NAME
                name="name"
                label=tr!(name)
                autocomplete="username"
                value=name
                first=mistake.is_none()
            />
            <Field
                id=PASSWORD
                name="password"
                label=tr!(password)
                kind="password"
                autocomplete="current-password"
                mistake=of(PASSWORD)
            />
            <p>
                <button class="button" data-kind="primary" type="submit">
                    {tr!(log_in)}
                </button>
            </p>
        </form>
        {passkey}
        {impossible_note(passkeys)}
        {provider.map(|name| view! { <ProviderForm name next /> })}
    });
    view! { <Plain heading=tr!(log_in) body /> }
}

/// The making of the first account, shown for the first time, or again after a mistake.
#[derive(Default)]
pub struct SetUpForm {
    /// The code that was typed, unless it was wrong.
    pub code: String,
    /// The name that was typed.
    pub name: String,
    /// Whether others on the network could read what is sent.
    pub is_readable_by_others: bool,
    /// The name of the provider whose people may make the first account.
    pub provider: Option<String>,
    /// Whether the account can get a passkey.
    pub passkeys: Offer,
    /// Why there is no account yet.
    pub mistake: Option<Mistake>,
}

/// The form that makes the first account.
#[component]
pub fn SetUpPage(
    /// The form's data.
    form: SetUpForm,
) -> impl IntoView {
    let SetUpForm { code, name, is_readable_by_others, provider, passkeys, mistake } = form;
    let of = |field| Mistake::of(mistake.as_ref(), field);
    let with_passkey = (passkeys == Offer::Passkeys).then(set_up_with_passkey);
    let body = erase(view! {
        {form_mistake(mistake.as_ref())}
        <p>{tr!(set_up_what)}</p>
        {is_readable_by_others.then(unencrypted)}
        <form class="account-form" method="post" action=at("/setup")>
            <Field
                id=CODE
                name="code"
                label=tr!(set_up_code)
                autocomplete="one-time-code"
                value=code
                hint=Some(tr!(set_up_code_where).to_owned())
                mistake=of(CODE)
                first=mistake.is_none()
            />
            <Field
                id=NAME
                name="name"
                label=tr!(name)
                autocomplete="username"
                value=name
                mistake=of(NAME)
            />
            <NewPasswordFields mistake=mistake.clone() />
            <p>
                <button class="button" data-kind="primary" type="submit">
                    {tr!(set_up_do)}
                </button>
            </p>
            {with_passkey}
            {impossible_note(passkeys)}
        </form>
        {provider.map(|name| view! { <ProviderForm name next=String::new() /> })}
    });
    view! { <Plain heading=tr!(set_up) body /> }
}

/// The button that logs in with a passkey. It is a form, like the one of a provider of identities.
fn passkey_form(next: String) -> Erased {
    erase(view! {
        <form method="post" action=at("/login/passkey")>
            <input type="hidden" name="next" value=next />
            <button class="button" type="submit">
                {tr!(passkey_log_in)}
            </button>
        </form>
    })
}

/// The button that makes the first account with a passkey. The password may then be left empty, so the
/// browser must not ask for it.
fn set_up_with_passkey() -> Erased {
    erase(view! {
        <p id="set-up-passkey">{tr!(set_up_passkey_what)}</p>
        <p>
            <button
                class="button"
                type="submit"
                formaction=at("/setup/passkey")
                formnovalidate
                aria-describedby="set-up-passkey"
            >
                {tr!(set_up_passkey)}
            </button>
        </p>
    })
}

/// The button that logs in with a provider of identities. It is a form and no link, because another
/// site must not be able to begin a login.
#[component]
fn ProviderForm(
    /// What people call the provider.
    name: String,
    /// The path that the login leads on to.
    next: String,
) -> impl IntoView {
    view! {
        <form method="post" action=at("/login/provider")>
            <input type="hidden" name="next" value=next />
            <button class="button" type="submit">
                {tr!(provider_log_in, name = name)}
            </button>
        </form>
    }
}

/// The page that leads on to the provider: by itself, which a header of its response does, or by its
/// link.
#[component]
pub fn OnwardPage(
    /// What people call the provider.
    name: String,
    /// The address there.
    location: String,
) -> impl IntoView {
    view! {
        <main class="plain">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{tr!(provider_onward, name = &name)}</h1>
            <p>{tr!(provider_onward_what)}</p>
            <p class="actions">
                <a class="button" href=location>
                    {tr!(provider_log_in, name = &name)}
                </a>
            </p>
        </main>
    }
}

/// The two fields of a new password, which is typed twice because nobody sees it.
#[component]
pub fn NewPasswordFields(
    /// What was wrong with the form.
    mistake: Option<Mistake>,
    /// The words beside the first field.
    #[prop(default = tr!(password))]
    label: &'static str,
) -> impl IntoView {
    view! {
        <Field
            id=PASSWORD
            name="password"
            label=label
            kind="password"
            autocomplete="new-password"
            hint=Some(text::password_rule())
            mistake=Mistake::of(mistake.as_ref(), PASSWORD)
        />
        <Field
            id=AGAIN
            name="again"
            label=tr!(password_again)
            kind="password"
            autocomplete="new-password"
            mistake=Mistake::of(mistake.as_ref(), AGAIN)
        />
    }
}

/// The note about a mistake that is no field's.
pub fn form_mistake(mistake: Option<&Mistake>) -> Option<Erased> {
    let words = Mistake::of(mistake, Mistake::FORM)?;
    Some(erase(view! { <FormMistake words /> }))
}

fn unencrypted() -> Erased {
    erase(view! {
        <p class="unencrypted">
            <strong>{tr!(unencrypted)}</strong>
            " "
            {tr!(unencrypted_why)}
        </p>
    })
}
