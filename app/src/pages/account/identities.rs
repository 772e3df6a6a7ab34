//! The connection with a provider of identities on the page of the own account.

use accounts::{ConnectedIdentity, Identity};
use leptos::prelude::*;
use oidc::host_of;

use crate::base_path::at;
use crate::components::Moment;
use crate::erase::{Erased, erase};
use crate::text::tr;

/// The connections, and the button that makes one; `None` where there is neither. `provider` is the
/// issuer and the name of the provider that is configured. `has_other` says whether there is another way
/// into the account.
pub(super) fn identities_section(
    identities: Vec<ConnectedIdentity>,
    provider: Option<(String, String)>,
    has_other: bool,
) -> Option<Erased> {
    if identities.is_empty() && provider.is_none() {
        return None;
    }
    let is_known =
        |issuer: &str| identities.iter().any(|connected| connected.identity.issuer == issuer);
    let connect = provider.as_ref().filter(|(issuer, _)| !is_known(issuer));
    let connect = connect.map(|(_, name)| {
        view! {
            <form method="post" action=at("/account/identities")>
                <input type="hidden" name="do" value="connect" />
                <button class="button" type="submit">
                    {tr!(identity_connect, name = name)}
                </button>
            </form>
        }
    });
    let note = match (identities.is_empty(), has_other) {
        (true, _) => tr!(identities_what),
        (false, true) => tr!(identity_disconnect_what),
        (false, false) => tr!(identity_last),
    };
    let name_of = |issuer: &str| match &provider {
        Some((known, name)) if known == issuer => name.clone(),
        _ => host_of(issuer),
    };
    let rows: Vec<_> = identities
        .iter()
        .map(|connected| row(connected, name_of(&connected.identity.issuer), has_other))
        .collect();
    let rows = (!rows.is_empty()).then(|| view! { <ul class="rows">{rows}</ul> });
    Some(erase(view! {
        <section id="identities" aria-labelledby="identities-heading">
            <h2 id="identities-heading">{tr!(identities)}</h2>
            <p>{note}</p>
            {rows}
            {connect}
        </section>
    }))
}

fn row(connected: &ConnectedIdentity, name: String, can_go: bool) -> Erased {
    let Identity { issuer, subject } = connected.identity.clone();
    let disconnect = can_go.then(|| {
        view! {
            <form method="post" action=at("/account/identities")>
                <input type="hidden" name="do" value="disconnect" />
                <input type="hidden" name="issuer" value=issuer />
                <input type="hidden" name="subject" value=subject />
                <button
                    class="button"
                    type="submit"
                    aria-label=tr!(identity_disconnect_of, name = &name)
                >
                    {tr!(identity_disconnect)}
                </button>
            </form>
        }
    });
    erase(view! {
        <li>
            <div>
                <p class="row-title">{name.clone()}</p>
                <p class="quiet">{tr!(identity_since)} " " <Moment at=connected.connected_at /></p>
            </div>
            {disconnect}
        </li>
    })
}
