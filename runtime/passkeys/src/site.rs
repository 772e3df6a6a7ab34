//! The name for which a passkey is made, and where there can be passkeys at all.

use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

/// What the browser's own dialogs call this server.
const NAME: &str = "Companion";

/// An address at which browsers make and use passkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    origin: Url,
    host: String,
}

/// Why browsers make no passkeys at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// It is an IP address. The identifier of a relying party is a domain (WebAuthn, section 5.1.2).
    #[error("passkeys need a name, and this is an IP address")]
    NoName,
    /// It is not encrypted and not this machine's: no secure context.
    #[error("passkeys need HTTPS")]
    Unencrypted,
    /// It is no address of a site.
    #[error("this is no address of a site")]
    Invalid,
}

impl Site {
    /// The site with this origin, such as `https://companion.example` or `http://localhost:3000`.
    ///
    /// Invariant: the server answers to this name, which it has checked.
    pub fn of(origin: &str) -> Result<Self, SiteError> {
        let origin = Url::parse(origin).map_err(|_| SiteError::Invalid)?;
        if !matches!(origin.scheme(), "http" | "https") || origin.host().is_none() {
            return Err(SiteError::Invalid);
        }
        let Some(host) = origin.domain().map(ToOwned::to_owned) else {
            return Err(SiteError::NoName);
        };
        // Browsers take these names for the machine itself (W3C, "Secure Contexts", section 3.1).
        let is_machine = host == "localhost" || host.ends_with(".localhost");
        if origin.scheme() == "http" && !is_machine {
            return Err(SiteError::Unencrypted);
        }
        Ok(Self { origin, host })
    }

    /// The name for which passkeys are made here. A passkey works at all ports and paths of the name,
    /// and at no other name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The checks for this site: exactly this origin, with its port, and no other name below it.
    pub(crate) fn checks(&self) -> Webauthn {
        WebauthnBuilder::new(&self.host, &self.origin)
            .and_then(|builder| builder.rp_name(NAME).build())
            .expect("the host is the origin's")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_passkeys_under_names_that_are_encrypted_or_this_machines() {
        for (origin, host) in [
            ("https://companion.example", "companion.example"),
            ("https://Companion.example:8443", "companion.example"),
            ("https://b\u{fc}ro.example", "xn--bro-hoa.example"),
            ("http://localhost:3000", "localhost"),
            ("http://dev.localhost:3000", "dev.localhost"),
            ("https://nas", "nas"),
        ] {
            assert_eq!(Site::of(origin).unwrap().host(), host, "{origin}");
            Site::of(origin).unwrap().checks();
        }
        for (origin, error) in [
            ("http://127.0.0.1:3000", SiteError::NoName),
            ("https://192.0.2.1", SiteError::NoName),
            ("http://[::1]:3000", SiteError::NoName),
            ("http://companion.example", SiteError::Unencrypted),
            ("http://localhost.example", SiteError::Unencrypted),
            ("http://notlocalhost", SiteError::Unencrypted),
            ("null", SiteError::Invalid),
            ("file:///tmp", SiteError::Invalid),
            ("ftp://companion.example", SiteError::Invalid),
        ] {
            assert_eq!(Site::of(origin), Err(error), "{origin}");
        }
    }
}
