//! The address to which the provider sends the browser back.

use openidconnect::url::Url;

/// The scheme, host and port under which a browser reaches this server.
///
/// It comes from the configuration, or from a request whose `Origin` and `Host` the server has
/// compared with its own names, so nobody can have a code sent to another site by a forged header.
/// The provider compares the whole address with those that are registered there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// A text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address such as \"https://companion.example\", without a path")]
pub struct OriginError;

impl Origin {
    /// Reads `https://host` or `http://host:port`; a slash at its end does not count.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text).map_err(|_| OriginError)?;
        let origin = url.origin();
        let bare = text.strip_suffix('/').unwrap_or(text);
        // A tuple origin is written without a path, a login and the port that the scheme implies.
        let is_bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && matches!(url.scheme(), "http" | "https")
            && !bare.ends_with('/');
        match is_bare && origin.is_tuple() {
            true => Ok(Self(origin.ascii_serialization())),
            false => Err(OriginError),
        }
    }

    /// The origin of a request. `origin` is its header `Origin`, which a browser sends with every
    /// form: it is what the browser itself calls this server, whatever proxies are between. `host` is
    /// its header `Host`, for programs. `secure` says whether the browser is known to use HTTPS.
    ///
    /// Invariant: the server has found both headers among its own names.
    pub fn of_request(origin: Option<&str>, host: &str, secure: bool) -> Result<Self, OriginError> {
        let (scheme, host) = match origin.map(|text| text.split_once("://").ok_or(OriginError)) {
            Some(parts) => parts?,
            None => ("http", host),
        };
        let scheme = if secure { "https" } else { scheme };
        Self::parse(&format!("{scheme}://{host}"))
    }

    /// The address of a path of this server.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path_and_no_usual_port() {
        for (text, origin) in [
            ("https://companion.example", "https://companion.example"),
            ("https://Companion.example/", "https://companion.example"),
            ("https://companion.example:443", "https://companion.example"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), origin);
        }
        for text in [
            "",
            "companion.example",
            "https://companion.example/chat",
            "https://companion.example//",
            "https://companion.example/?a",
            "https://companion.example/#",
            "https://me@companion.example",
            "ftp://companion.example",
            "null",
        ] {
            assert_eq!(Origin::parse(text), Err(OriginError), "{text}");
        }
    }

    /// open-webui/open-webui#12516: behind a proxy that encrypts, the address began with `http`.
    #[test]
    fn the_browser_knows_best_how_it_reaches_this_server() {
        let of = |origin: Option<&str>, secure| {
            Origin::of_request(origin, "127.0.0.1:3000", secure).map(|origin| origin.0)
        };
        assert_eq!(of(None, false).unwrap(), "http://127.0.0.1:3000");
        assert_eq!(of(None, true).unwrap(), "https://127.0.0.1:3000");
        let behind = Some("https://companion.example");
        assert_eq!(of(behind, false).unwrap(), "https://companion.example");
        assert_eq!(
            of(Some("http://companion.example"), true).unwrap(),
            "https://companion.example"
        );
        for origin in ["null", "https://companion.example/x", "https://"] {
            assert!(of(Some(origin), false).is_err(), "{origin}");
        }
    }
}
