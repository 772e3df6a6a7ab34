//! Where a login leads on to.

/// The path of this site that a login leads on to, if the text is one.
///
/// The text comes from an address, so anybody can choose it. A browser must not take it for the
/// address of another site: `//host` and, since browsers read a backslash like a slash, `/\host` are
/// such addresses, and browsers remove tabs and line breaks before they look (WHATWG URL, section
/// 4.4). The pages that let people in and out are no destinations either.
pub fn next_path(text: &str) -> Option<&str> {
    /// Longer ones are no page of this server's.
    const MAX_BYTES: usize = 2_000;
    let is_path = text.len() <= MAX_BYTES
        && text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains('\\')
        // Everything else is percent-encoded in an address, and could not be sent in a header.
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    let first = text.split(['?', '#']).next().unwrap_or_default();
    (is_path && !["/login", "/logout", "/setup"].contains(&first)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_site_is_kept_as_it_is() {
        for path in ["/", "/c/0190?m=1#m-1", "/search?q=%2F%2Fexample.org", "/a//b", "/@host/"] {
            assert_eq!(next_path(path), Some(path));
        }
    }

    #[test]
    fn nothing_that_leads_to_another_site_is_a_path() {
        for text in [
            "",
            "c/1",
            "//example.org",
            "///example.org",
            "/\\example.org",
            "\\\\example.org",
            "/c\\..\\\\example.org",
            "/\t/example.org",
            "/\n/example.org",
            "/ /example.org",
            "https://example.org/",
            "javascript:alert(1)",
            "@example.org",
            ".example.org",
            "/c/1\r\nSet-Cookie: a=b",
            "/日本",
            "/\u{0}",
            &format!("/{}", "x".repeat(2_000)),
        ] {
            assert_eq!(next_path(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_login_does_not_lead_to_a_login() {
        for text in ["/login", "/login?next=/", "/logout", "/setup#x"] {
            assert_eq!(next_path(text), None, "{text}");
        }
        assert!(next_path("/login-help").is_some());
    }
}
