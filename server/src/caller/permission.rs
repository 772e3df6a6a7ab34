//! Who may call which route: one table for all of them.
//!
//! A route that is missing here is closed to everybody, and a test compares this table with the API's
//! document and with the pages of `app`. `docs/access.md` is written from it.

use accounts::Scopes;
use axum::http::Method;

use crate::assets;

/// What a caller needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: strangers may.
    Public,
    /// To be let in, by whatever means.
    Admitted,
    /// To use the console: a session, an authenticating proxy, or the server's own machine. No token.
    Session,
    /// The same as an owner.
    AdminSession,
    /// The console, or a token with `read`.
    Read,
    /// The console, or a token with `write`.
    Write,
    /// The console as an owner, or an owner's token with `admin`.
    Admin,
}

impl Need {
    /// Whether a token with these scopes is enough.
    pub fn is_in(self, scopes: Scopes) -> bool {
        match self {
            Self::Public | Self::Admitted => true,
            Self::Session | Self::AdminSession => false,
            Self::Read => scopes.read,
            Self::Write => scopes.write,
            Self::Admin => scopes.admin,
        }
    }
}

use Need::{Admin, AdminSession, Admitted, Public, Read, Session, Write};

/// Each route with its methods. `HEAD` needs what `GET` needs.
#[rustfmt::skip]
pub const TABLE: &[(&str, &str, Need)] = &[
    ("GET", "/healthz", Public),
    ("GET", "/readyz", Public),
    ("GET", "/api/v1/openapi.json", Public),

    // Coming in and going.
    ("POST", "/api/v1/setup", Public),
    ("GET", "/api/v1/session", Admitted),
    ("POST", "/api/v1/session", Public),
    ("DELETE", "/api/v1/session", Session),

    // The own account. A token can neither make others nor end sessions.
    ("PUT", "/api/v1/password", Session),
    ("GET", "/api/v1/sessions", Session),
    ("DELETE", "/api/v1/sessions", Session),
    ("DELETE", "/api/v1/sessions/{id}", Session),
    ("GET", "/api/v1/tokens", Session),
    ("POST", "/api/v1/tokens", Session),
    ("DELETE", "/api/v1/tokens/{id}", Session),

    // The installation.
    ("GET", "/api/v1/accounts", Admin),
    ("POST", "/api/v1/accounts", Admin),
    ("PATCH", "/api/v1/accounts/{id}", Admin),
    ("GET", "/api/v1/audit", Admin),
    ("GET", "/api/v1/accounts/use", Admin),
    ("POST", "/api/v1/providers/{provider}/forget", Admin),

    // What can be chosen.
    ("GET", "/api/v1/status", Read),
    ("GET", "/api/v1/profiles", Read),
    ("GET", "/api/v1/profiles/{name}", Read),
    ("GET", "/api/v1/models", Read),
    ("GET", "/api/v1/runtimes", Read),
    ("GET", "/api/v1/runtimes/{rid}", Read),

    // The own conversations.
    ("GET", "/api/v1/use", Read),
    ("GET", "/api/v1/runtimes/{rid}/deleted", Read),
    ("GET", "/api/v1/runtimes/{rid}/events", Read),
    ("GET", "/api/v1/runtimes/{rid}/export", Read),
    ("GET", "/api/v1/runtimes/{rid}/search", Read),
    ("GET", "/api/v1/runtimes/{rid}/workers", Read),
    ("GET", "/api/v1/runtimes/{rid}/workers/{wid}", Read),
    ("GET", "/api/v1/runtimes/{rid}/workers/{wid}/events", Read),
    ("GET", "/api/v1/runtimes/{rid}/workers/{wid}/export", Read),
    ("GET", "/api/v1/runtimes/{rid}/workers/{wid}/instructions", Read),
    ("GET", "/api/v1/runtimes/{rid}/workers/{wid}/transcript", Read),
    ("GET", "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}", Read),
    ("GET", "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}/input", Read),
    ("POST", "/api/v1/runtimes/{rid}/import", Write),
    ("POST", "/api/v1/runtimes/{rid}/workers", Write),
    ("PATCH", "/api/v1/runtimes/{rid}/workers/{wid}", Write),
    ("DELETE", "/api/v1/runtimes/{rid}/workers/{wid}", Write),
    ("POST", "/api/v1/runtimes/{rid}/workers/{wid}/cancel", Write),
    ("POST", "/api/v1/runtimes/{rid}/workers/{wid}/fork", Write),
    ("POST", "/api/v1/runtimes/{rid}/workers/{wid}/messages", Write),
    ("PATCH", "/api/v1/runtimes/{rid}/workers/{wid}/messages/{mid}", Write),
    ("POST", "/api/v1/runtimes/{rid}/workers/{wid}/restore", Write),
    ("POST", "/api/v1/runtimes/{rid}/workers/{wid}/stop", Write),
    ("POST", "/api/v1/runtimes/{rid}/workers/{wid}/turns", Write),
    ("POST", "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}/edit", Write),
    ("GET", "/api/v1/shares", Read),
    ("POST", "/api/v1/runtimes/{rid}/workers/{wid}/shares", Write),
    ("DELETE", "/api/v1/shares/{id}", Write),
    // The answer that there is no such address.
    ("GET", "/api/{*rest}", Admitted),

    // Pages and their forms.
    ("GET", "/login", Public),
    ("POST", "/login", Public),
    ("GET", "/login/provider", Public),
    ("POST", "/login/provider", Public),
    ("GET", "/login/callback", Public),
    ("GET", "/login/passkey", Public),
    ("POST", "/login/passkey", Public),
    ("GET", "/login/passkey/answer", Public),
    ("POST", "/login/passkey/answer", Public),
    ("GET", "/setup", Public),
    ("POST", "/setup", Public),
    ("GET", "/setup/passkey", Public),
    ("POST", "/setup/passkey", Public),
    ("GET", "/setup/passkey/answer", Public),
    ("POST", "/setup/passkey/answer", Public),
    ("GET", "/logout", Public),
    ("POST", "/logout", Session),
    ("GET", "/account", Session),
    ("GET", "/account/password", Session),
    ("POST", "/account/password", Session),
    ("GET", "/account/identities", Session),
    ("POST", "/account/identities", Session),
    ("GET", "/account/passkeys", Session),
    ("POST", "/account/passkeys", Session),
    ("GET", "/account/passkeys/answer", Session),
    ("POST", "/account/passkeys/answer", Session),
    ("GET", "/account/sessions", Session),
    ("POST", "/account/sessions", Session),
    ("GET", "/account/tokens", Session),
    ("POST", "/account/tokens", Session),
    ("GET", "/account/tokens/revoke", Session),
    ("POST", "/account/tokens/revoke", Session),
    ("GET", "/accounts", AdminSession),
    ("POST", "/accounts", AdminSession),
    ("GET", "/accounts/change", AdminSession),
    ("POST", "/accounts/change", AdminSession),
    ("GET", "/accounts/audit", AdminSession),
    ("GET", "/", Session),
    ("POST", "/", Session),
    ("GET", "/c/{worker_id}", Session),
    ("POST", "/c/{worker_id}", Session),
    ("GET", "/c/{worker_id}/profile", Session),
    ("GET", "/c/{worker_id}/turns/{turn_id}", Session),
    ("GET", "/profile/{worker_id}", Session),
    ("POST", "/profile/{worker_id}", Session),
    ("GET", "/new", Session),
    ("POST", "/new", Session),
    ("GET", "/turns/{worker_id}/{turn_id}", Session),
    ("GET", "/turns/{worker_id}/{turn_id}/again", Session),
    ("POST", "/turns/{worker_id}/{turn_id}/again", Session),
    ("GET", "/data", Session),
    ("POST", "/data", Session),
    ("GET", "/data/conversations", Session),
    ("POST", "/data/conversations", Session),
    ("GET", "/data/deleted", Session),
    ("POST", "/data/deleted", Session),
    ("GET", "/search", Session),
    ("GET", "/share/{worker_id}", Session),
    ("POST", "/share/{worker_id}", Session),
    ("GET", "/share/{worker_id}/preview", Session),
    ("GET", "/shares", Session),
    ("GET", "/shares/revoke", Session),
    ("POST", "/shares/revoke", Session),
    // The one exception: what somebody has shared, for everybody who knows its address.
    ("GET", "/s/{token}", Public),
    ("GET", "/s/{token}/file", Public),
    ("GET", "/settings", Session),
    ("POST", "/settings", Session),
    ("GET", "/settings/list", Session),
    ("POST", "/settings/list", Session),
    ("GET", "/settings/use", Session),
    ("GET", "/settings/forget", AdminSession),
    ("POST", "/settings/forget", AdminSession),
    // It repeats what the request itself says of its reader's language.
    ("GET", "/api/fn/reader", Public),
    ("POST", "/api/fn/{*name}", Session),
];

/// What a caller of this route needs; `route` is the path as the router knows it, `None` for an
/// address that has none. `None` if the table does not say.
pub fn of(method: &Method, route: Option<&str>) -> Option<Need> {
    // An address that nothing answers to, which is told only to those who are let in.
    let Some(route) = route else { return Some(Admitted) };
    if assets::is_route(route) {
        return Some(Public);
    }
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let mut rows = TABLE.iter().filter(|(_, path, _)| *path == route).peekable();
    rows.peek()?;
    // A method that the route does not take is answered with 405.
    Some(rows.find(|(known, ..)| *known == method).map_or(Admitted, |(.., need)| *need))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every route of the API's document is in the table, and the table has no others.
    #[test]
    fn the_table_has_the_routes_of_the_api() {
        let (_, document) = crate::routes::documented();
        let json = serde_json::to_value(&document).unwrap();
        let mut routes = BTreeSet::new();
        for (path, item) in json["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let method = method.to_uppercase();
                if ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) {
                    routes.insert((method, path.clone()));
                }
            }
        }
        let ours =
            |path: &str| (path.starts_with("/api/v1/")) || path == "/healthz" || path == "/readyz";
        let table: BTreeSet<_> = TABLE
            .iter()
            .filter(|(_, path, _)| ours(path))
            .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
            .collect();
        assert_eq!(routes, table);
    }

    /// Every route of the pages is in the table. axum does not list its routes, so the source is
    /// read; a route that is missed here is closed to everybody, which other tests notice.
    #[test]
    fn the_table_has_the_routes_of_the_pages() {
        let source = include_str!("../../../app/src/router.rs");
        let mut found = 0;
        for route in source.split(".route(").skip(1) {
            let path = route.trim_start().strip_prefix('"').unwrap().split('"').next().unwrap();
            assert!(TABLE.iter().any(|(_, known, _)| *known == path), "{path} is not in the table");
            found += 1;
        }
        assert!(found > 10, "the source looks different now");
    }

    #[test]
    fn a_route_without_a_row_is_closed_and_a_method_without_one_is_not_open() {
        assert_eq!(of(&Method::GET, Some("/new-page")), None);
        assert_eq!(of(&Method::PUT, Some("/login")), Some(Admitted));
        assert_eq!(of(&Method::HEAD, Some("/login")), Some(Public));
        assert_eq!(of(&Method::GET, None), Some(Admitted));
    }

    #[test]
    fn no_row_is_there_twice() {
        let unique: BTreeSet<_> = TABLE.iter().map(|(method, path, _)| (method, path)).collect();
        assert_eq!(unique.len(), TABLE.len());
    }
}
