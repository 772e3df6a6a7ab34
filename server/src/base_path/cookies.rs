//! The cookies of a site below a base path.
//!
//! A host's other programs need not get them, so they are for the base path only. Browsers accept
//! the name prefix `__Host-` only for cookies of all paths, so that such a cookie is named with
//! `__Secure-` outside: still only over HTTPS, but other hosts of the domain can plant one (RFC
//! 6265bis, section 4.1.3). The host's root may have another Companion, whose cookies arrive as well.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::config::BasePath;

const HOST: &str = "__Host-";
const SECURE: &str = "__Secure-";
/// The beginning of the names of all cookies of this product, after a prefix.
const OURS: &str = "companion";

/// Translates the cookies of a request into those that the site has set.
pub(super) fn to_site(headers: &mut HeaderMap) {
    let lines: Vec<HeaderValue> = headers.get_all(header::COOKIE).iter().cloned().collect();
    headers.remove(header::COOKIE);
    let mut seen = Vec::new();
    for line in lines {
        let line = match line.to_str() {
            Ok(text) => HeaderValue::try_from(line_to_site(text, &mut seen)).unwrap_or(line),
            // Nothing reads such a line.
            Err(_) => line,
        };
        if !line.is_empty() {
            headers.append(header::COOKIE, line);
        }
    }
}

fn line_to_site(line: &str, seen: &mut Vec<String>) -> String {
    let kept = line.split(';').filter_map(|pair| {
        let pair = pair.trim();
        let name = pair.split_once('=').map_or(pair, |(name, _)| name).trim_end();
        if name.strip_prefix(HOST).is_some_and(|name| name.starts_with(OURS)) {
            // It is for all paths, so it is that of a Companion at the root.
            return None;
        }
        if name.strip_prefix(SECURE).is_some_and(|name| name.starts_with(OURS)) {
            return Some([HOST, &pair[SECURE.len()..]].concat());
        }
        if name.starts_with(OURS) {
            // Browsers send the cookies of longer paths first (RFC 6265, section 5.4), so the first
            // one is for the base path, and another one for the root.
            if seen.iter().any(|known| known == name) {
                return None;
            }
            seen.push(name.to_owned());
        }
        Some(pair.to_owned())
    });
    kept.collect::<Vec<_>>().join("; ")
}

/// Translates the cookies that an answer of the site sets.
pub(super) fn from_site(base: &BasePath, headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        let moved = cookie.to_str().ok().map(|text| cookie_from_site(base, text));
        let moved = moved.and_then(|moved| HeaderValue::try_from(moved).ok());
        headers.append(header::SET_COOKIE, moved.unwrap_or(cookie));
    }
}

fn cookie_from_site(base: &BasePath, cookie: &str) -> String {
    let mut parts = cookie.split(';').map(str::trim);
    let pair = parts.next().unwrap_or_default();
    let mut moved = match pair.strip_prefix(HOST) {
        Some(rest) => [SECURE, rest].concat(),
        None => pair.to_owned(),
    };
    for part in parts {
        moved.push_str("; ");
        match part.split_once('=') {
            Some((name, path)) if name.eq_ignore_ascii_case("path") => {
                let begin = if base.has(path) { "" } else { base.as_str() };
                // Without the slash, the cookie is for the base path itself, too.
                let path = if path == "/" { "" } else { path };
                moved.push_str(&["Path=", begin, path].concat());
            }
            _ => moved.push_str(part),
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_site_of(lines: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        to_site(&mut headers);
        let lines = headers.get_all(header::COOKIE).iter();
        lines.map(|line| line.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_cookie_is_for_the_base_path_and_has_the_prefix_that_allows_that() {
        let base: BasePath = "/companion".parse().unwrap();
        for (cookie, expected) in [
            (
                "__Host-companion-session=a=b; Path=/; HttpOnly; SameSite=Lax; Max-Age=1; Secure",
                "__Secure-companion-session=a=b; Path=/companion; HttpOnly; SameSite=Lax; Max-Age=1; Secure",
            ),
            ("companion_theme=dark; Path=/", "companion_theme=dark; Path=/companion"),
            ("a=__Host-b; path=/login/x", "a=__Host-b; Path=/companion/login/x"),
            ("a=b; Path=/companion/login", "a=b; Path=/companion/login"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(cookie_from_site(&base, cookie), expected);
        }
    }

    #[test]
    fn the_site_gets_its_own_cookies_and_not_those_of_one_at_the_root() {
        for (lines, expected) in [
            (
                &["__Secure-companion-session=x; __Host-companion-session=root; other=1"][..],
                &["__Host-companion-session=x; other=1"][..],
            ),
            // Two of the same name and path: the site decides that none counts.
            (
                &["__Secure-companion-session=x;__Secure-companion-session=y"],
                &["__Host-companion-session=x; __Host-companion-session=y"],
            ),
            (
                &[
                    "companion-session=own; companion_theme=dark",
                    "companion-session=root; a=1; a=2",
                ],
                &["companion-session=own; companion_theme=dark", "a=1; a=2"],
            ),
            (&["__Host-companion-session=root"], &[]),
            (&["__Host-other=1; __Secure-other=2"], &["__Host-other=1; __Secure-other=2"]),
            (&["", ";;", "companion"], &["; ; ", "companion"]),
            (&[], &[]),
        ] {
            assert_eq!(to_site_of(lines), expected, "{lines:?}");
        }
    }
}
