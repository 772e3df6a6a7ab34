//! What people write that CommonMark does not read: addresses without marks around them, and
//! strong words beside the punctuation of languages that have no spaces.

use pulldown_cmark::{CowStr, Event, Tag, TagEnd};

use super::link;
use super::work::looked_at;

const STRONG: &str = "**";
/// How an address begins, with `http` and with `https`.
const SCHEME: &str = "http";

/// The events of a block, with its words read once more.
pub(super) fn read(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut read = Vec::with_capacity(events.len());
    let (mut text, mut in_link) = (String::new(), false);
    for event in events {
        match event {
            Event::Text(more) => text.push_str(&more),
            event => {
                words(&std::mem::take(&mut text), in_link, &mut read);
                match &event {
                    Event::InlineHtml(html) if &**html == "</a>" => in_link = false,
                    Event::InlineHtml(html) if is_open_link(html) => in_link = true,
                    _ => {}
                }
                read.push(event);
            }
        }
    }
    words(&text, in_link, &mut read);
    read
}

fn is_open_link(html: &str) -> bool {
    html.starts_with("<a ") && !html.ends_with("</a>")
}

fn words<'a>(mut text: &str, in_link: bool, read: &mut Vec<Event<'a>>) {
    while let Some(Strong { before, inner, after }) = Strong::first(text) {
        addresses(before, in_link, read);
        read.push(Event::Start(Tag::Strong));
        addresses(inner, in_link, read);
        read.push(Event::End(TagEnd::Strong));
        text = after;
    }
    addresses(text, in_link, read);
}

/// Words between two marks that are no marks to CommonMark: a mark beside punctuation has to
/// have a space or punctuation on its other side, and Japanese has neither.
struct Strong<'t> {
    before: &'t str,
    inner: &'t str,
    after: &'t str,
}

impl<'t> Strong<'t> {
    fn first(text: &'t str) -> Option<Self> {
        let mut from = 0;
        loop {
            let next = |from: usize| {
                let found = text[from..].find(STRONG);
                looked_at(found.unwrap_or(text.len() - from));
                Some(from + found?)
            };
            let open = next(from)?;
            let begin = open + STRONG.len();
            let close = next(begin)?;
            let end = close + STRONG.len();
            let strong =
                Self { before: &text[..open], inner: &text[begin..close], after: &text[end..] };
            if strong.is_meant() {
                return Some(strong);
            }
            // The second mark may be the first of others.
            from = close;
        }
    }

    fn is_meant(&self) -> bool {
        let Self { before, inner, after } = *self;
        let (Some(first), Some(last)) = (inner.chars().next(), inner.chars().next_back()) else {
            return false;
        };
        let bare = |c: char| !c.is_whitespace() && c != '*';
        let beside = |inside: char, outside: Option<char>| {
            !inside.is_alphanumeric() && outside.is_some_and(is_unspaced)
        };
        let marked =
            beside(first, before.chars().next_back()) || beside(last, after.chars().next());
        bare(first) && bare(last) && !inner.contains('*') && marked
    }
}

/// Letters and punctuation of languages without spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}')
}

fn addresses<'a>(mut text: &str, in_link: bool, read: &mut Vec<Event<'a>>) {
    while let Some((at, address)) = (!in_link).then(|| address(text)).flatten() {
        push(&text[..at], read);
        let shown = &text[at..at + address.len()];
        match link::allowed(shown) {
            Some(allowed) => {
                read.push(Event::InlineHtml(link::open(&allowed).into()));
                push(shown, read);
                read.push(Event::InlineHtml(CowStr::Borrowed("</a>")));
            }
            None => push(shown, read),
        }
        text = &text[at + address.len()..];
    }
    push(text, read);
}

fn push<'a>(text: &str, read: &mut Vec<Event<'a>>) {
    if !text.is_empty() {
        read.push(Event::Text(CowStr::from(text.to_owned())));
    }
}

/// The first address in a text, and where it begins. It ends before what is no part of one:
/// letters beyond ASCII, for a sentence goes on right behind it where there are no spaces, and
/// the punctuation of the sentence that it stands in.
fn address(text: &str) -> Option<(usize, &str)> {
    let mut from = 0;
    loop {
        let found = text[from..].find(SCHEME);
        looked_at(found.unwrap_or(text.len() - from));
        let at = from + found?;
        from = at + SCHEME.len();
        let rest = &text[from..];
        let host = rest.strip_prefix("://").or_else(|| rest.strip_prefix("s://"));
        let apart = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        // The rest is scanned only once this is known to be an address.
        if apart && host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric())) {
            let within =
                |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '`' | '\\');
            let rest = &text[at..];
            let end = rest.find(|c| !within(c)).unwrap_or(rest.len());
            looked_at(end);
            return Some((at, trimmed(&rest[..end])));
        }
    }
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
    use super::*;
    use crate::markdown::{render, work};

    fn html(text: &str) -> String {
        render(text, "m").concat()
    }

    #[test]
    fn the_steps_grow_with_the_length_of_the_text() {
        for text in [
            |n: usize| "http://a ".repeat(n),
            |n| "https://a ".repeat(n),
            |n| "xhttp://".repeat(n),
            |n| format!("https://a{}", ")".repeat(n)),
            |n| format!("https://a{}", ").".repeat(n)),
            |n| "http".repeat(n),
            |n| "**".repeat(n),
            |n| "** a".repeat(n),
            |n| "**「a」**x".repeat(n),
        ] {
            let text = text(2_000);
            let looked = work::of(|| drop(read(vec![Event::Text(text.as_str().into())])));
            assert!(looked <= 6 * text.len(), "{looked} of {}: {}", text.len(), &text[..12]);
        }
    }

    #[test]
    fn japanese_words_are_strong_beside_their_punctuation() {
        for (text, strong) in [
            ("これは**「重要」**です", "「重要」"),
            ("**注意:**これは", "注意:"),
            ("**手順(準備)**を行う", "手順(準備)"),
            ("まず**第一に、**次へ", "第一に、"),
        ] {
            let html = html(text);
            assert!(html.contains(&format!("<strong>{strong}</strong>")), "{html}");
            assert!(!html.contains("**"), "{html}");
        }
    }

    #[test]
    fn marks_that_are_not_meant_stay() {
        for text in
            ["2 ** 3 ** 4", "a**\"b\"**c", r"これは\*\*「重要」\*\*です", "`これは**「x」**です`"]
        {
            let html = html(text);
            assert!(html.contains("**") && !html.contains("<strong>"), "{html}");
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
