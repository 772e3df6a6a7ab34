//! Checks that a sensitive request comes from this server's own pages, or from a program that is
//! not a browser.
//!
//! Source: "Cross-Site Request Forgery Prevention" of the OWASP cheat sheets, fetch
//! metadata with origin verification.

use axum::http::Method;

use super::hosts::Hosts;

/// What a browser says about the origin of a request. Pages cannot forge either header.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claims<'a> {
    /// The name of this server under which the request was made.
    pub host: &'a str,
    /// The value of `Origin`.
    pub origin: Option<&'a str>,
    /// The value of `Sec-Fetch-Site`.
    pub fetch_site: Option<&'a str>,
}

impl Claims<'_> {
    /// Whether the request comes from a page without encryption. Where this server encrypts, no
    /// page of its own does that, but anyone between it and the browser could have made one.
    pub fn is_unencrypted(&self) -> bool {
        self.origin.is_some_and(|origin| origin.starts_with("http://"))
    }
}

/// Whether a request has to come from our own pages: this holds for all requests that may change
/// state, and for the whole API. WebSockets are otherwise open to every origin, and even a request
/// whose response another site cannot read costs work, here and at the provider. Any site may link
/// to pages.
pub fn is_guarded(method: &Method, path: &str) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    !reads || path.starts_with("/api/")
}

/// Whether a guarded request may proceed. An `Origin` has to be one of ours. Without one, the
/// request has to come from a program other than a browser, from our own page, or directly from the
/// user.
pub fn permits(claims: &Claims<'_>, hosts: &Hosts) -> bool {
    match claims.origin {
        Some(origin) => {
            host_of(origin).is_some_and(|origin| hosts.allow_origin(origin, claims.host))
        }
        None => matches!(claims.fetch_site, None | Some("same-origin" | "none")),
    }
}

/// The host of an http(s) origin; `None` for `null` and for values that are not origins.
fn host_of(origin: &str) -> Option<&str> {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))?;
    (!host.is_empty() && !host.contains('/')).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_and_the_whole_api_are_guarded() {
        for (method, path, guarded) in [
            (Method::GET, "/", false),
            (Method::HEAD, "/c/w", false),
            (Method::GET, "/healthz", false),
            (Method::HEAD, "/api/v1/status", true),
            (Method::OPTIONS, "/api/v1/status", true),
            (Method::GET, "/api/v1/models", true),
            (Method::GET, "/api/v1/runtimes/r/workers/w", true),
            (Method::GET, "/api/v1/runtimes/r/workers/w/events", true),
            (Method::GET, "/api/v1/runtimes/r/events", true),
            (Method::GET, "/api/fn/send123", true),
            (Method::POST, "/", true),
            (Method::PATCH, "/api/v1/runtimes/r/workers/w", true),
            (Method::DELETE, "/api/v1/runtimes/r/workers/w", true),
            (Method::from_bytes(b"BREW").unwrap(), "/", true),
        ] {
            assert_eq!(is_guarded(&method, path), guarded, "{method} {path}");
        }
    }

    #[test]
    fn only_own_pages_and_programs_are_permitted() {
        let hosts = Hosts::new("127.0.0.1:3000".parse().unwrap(), &[], &["c.example".to_owned()]);
        for (origin, fetch_site, permitted) in [
            (None, None, true),
            (None, Some("same-origin"), true),
            (None, Some("none"), true),
            (None, Some("same-site"), false),
            (None, Some("cross-site"), false),
            (None, Some("new-word"), false),
            (Some("http://127.0.0.1:3000"), None, true),
            (Some("http://localhost:3000"), Some("same-origin"), true),
            (Some("https://c.example"), Some("same-origin"), true),
            (Some("http://localhost:8080"), Some("same-site"), false),
            (Some("http://localhost"), None, false),
            (Some("https://evil.example"), None, false),
            (Some("http://127.0.0.1:3000.evil.example"), None, false),
            (Some("http://127.0.0.1:3000/"), None, false),
            (Some("file://127.0.0.1:3000"), None, false),
            (Some("null"), Some("same-origin"), false),
            (Some(""), None, false),
        ] {
            let claims = Claims { host: "127.0.0.1:3000", origin, fetch_site };
            assert_eq!(permits(&claims, &hosts), permitted, "{claims:?}");
        }
    }
}
