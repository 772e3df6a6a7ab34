//! Addresses without marks around them, which CommonMark does not read.

use super::work::looked_at;

/// How an address begins, with `http` and with `https`.
const SCHEME: &str = "http";

/// The length of the address that a text begins with. It ends before what is no part of one:
/// letters beyond ASCII, for a sentence goes on right behind it where there are no spaces, the
/// bracket and the line around it, and the punctuation of the sentence that it stands in.
pub(super) fn length(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(SCHEME)?;
    let host = rest.strip_prefix("://").or_else(|| rest.strip_prefix("s://"))?;
    // The rest is scanned only once this is known to be an address.
    if !host.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let mut brackets = 0_usize;
    let mut within = |c: char| match c {
        '<' | '>' | '"' | '`' | '\\' | '|' => false,
        ']' if brackets == 0 => false,
        ']' => {
            brackets -= 1;
            true
        }
        '[' => {
            brackets += 1;
            true
        }
        c => c.is_ascii_graphic(),
    };
    let end = text.find(|c| !within(c)).unwrap_or(text.len());
    looked_at(end);
    Some(trimmed(&text[..end]).len())
}

/// An address without the punctuation at its end, and without a closing bracket whose opening one
/// stands before the address.
fn trimmed(address: &str) -> &str {
    let count = |sign| address.bytes().filter(|byte| *byte == sign).count();
    let (opened, mut closed) = (count(b'('), count(b')'));
    looked_at(2 * address.len());
    address.trim_end_matches(|sign| match sign {
        ')' if closed > opened => {
            closed -= 1;
            true
        }
        '.' | ',' | ':' | ';' | '!' | '?' | '\'' | '*' | '_' | '~' | ']' => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::markdown::tests::html;
    use crate::markdown::work;

    #[test]
    fn the_steps_grow_with_the_length_of_the_text() {
        for text in [
            |n: usize| "http://a ".repeat(n),
            |n| "https://a ".repeat(n),
            |n| "xhttp://".repeat(n),
            |n| format!("https://a{}", ")".repeat(n)),
            |n| format!("https://a{}", ").".repeat(n)),
            |n| "http".repeat(n),
        ] {
            let text = text(2_000);
            let looked = work::of(|| drop(html(&text)));
            assert!(looked <= 60 * text.len(), "{looked} of {}: {}", text.len(), &text[..12]);
        }
    }

    #[test]
    fn a_bare_address_is_a_link() {
        for (text, address) in [
            ("See https://example.com for more.", "https://example.com"),
            ("(https://example.com/a_(b)).", "https://example.com/a_(b)"),
            (
                "詳しくはhttps://example.com/x?y=1&z=2をご覧ください。",
                "https://example.com/x?y=1&amp;z=2",
            ),
            ("http://a.example, http://b.example!", "http://b.example"),
            ("**https://a.example**", "https://a.example"),
            ("| a |\n|---|\n| https://a.example/x |", "https://a.example/x"),
            ("https://a.example/~a/*b*/$c$/~~d~~", "https://a.example/~a/*b*/$c$/~~d"),
            ("[see https://a.example/?a[]=1&b=2]", "https://a.example/?a[]=1&amp;b=2"),
        ] {
            let html = html(text);
            let link = format!(
                "<a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{address}</a>"
            );
            assert!(html.contains(&link), "{html}");
        }
    }

    #[test]
    fn what_is_no_address_is_none_and_a_link_holds_no_other() {
        for text in
            ["https://", "xhttps://a.example", "`https://a.example`", "https://.", "ftp://a.b"]
        {
            assert!(!html(text).contains("<a "), "{text}");
        }
        assert_eq!(html("[https://a.example](https://b.example)").matches("<a ").count(), 1);
        assert_eq!(html("<https://a.example>").matches("<a ").count(), 1);
        assert_eq!(html("![https://a.example](https://b.example/x.png)").matches("<a ").count(), 1);
        // One that ends a link lets the next one begin.
        assert_eq!(html("[x](https://b.example) https://a.example").matches("<a ").count(), 2);
    }
}
