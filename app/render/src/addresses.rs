//! Finds bare web addresses in text, which CommonMark does not make links.

use std::borrow::Cow;

use super::source::is_unspaced;
use super::work::looked_at;

/// The beginning of an address without a scheme.
const WITHOUT_SCHEME: &str = "www.";

/// The length of the address at the beginning of a text. An address ends before characters that do
/// not belong to it: letters of a language without spaces, because a sentence may continue there
/// without one (only a host name may begin with such letters), a bracket or a line break, and the
/// punctuation of the sentence around it.
pub(super) fn length(text: &str) -> Option<usize> {
    let schemes = ["http://", "https://", WITHOUT_SCHEME];
    let scheme = schemes.into_iter().find(|scheme| text.starts_with(scheme))?;
    let host = &text[scheme.len()..];
    // Scan the rest only after this check, so that a text of many `http` costs little.
    let before = match host.chars().next()? {
        first if !first.is_alphanumeric() => return None,
        first if is_unspaced(first) => host_without_spaces(host)?,
        _ => 0,
    };
    let begin = scheme.len() + before;
    let end = begin + graphic(&text[begin..]);
    looked_at(end);
    let address = trimmed(&text[..end]);
    // Without a scheme, only a name with another dot in it is an address.
    let is_whole = scheme != WITHOUT_SCHEME || address[scheme.len()..].contains('.');
    (is_whole && address.len() > scheme.len()).then_some(address.len())
}

/// The URL that an address links to.
pub(super) fn target(address: &str) -> Cow<'_, str> {
    if address.starts_with(WITHOUT_SCHEME) {
        return Cow::Owned(format!("https://{address}"));
    }
    Cow::Borrowed(address)
}

/// The length of a host that begins with letters of a language without spaces: its labels up to the
/// first one of ASCII letters, after which a sentence may continue. `None` if it has no dot.
fn host_without_spaces(text: &str) -> Option<usize> {
    let is_part = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '.');
    let length = text.chars().take(HOST).take_while(is_part).map(char::len_utf8).sum();
    looked_at(length);
    let mut end = 0;
    for label in text[..length].split_inclusive('.') {
        let name = label.trim_end_matches('.');
        if end > 0 && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            end += name.find(|c: char| !c.is_ascii()).unwrap_or(label.len());
            return Some(end);
        }
        end += label.len();
    }
    text[..end].trim_end_matches('.').contains('.').then_some(end)
}

/// The most characters of a host name.
const HOST: usize = 253;

/// How many bytes at the beginning of a text can belong to an address.
fn graphic(text: &str) -> usize {
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
        c => c.is_ascii_graphic() || (c.is_alphanumeric() && !is_unspaced(c)),
    };
    text.find(|c| !within(c)).unwrap_or(text.len())
}

/// An address without trailing punctuation, and without a closing bracket that was opened before
/// the address.
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
    use crate::tests::html;
    use crate::work;

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
            ("詳しくはhttps://日本語.jpをご覧ください。", "https://日本語.jp"),
            ("https://日本語.jp/x?y#z、です", "https://日本語.jp/x?y#z"),
            ("на https://пример.рф/a.", "https://пример.рф/a"),
            ("https://bücher.example.com.", "https://bücher.example.com"),
            ("“https://de.wikipedia.org/wiki/Müller”", "https://de.wikipedia.org/wiki/Müller"),
        ] {
            let html = html(text);
            let link = format!(
                "<a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{address}</a>"
            );
            assert!(html.contains(&link), "{html}");
        }
    }

    #[test]
    fn other_text_is_not_linked_and_links_are_not_nested() {
        for text in
            ["https://", "xhttps://a.example", "`https://a.example`", "https://.", "ftp://a.b"]
        {
            assert!(!html(text).contains("<a "), "{text}");
        }
        assert_eq!(html("[https://a.example](https://b.example)").matches("<a ").count(), 1);
        assert_eq!(html("<https://a.example>").matches("<a ").count(), 1);
        assert_eq!(html("![https://a.example](https://b.example/x.png)").matches("<a ").count(), 1);
        for (text, shown) in [
            ("See www.example.com/a_b.", "https://www.example.com/a_b"),
            ("www.例え.jpです", "https://www.例え.jp"),
        ] {
            assert!(html(text).contains(&format!("href=\"{shown}\"")), "{}", html(text));
        }
        for text in ["www.", "www.a", "awww.a.example", "www..", "https://日本語", "https://。"]
        {
            assert!(!html(text).contains("<a "), "{text}");
        }
        // After the end of a link the next one may begin.
        assert_eq!(html("[x](https://b.example) https://a.example").matches("<a ").count(), 2);
    }
}
