//! The page on which the browser is asked for a passkey, and the words about where there are none.

use leptos::prelude::*;
use passkeys::SiteError;

use crate::base_path::at;
use crate::erase::{Erased, erase};
use crate::text::{self, tr};

/// Asks the browser, and sends its answer with the page's form. The only script of the pages that only
/// the server renders, beside that of a logout below a base path.
const SCRIPT: &str = include_str!("passkey.js");

/// Whether a page offers passkeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Offer {
    /// It does.
    Passkeys,
    /// Browsers have none at this address, and the page says why.
    Impossible(SiteError),
    /// There is nothing to say about them.
    #[default]
    Nothing,
}

/// What the browser is asked.
pub struct Challenge {
    /// The options of WebAuthn, as JSON.
    pub options: String,
    /// By what the challenge is found.
    pub state: String,
    /// Whether a passkey is made, and not used.
    pub is_new: bool,
    /// The path to which the answer is sent.
    pub action: &'static str,
    /// The path of the page to which a reader goes back who has no passkey.
    pub back: &'static str,
    /// The nonce of the page's script.
    pub nonce: String,
}

/// The page that asks for a passkey, at once and when its button is pressed.
#[component]
pub fn PasskeyPage(
    /// What the browser is asked.
    challenge: Challenge,
) -> impl IntoView {
    let Challenge { options, state, is_new, action, back, nonce } = challenge;
    let (what, button) = match is_new {
        true => (tr!(passkey_make_what), tr!(passkey_make)),
        false => (tr!(passkey_use_what), tr!(passkey_use)),
    };
    view! {
        <main class="plain">
            <p class="wordmark">{text::PRODUCT}</p>
            <h1>{button}</h1>
            <p>{what}</p>
            <p
                class="mistake"
                id="passkey-failure"
                role="alert"
                hidden
                data-cancelled=tr!(passkey_cancelled)
                data-known=tr!(passkey_known)
                data-missing=tr!(passkey_missing)
                data-other=tr!(passkey_other)
            ></p>
            <noscript>
                <p class="mistake">{tr!(passkey_no_script)}</p>
            </noscript>
            <form id="passkey" method="post" action=at(action) data-options=options>
                <input type="hidden" name="state" value=state />
                <input type="hidden" name="answer" value="" />
                <button class="button" data-kind="primary" type="button" hidden>
                    {button}
                </button>
            </form>
            <nav class="plain-links" aria-label=tr!(pages)>
                <a href=at(back)>{tr!(back_to_page)}</a>
            </nav>
            <script type="module" nonce=nonce inner_html=SCRIPT></script>
        </main>
    }
}

/// Why browsers have no passkeys at this address.
pub fn impossible(error: SiteError) -> &'static str {
    match error {
        SiteError::NoName => tr!(passkeys_no_name),
        SiteError::Unencrypted => tr!(passkeys_unencrypted),
        SiteError::Invalid => tr!(passkeys_invalid),
    }
}

/// The note about an address without passkeys, where a page says anything about them.
pub fn impossible_note(offer: Offer) -> Option<Erased> {
    let Offer::Impossible(error) = offer else { return None };
    Some(erase(view! {
        <p class="quiet" data-passkeys="impossible">
            {impossible(error)}
        </p>
    }))
}
