//! An answer as a model may write it, rendered whole and as it comes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{HtmlPatch, MessageId};
use render::{Budget, Live, render};

/// What runs, loads, or takes what a person types.
const FORBIDDEN: [&str; 22] = [
    "applet", "audio", "base", "body", "button", "embed", "form", "frame", "html", "iframe", "img",
    "link", "meta", "object", "script", "select", "source", "style", "svg", "template", "textarea",
    "video",
];

/// How the buttons at the head of a code block begin, which the renderer itself writes.
const BUTTON: &str = "button class=\"code-act\" type=\"button\" data-do=\"";

fuzz_target!(|data: (u8, &str)| {
    let (piece_chars, text) = data;
    let id = MessageId::from_parts(1, [1; 10]);
    let whole = render(text, &id.to_string());
    for block in &whole {
        is_harmless(block);
    }
    let (mut live, mut shown) = (Live::new(id, String::new(), Vec::new()), Vec::new());
    let chars: Vec<char> = text.chars().collect();
    let mut so_far = String::new();
    for piece in chars.chunks(usize::from(piece_chars) + 1) {
        let piece: String = piece.iter().collect();
        so_far.push_str(&piece);
        take(&mut shown, live.push(&piece, &Budget::default()));
        for block in &shown {
            is_harmless(block);
        }
        // A longer text is not rendered for every piece.
        if so_far.len() < 4 * 1024 {
            let mut at_once = Vec::new();
            let mut fresh = Live::new(id, String::new(), Vec::new());
            take(&mut at_once, fresh.push(&so_far, &Budget::default()));
            assert_eq!(shown, at_once, "it is not what all that has come is at once");
        }
    }
    take(&mut shown, live.finish(&Budget::default()));
    assert_eq!(shown, whole, "it is not as it was while it came");
});

fn take(shown: &mut Vec<String>, patch: Option<HtmlPatch>) {
    let Some(patch) = patch else { return };
    assert!(patch.from <= shown.len());
    patch.apply(shown);
}

/// One element, balanced, without anything that could act by itself.
fn is_harmless(block: &str) {
    let (mut rest, mut open) = (block, Vec::new());
    while let Some(at) = rest.find('<') {
        assert!(at == 0 || !open.is_empty(), "text beside the element: {block}");
        let tag = &rest[at + 1..];
        let end = end_of(tag).unwrap_or_else(|| panic!("a tag without an end: {block}"));
        let inner = &tag[..end];
        rest = &tag[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{block}");
            assert!(!open.is_empty() || rest.is_empty(), "more than one element: {block}");
            continue;
        }
        let name = inner.split([' ', '/']).next().unwrap_or_default();
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{block}");
        let is_our_button = inner.starts_with(BUTTON);
        assert!(is_our_button || !FORBIDDEN.contains(&name), "{block}");
        attributes(&inner[name.len()..], block);
        let empty = inner.ends_with('/') || matches!(name, "br" | "hr" | "input");
        if !empty {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{block}");
}

/// Where a tag ends, which is not within a quoted value.
fn end_of(tag: &str) -> Option<usize> {
    let mut quoted = false;
    tag.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    })
}

fn attributes(mut text: &str, block: &str) {
    while let Some((name, rest)) = text.split_once("=\"") {
        let name = name.trim();
        let (value, after) = rest.split_once('"').unwrap_or_else(|| panic!("{block}"));
        assert!(!name.starts_with("on") && name != "src" && name != "style", "{block}");
        if name == "href" {
            let known = ["http:", "https:", "mailto:", "#note-"];
            let value = value.to_ascii_lowercase();
            assert!(known.iter().any(|scheme| value.starts_with(scheme)), "{block}");
        }
        text = after;
    }
}
