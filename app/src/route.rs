//! The routes of the console, and the addresses of pages that only the server renders.
//!
//! Invariant: the first segment of a path tells whether the console or only the server renders its
//! page. `/` and the paths below `/c/` are the console's; each page that only the server renders
//! has another first segment. So a proxy in front of the server can distinguish them by prefix,
//! which is all that Trunk's proxy supports.
//!
//! A route is a path inside of this site, without the base path; the functions here return addresses,
//! with it.

use protocol::{MessageId, TurnId, WorkerId};

use crate::base_path::at;
#[cfg(feature = "browser")]
use crate::base_path::inside;

/// The console's pages by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/`
    Home,
    /// `/c/{worker_id}`; the id is not validated.
    Conversation(String),
    Missing,
}

impl Route {
    /// Parses a path.
    pub fn of(path: &str) -> Self {
        match path.strip_prefix("/c/") {
            Some(id) if !id.is_empty() && !id.contains('/') => Self::Conversation(id.to_owned()),
            None if path == "/" || path.is_empty() => Self::Home,
            _ => Self::Missing,
        }
    }
}

/// The address of a conversation.
pub fn conversation_page(worker: WorkerId) -> String {
    at(&format!("/c/{worker}"))
}

/// A conversation at one of its messages.
pub fn message_page(worker: WorkerId, message: MessageId) -> String {
    at(&format!("/c/{worker}?m={message}#m-{message}"))
}

/// The branch that goes through a message.
pub fn branch_page(worker: WorkerId, message: MessageId) -> String {
    at(&format!("/c/{worker}?at={message}"))
}

/// The page on which a message is edited.
pub fn edit_page(worker: WorkerId, message: MessageId) -> String {
    at(&format!("/c/{worker}?edit={message}"))
}

/// The page that changes the profile and model of a conversation.
pub fn profile_page(worker: WorkerId) -> String {
    at(&format!("/profile/{worker}"))
}

/// The page with the request that was sent to the model for one answer.
pub fn input_page(worker: WorkerId, turn: TurnId) -> String {
    at(&format!("/turns/{worker}/{turn}"))
}

/// The page that regenerates an answer with other settings.
pub fn regenerate_page(worker: WorkerId, turn: TurnId) -> String {
    [&input_page(worker, turn), "/again"].concat()
}

/// The page that shares a conversation up to a message, or as it is.
pub fn share_page(worker: WorkerId, until: Option<MessageId>) -> String {
    let page = at(&format!("/share/{worker}"));
    match until {
        Some(message) => [&page, "?m=", &message.to_string()].concat(),
        None => page,
    }
}

/// The path of the page that a missing login leads back to, in the context of a page that only the
/// server renders.
#[cfg(feature = "ssr")]
#[derive(Clone)]
pub struct ReturnPath(pub String);

/// The page that logs in, and leads back to the current page.
pub fn login_page_from_here() -> String {
    #[cfg(feature = "browser")]
    {
        let location = leptos::prelude::window().location();
        let part = |part: Result<String, _>| part.unwrap_or_default();
        let (path, query) = (part(location.pathname()), part(location.search()));
        login_page(&[inside(&path), &query].concat())
    }
    #[cfg(all(feature = "ssr", not(feature = "browser")))]
    {
        let ReturnPath(path) =
            leptos::prelude::use_context().unwrap_or_else(|| ReturnPath("/".to_owned()));
        login_page(&path)
    }
    #[cfg(not(any(feature = "ssr", feature = "browser")))]
    login_page("/")
}

/// The page that logs in, and leads on to a path of this site, which has no base path. The path is part
/// of a query there, so what has a meaning in a query is encoded.
pub fn login_page(next: &str) -> String {
    let mut page = at("/login?next=");
    for c in next.chars() {
        match c {
            '%' => page.push_str("%25"),
            '&' => page.push_str("%26"),
            '+' => page.push_str("%2B"),
            '#' => page.push_str("%23"),
            c => page.push(c),
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_back_to_the_whole_address() {
        assert_eq!(login_page("/c/1"), "/login?next=/c/1");
        let page = login_page("/search?q=a%20b+c&in=1#x");
        assert_eq!(page, "/login?next=/search?q=a%2520b%2Bc%26in=1%23x");
    }

    /// The first segments of the server's paths: its own pages, its API, and the files of its
    /// pages.
    const SERVER: [&str; 16] = [
        "account", "accounts", "api", "data", "login", "logout", "new", "pkg", "profile", "s",
        "search", "settings", "setup", "share", "shares", "turns",
    ];

    #[test]
    fn each_proxy_forwards_the_servers_paths() {
        let trunk = include_str!("../../Trunk.toml");
        let passed_on = trunk.lines().filter(|line| line.starts_with("backend = \"http://"));
        let passed_on: Vec<_> = passed_on.collect();
        let expected = SERVER.map(|part| format!("backend = \"http://127.0.0.1:3000/{part}\""));
        assert_eq!(passed_on, expected);
        let nginx = include_str!("../../docs/client-only.nginx.conf");
        assert!(nginx.contains(&format!("location ~ ^/(({})(/|$)|", SERVER.join("|"))));
        let docs = include_str!("../../docs/client-only.md");
        assert!(docs.contains(&SERVER.map(|part| format!("`/{part}`")).join(", ")));
        for part in SERVER {
            assert_eq!(Route::of(&format!("/{part}")), Route::Missing, "no page of the console");
        }
    }

    #[test]
    fn every_path_has_a_route() {
        assert_eq!(Route::of("/"), Route::Home);
        assert_eq!(Route::of(""), Route::Home);
        let (worker, turn) = (WorkerId::from_parts(1, [0; 10]), TurnId::from_parts(1, [0; 10]));
        let pages = [
            profile_page(worker),
            input_page(worker, turn),
            regenerate_page(worker, turn),
            share_page(worker, None),
        ];
        for page in pages {
            assert_eq!(Route::of(&page), Route::Missing, "{page} is the server's");
        }
        assert_eq!(Route::of("/c/abc"), Route::Conversation("abc".into()));
        for path in ["/c", "/c/", "/c/a/", "/c/a/b", "/d", "//", "/C/a"] {
            assert_eq!(Route::of(path), Route::Missing, "{path}");
        }
    }
}
