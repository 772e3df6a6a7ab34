//! The edge of a site that is served below a base path, such as `/companion`.
//!
//! Everything inside of it (routes, permissions, bounds, handlers, the log) knows the paths of a site
//! at the root of its host. The edge removes the base path from requests, and adds it to what a
//! browser follows or keeps by itself: redirects and cookies. The addresses in pages have it
//! already (`app/src/base_path.rs`).

mod answer;
mod cookies;

use std::sync::Arc;

use app::answer_below;
use axum::Router;
use axum::extract::{OriginalUri, RawQuery, Request};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::any;
use tower::ServiceExt as _;

use crate::config::BasePath;
use crate::error::ApiError;

/// The header by which a proxy says what it has removed from the beginning of a path. Traefik's
/// middleware `StripPrefix` sets it, and other proxies can be told to.
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// What probes ask for, which come from the machine or the cluster and not through the proxy.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The router of a host: `site` below the base path, and `outside` for everything else.
pub fn below(base: BasePath, site: Router, outside: Router) -> Router {
    let edge = Edge { base, site, outside };
    Router::new().fallback(move |request: Request| {
        let edge = edge.clone();
        answer_below(edge.base.shared(), edge.answer(request))
    })
}

/// The answers outside of the site: `/companion` leads to its start, and everything else is missing.
/// Invariant: the base path is not that of the root, which has no outside.
pub fn outside(base: &BasePath, style: Arc<str>) -> Router {
    let missing = {
        let base = base.clone();
        move |request: Request| async move { missing(&base, &style, request.headers()) }
    };
    let start_of = base.clone();
    let leads = move |RawQuery(query): RawQuery| async move { start(&start_of, query) };
    Router::new().route(base.as_str(), any(leads)).fallback(missing)
}

/// Leads to the start. The method and its body stay the same, and no browser remembers it.
fn start(base: &BasePath, query: Option<String>) -> Redirect {
    let query = query.map(|query| ["?", &query].concat()).unwrap_or_default();
    Redirect::temporary(&[base.as_str(), "/", &query].concat())
}

/// There is no redirect from the root: a proxy that removes the base path would send it back to
/// where it came from, without end.
fn missing(base: &BasePath, style: &str, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("text/html")) {
        app::outside(style.to_owned(), headers)
    } else {
        ApiError::outside(base).into_response()
    }
}

#[derive(Clone)]
struct Edge {
    base: BasePath,
    site: Router,
    outside: Router,
}

impl Edge {
    async fn answer(self, mut request: Request) -> Response {
        let inside = self.inside(request.headers(), request.uri().path()).map(str::to_owned);
        let Some(inside) = inside else {
            return infallible(self.outside.oneshot(request).await);
        };
        let uri = with_path(request.uri(), &inside);
        // The outer router has stored the address with the base path.
        request.extensions_mut().insert(OriginalUri(uri.clone()));
        *request.uri_mut() = uri;
        cookies::to_site(request.headers_mut());
        let mut response = infallible(self.site.oneshot(request).await);
        answer::from_site(&self.base, response.headers_mut());
        response
    }

    /// The path of the site that a request is for; `None` if it is outside.
    ///
    /// A proxy that has removed the base path has to say so. Without that, a path beside the base path
    /// would lead to the same page as one below it, and `/companion/companion/x`, in a proxy that removes
    /// the base path, to the page `/companion/x` around the proxy's own rules for it. Anybody may send
    /// the header: it leads to nothing but what the path without it leads to.
    fn inside<'a>(&self, headers: &HeaderMap, path: &'a str) -> Option<&'a str> {
        let below = self.base.path_inside(path);
        if !was_removed(&self.base, headers) {
            return below.or_else(|| PROBES.contains(&path).then_some(path));
        }
        // A proxy that says so and passes the base path on all the same is told what is wrong.
        below.is_none().then_some(path).filter(|path| path.starts_with('/'))
    }
}

/// Whether the proxy in front says that it has removed this very base path.
fn was_removed(base: &BasePath, headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(&FORWARDED_PREFIX).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let prefix = value.to_str().unwrap_or_default();
    prefix.strip_suffix('/').unwrap_or(prefix) == base.as_str()
}

/// An address with another path and the same query.
fn with_path(uri: &Uri, path: &str) -> Uri {
    let target = match uri.query() {
        Some(query) => [path, "?", query].concat(),
        None => path.to_owned(),
    };
    let target = PathAndQuery::try_from(target).expect("the end of a valid path is a valid path");
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).expect("it has the parts that it had before")
}

fn infallible(answered: Result<Response, std::convert::Infallible>) -> Response {
    answered.unwrap_or_else(IntoResponse::into_response)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(prefixes: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for prefix in prefixes {
            headers.append(FORWARDED_PREFIX, HeaderValue::from_static(prefix));
        }
        headers
    }

    fn edge(base: &str) -> Edge {
        let site = Router::new();
        Edge { base: base.parse().unwrap(), site: site.clone(), outside: site }
    }

    #[test]
    fn a_request_is_inside_by_its_path_or_by_its_proxy() {
        let edge = edge("/companion");
        let passed_on = HeaderMap::new();
        for (path, expected) in [
            ("/companion/", Some("/")),
            ("/companion/c/1", Some("/c/1")),
            ("/companion/companion/c/1", Some("/companion/c/1")),
            ("/companion", None),
            ("/companions/", None),
            ("/", None),
            ("/c/1", None),
            ("/api/v1/status", None),
            ("/healthz", Some("/healthz")),
            ("/readyz", Some("/readyz")),
            ("/healthz/", None),
            ("*", None),
        ] {
            assert_eq!(edge.inside(&passed_on, path), expected, "{path}");
        }
        for header in ["/companion", "/companion/"] {
            let removed = headers(&[header]);
            for path in ["/", "/c/1", "/companions"] {
                assert_eq!(edge.inside(&removed, path), Some(path), "{path}");
            }
            for path in ["/companion/", "/companion/c/1", "*"] {
                assert_eq!(edge.inside(&removed, path), None, "{path}");
            }
        }
        for odd in [&["/"][..], &["/other"], &["companion"], &["/companion", "/companion"], &[""]] {
            assert_eq!(edge.inside(&headers(odd), "/c/1"), None, "{odd:?}");
            assert_eq!(edge.inside(&headers(odd), "/companion/c/1"), Some("/c/1"), "{odd:?}");
        }
    }

    #[test]
    fn an_address_keeps_its_query_and_its_host() {
        for (uri, path, expected) in [
            ("/companion/search?q=a/b?c", "/search", "/search?q=a/b?c"),
            ("/companion/c", "/c", "/c"),
            ("/companion//host/x?y", "//host/x", "//host/x?y"),
            ("http://host:1/companion/c?x", "/c", "http://host:1/c?x"),
        ] {
            let moved = with_path(&uri.parse().unwrap(), path);
            assert_eq!(moved.path(), path);
            assert_eq!(moved.to_string(), expected);
        }
    }
}
