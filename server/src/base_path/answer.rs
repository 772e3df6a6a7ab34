//! The answers of a site, as a browser below the base path has to get them.

use axum::http::{HeaderMap, HeaderValue, header};

use super::cookies;
use crate::config::BasePath;

/// Adds the base path to the redirect and the cookies of an answer.
pub(super) fn from_site(base: &BasePath, headers: &mut HeaderMap) {
    if let Some(location) = headers.get(header::LOCATION).and_then(|to| moved(base, to)) {
        headers.insert(header::LOCATION, location);
    }
    cookies::from_site(base, headers);
}

/// The address of a path of this site; `None` for one that has the base path already, and for an
/// address with a host.
fn moved(base: &BasePath, location: &HeaderValue) -> Option<HeaderValue> {
    let path = location.to_str().ok()?;
    let is_of_this_host = path.starts_with('/') && !path.starts_with("//");
    let is_moved = !is_of_this_host || base.has(path);
    if is_moved { None } else { HeaderValue::try_from(base.address(path)).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_inside_of_the_site_gets_the_base_path_and_another_does_not() {
        let base: BasePath = "/companion".parse().unwrap();
        for (location, expected) in [
            ("/", "/companion/"),
            ("/login?next=/c/1", "/companion/login?next=/c/1"),
            ("/c/1#m", "/companion/c/1#m"),
            ("/companions", "/companion/companions"),
            // A handler may have used the function for addresses in pages.
            ("/companion/login?next=/c/1", "/companion/login?next=/c/1"),
            ("/companion/", "/companion/"),
            ("/companion?a", "/companion?a"),
            ("https://accounts.example/authorize", "https://accounts.example/authorize"),
            ("//host/x", "//host/x"),
            ("relative", "relative"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, location.parse().unwrap());
            from_site(&base, &mut headers);
            assert_eq!(headers[header::LOCATION], expected, "{location}");
        }
    }
}
