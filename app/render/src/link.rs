//! Restricts the addresses that a text may link to.

use super::escape::escape;

/// The schemes that a link may have. A link without a scheme would lead into this server, of which
/// a model knows nothing.
const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// The address, if its scheme is allowed.
pub(super) fn allowed(address: &str) -> Option<String> {
    // Browsers ignore control characters when they parse a scheme.
    let address: String = address.chars().filter(|c| !c.is_control()).collect();
    let address = address.trim();
    let (scheme, rest) = address.split_once(':')?;
    let known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (known && !rest.is_empty()).then(|| address.to_owned())
}

/// The start tag of a link to an allowed address.
pub(super) fn open(address: &str) -> String {
    let address = escape(address);
    format!("<a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">")
}

/// The replacement for an image: a link to it, so that it loads only if the reader follows the
/// link, or only its text if the address is not allowed.
pub(super) fn image(address: Option<&str>, text: &str) -> String {
    let shown = escape(text);
    match address {
        Some(address) if shown.is_empty() => {
            format!("{}{}</a>", open_image(address), escape(address))
        }
        Some(address) => format!("{}{shown}</a>", open_image(address)),
        None => shown,
    }
}

fn open_image(address: &str) -> String {
    open(address).replacen("<a ", "<a class=\"image\" ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_with_known_schemes_are_allowed() {
        for good in ["https://a.example/x?y=1&z", "HTTP://a", "mailto:a@b.example"] {
            assert_eq!(allowed(good).as_deref(), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            " \u{1}javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "/c/1",
            "//a.example",
            "a",
            "#x",
            "https:",
            "",
        ] {
            assert_eq!(allowed(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_address_cannot_end_its_attribute() {
        let open = open("https://a/\"><script>");
        assert!(open.contains("https://a/&quot;&gt;&lt;script&gt;\" target"), "{open}");
    }
}
