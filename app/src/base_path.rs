//! The path below which a proxy serves the console, such as `/companion`, or nothing at the root of a
//! host.
//!
//! Inside the server, and in routes, each path is that of a site at the root: the server's edge
//! (`server/src/base_path.rs`) removes the base path from requests, and adds it to redirects and
//! cookies; the router adds it to the paths that it navigates to. Only what a browser requests by
//! itself needs [`at`]: links, forms, files, and the requests of scripts.

#[cfg(feature = "ssr")]
use std::sync::Arc;

/// The base path, in the context of a page whose end is rendered after its handler has returned.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug)]
pub struct BasePath(pub Arc<str>);

#[cfg(feature = "ssr")]
tokio::task_local! {
    /// That of the request that the task answers. Several servers may run in one process.
    static OF_REQUEST: Arc<str>;
}

/// Answers a request, with this base path for all addresses that the answer has.
#[cfg(feature = "ssr")]
pub async fn answer_below<T>(base: Arc<str>, answer: impl Future<Output = T>) -> T {
    OF_REQUEST.scope(base, answer).await
}

/// The address of a path of this site, below the base path: `at("/login")` is `/companion/login`.
pub fn at(path: &str) -> String {
    [&base(), path].concat()
}

/// The path of this site that the router's path is. In a browser the base path is removed from it; on
/// the server, the edge has done that before.
pub fn inside(path: &str) -> &str {
    if cfg!(feature = "browser") { without(&base(), path) } else { path }
}

/// A path that is not below the base path stays as it is.
fn without<'a>(base: &str, path: &'a str) -> &'a str {
    let rest = path.strip_prefix(base);
    rest.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(path)
}

/// The base path itself, without a slash at its end; empty at the root.
pub fn base() -> String {
    #[cfg(feature = "browser")]
    return of_document();
    #[cfg(all(feature = "ssr", not(feature = "browser")))]
    return match leptos::prelude::use_context() {
        Some(BasePath(base)) => (*base).into(),
        None => OF_REQUEST.try_with(|base| (**base).into()).unwrap_or_default(),
    };
    #[cfg(not(any(feature = "ssr", feature = "browser")))]
    String::new()
}

/// Reads the base path once, which the server writes on the document's root element (`shell.rs`).
#[cfg(feature = "browser")]
fn of_document() -> String {
    use std::cell::OnceCell;
    thread_local!(static BASE: OnceCell<String> = const { OnceCell::new() });
    BASE.with(|base| {
        let read = || {
            let root = leptos::prelude::document().document_element();
            root.and_then(|root| root.get_attribute("data-base")).unwrap_or_default()
        };
        base.get_or_init(read).clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browsers_path_is_inside_of_the_base_path() {
        for (address, path) in [
            ("/companion/c/1", "/c/1"),
            ("/companion/", "/"),
            ("/companion", ""),
            ("/companion/companion/x", "/companion/x"),
            ("/companions/x", "/companions/x"),
            ("/c/1", "/c/1"),
        ] {
            assert_eq!(without("/companion", address), path, "{address}");
        }
        assert_eq!(without("", "/c/1"), "/c/1");
    }

    #[cfg(all(feature = "ssr", not(feature = "browser")))]
    #[test]
    fn an_address_is_below_the_base_path_of_the_request() {
        use leptos::prelude::{Owner, provide_context};
        Owner::new().with(|| {
            provide_context(BasePath("/companion".into()));
            assert_eq!(at("/login"), "/companion/login");
            assert_eq!(at("/"), "/companion/");
        });
        assert_eq!(at("/login"), "/login");
    }

    #[cfg(all(feature = "ssr", not(feature = "browser")))]
    #[tokio::test]
    async fn a_handler_knows_the_base_path_of_its_request() {
        let of = |base: &'static str| answer_below(base.into(), async { at("/login") });
        assert_eq!(tokio::join!(of("/a"), of("/b")), ("/a/login".into(), "/b/login".into()));
        assert_eq!(at("/login"), "/login");
    }
}
