//! What the configuration says about the provider.

use openidconnect::url::{Host, Url};
use provider::Secret;

use crate::claims::ClaimRules;
use crate::redirect::Origin;

/// The provider, and what this server is at it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer: an address exactly as the provider writes it, with or without a slash at its end.
    /// Invariant: [`check_issuer`] accepts it.
    pub issuer: String,
    /// The name of this server at the provider.
    pub client_id: String,
    /// Its secret there; `None` for a public client, which PKCE protects.
    pub client_secret: Option<Secret>,
    /// What people call the provider.
    pub name: String,
    /// The scopes that are asked for, beside `openid`.
    pub scopes: Vec<String>,
    /// Who may come in.
    pub allow: ClaimRules,
    /// Whose account is an owner's when it is made.
    pub owner: ClaimRules,
    /// The address by which browsers reach this server, if it is not to be taken from their requests.
    pub public_origin: Option<Origin>,
}

/// Why a text is no issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// It is no address.
    #[error("not an address such as \"https://login.example/realms/home\"")]
    Address,
    /// It has a part that an issuer cannot have (OpenID Connect Discovery 1.0, section 3).
    #[error("an issuer has no login, query or fragment")]
    Parts,
    /// Somebody on the way could answer in the provider's name.
    #[error("an issuer needs https, unless it is on this machine")]
    Unencrypted,
}

/// Checks an issuer. Without encryption anybody on the way could send keys of their own, and with them
/// any person, so that is possible on this machine only.
pub fn check_issuer(text: &str) -> Result<(), IssuerError> {
    let url = Url::parse(text).map_err(|_| IssuerError::Address)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(IssuerError::Address);
    }
    let has_login = !url.username().is_empty() || url.password().is_some();
    if has_login || url.query().is_some() || url.fragment().is_some() {
        return Err(IssuerError::Parts);
    }
    if is_safe(&url) { Ok(()) } else { Err(IssuerError::Unencrypted) }
}

/// Whether nobody on the way can read or change what is sent to an address.
pub(crate) fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        },
        _ => false,
    }
}

/// The host of an issuer, by which it is called where it has no other name.
pub fn host_of(issuer: &str) -> String {
    let url = Url::parse(issuer).ok();
    url.as_ref().and_then(Url::host_str).unwrap_or(issuer).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_encrypted_or_on_this_machine() {
        for good in [
            "https://accounts.google.com",
            "https://login.example/realms/home",
            "https://auth.example/application/o/companion/",
            "http://127.0.0.1:9000",
            "http://localhost:8080/realms/x",
            "http://[::1]:8080",
        ] {
            assert_eq!(check_issuer(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", IssuerError::Address),
            ("login.example", IssuerError::Address),
            ("ftp://login.example", IssuerError::Address),
            ("https://me:word@login.example", IssuerError::Parts),
            ("https://login.example/?a=b", IssuerError::Parts),
            ("https://login.example/#a", IssuerError::Parts),
            ("http://login.example", IssuerError::Unencrypted),
            ("http://10.0.0.1", IssuerError::Unencrypted),
            ("http://localhost.example", IssuerError::Unencrypted),
        ] {
            assert_eq!(check_issuer(bad), Err(why), "{bad}");
        }
        assert_eq!(host_of("https://login.example:8443/realms/home"), "login.example");
    }
}
