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

/// The address of a path of this site; `None` for an address with a host.
fn moved(base: &BasePath, location: &HeaderValue) -> Option<HeaderValue> {
    let path = location.as_bytes();
    let is_path = path.starts_with(b"/") && !path.starts_with(b"//");
    let address = [base.as_str().as_bytes(), path].concat();
    HeaderValue::from_bytes(&address).ok().filter(|_| is_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_inside_of_the_site_gets_the_base_path_and_another_does_not() {
        let base: BasePath = "/c".parse().unwrap();
        for (location, expected) in [
            ("/", "/c/"),
            ("/login?next=/c/1", "/c/login?next=/c/1"),
            // A path of the site may begin like the base path.
            ("/c/1#m", "/c/c/1#m"),
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
