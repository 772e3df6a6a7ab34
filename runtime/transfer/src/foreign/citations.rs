//! The marks that programs leave in a text where they show a source or a name. ChatGPT: between
//! characters of private use (`cite` and the number of a result), between lenticular brackets with a
//! dagger, or `:contentReference[oaicite:0]{index=0}`. DeepSeek: `[citation:1]`. They become links
//! where the export holds the address, the name where it is one, and go else.
//!
//! Sources: <https://github.com/pionxzh/chatgpt-exporter>, the fields of real exports in
//! <https://github.com/danny-avila/LibreChat> (`chatgpt-citations.json`), and
//! <https://en.wikipedia.org/wiki/Wikipedia:Signs_of_AI_writing> (`contentReference`).

use std::collections::HashMap;

use super::super::json::{Document, Json};

const BEGIN: char = '\u{e200}';
const END: char = '\u{e201}';
const BETWEEN: char = '\u{e202}';
/// The characters that delimit marks in such texts.
const MARKS: std::ops::RangeInclusive<char> = '\u{e200}'..='\u{e206}';

/// How the marks begin that have a number alone: ChatGPT's, with the number of a source, and DeepSeek's.
const REFERENCE: &str = ":contentReference[oaicite:";
const CITATION: &str = "[citation:";

/// The longest mark in bytes; anything longer is text.
const MARK_BYTES: usize = 4096;
/// The most links for one mark.
const LINKS: usize = 5;
/// The most references without an end mark; each is searched for in the text.
const UNENDED: usize = 64;

/// The text with its marks replaced or removed.
pub(super) fn cleaned(text: &str, metadata: Option<Json<'_>>) -> String {
    let has_mark = text.contains(|c| MARKS.contains(&c)) || text.contains('†');
    if !has_mark && !text.contains(REFERENCE) {
        return text.to_owned();
    }
    let known = References::of(text, metadata);
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(|c| MARKS.contains(&c) || c == '【' || c == ':') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (replaced, length) = known.mark(rest);
        let is_mark = rest[..length] != replaced;
        rest = &rest[length..];
        if is_mark { put(&mut out, &replaced, rest) } else { out.push_str(&replaced) }
    }
    out.push_str(rest);
    out
}

/// The text of DeepSeek's with links or nothing in the place of its marks, by the results of its
/// search: a mark names the `cite_index` of one, or its place among older ones, which have none.
pub(super) fn numbered<'d>(text: &str, results: impl Iterator<Item = Json<'d>>) -> String {
    if !text.contains(CITATION) {
        return text.to_owned();
    }
    let links: HashMap<u64, String> = (1..)
        .zip(results)
        .filter_map(|(place, result)| {
            let index = result.get("cite_index").and_then(Json::number);
            let number = index.map_or(place, |index| index as u64);
            Some((number, link(result)?))
        })
        .collect();
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(CITATION) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match number_in(&rest[CITATION.len()..], "]") {
            Some((number, length)) => {
                rest = &rest[CITATION.len() + length..];
                put(&mut out, links.get(&number).map_or("", String::as_str), rest);
            }
            None => {
                out.push_str(CITATION);
                rest = &rest[CITATION.len()..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The number at the beginning of a text, and how many bytes it and what ends it have.
fn number_in(text: &str, end: &str) -> Option<(u64, usize)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    text[digits..].starts_with(end).then_some(())?;
    Some((text[..digits].parse().ok()?, digits + end.len()))
}

/// Adds what stands for a mark before `rest`, without the space that was there for the mark.
fn put(out: &mut String, replaced: &str, rest: &str) {
    if replaced.is_empty() {
        let ends = rest.chars().next().is_none_or(|c| c.is_whitespace() || ".,;:!?)".contains(c));
        if ends && out.ends_with(' ') {
            out.pop();
        }
    } else if replaced.starts_with('[') && out.ends_with(|c: char| c.is_alphanumeric() || c == ')')
    {
        out.push(' ');
    }
    out.push_str(replaced);
}

/// The replacements for the marks that the export describes.
struct References<'d> {
    by_mark: HashMap<&'d str, String>,
    /// Marks without an end character.
    unended: Vec<&'d str>,
}

impl<'d> References<'d> {
    fn of(text: &'d str, metadata: Option<Json<'d>>) -> Self {
        let (mut by_mark, mut unended) = (HashMap::new(), Vec::new());
        let Some(metadata) = metadata else { return Self { by_mark, unended } };
        for reference in metadata.items_of("content_references") {
            let Some(mark) = reference.text_of("matched_text") else { continue };
            if !mark.starts_with([BEGIN, '【']) && !mark.starts_with(REFERENCE) {
                continue;
            }
            if mark.starts_with(BEGIN) && !mark.ends_with(END) && unended.len() < UNENDED {
                unended.push(mark);
            }
            by_mark.insert(mark, stand_in(reference, mark));
        }
        // Older exports describe a mark by its position in the text, in characters.
        if let Some(citations) = metadata.get("citations").filter(|_| text.contains('【')) {
            let places: Vec<usize> =
                text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            for citation in citations.items() {
                let place = |name: &str| {
                    let index = citation.get(name)?.number()?;
                    (index >= 0.0).then(|| places.get(index as usize).copied())?
                };
                let (Some(begin), Some(end)) = (place("start_ix"), place("end_ix")) else {
                    continue;
                };
                let mark = text.get(begin..end).filter(|mark| mark.starts_with('【'));
                let link = citation.get("metadata").and_then(link);
                if let (Some(mark), Some(link)) = (mark, link) {
                    by_mark.insert(mark, link);
                }
            }
        }
        Self { by_mark, unended }
    }

    /// The replacement for the mark at the beginning of `text`, and the mark's length in bytes.
    fn mark(&self, text: &str) -> (String, usize) {
        let first = text.chars().next().unwrap_or(BEGIN);
        let window = &text[..floor(text, MARK_BYTES)];
        if first == ':' {
            // On a line of its own it begins with two colons.
            let colons = usize::from(window.starts_with("::"));
            let reference = window[colons..].strip_prefix(REFERENCE);
            let length = reference.and_then(|rest| {
                let (_, first) = number_in(rest, "]{index=")?;
                let (_, second) = number_in(&rest[first..], "}")?;
                Some(REFERENCE.len() + first + second)
            });
            return match length {
                Some(length) => {
                    let mark = &window[colons..colons + length];
                    (self.by_mark.get(mark).cloned().unwrap_or_default(), colons + length)
                }
                None => (first.to_string(), first.len_utf8()),
            };
        }
        if first == '【' {
            let end = window.find('】').map(|at| at + '】'.len_utf8());
            return match end.map(|end| &text[..end]).filter(|mark| mark.contains('†')) {
                Some(mark) => (self.by_mark.get(mark).cloned().unwrap_or_default(), mark.len()),
                None => (first.to_string(), first.len_utf8()),
            };
        }
        if first != BEGIN {
            return (String::new(), first.len_utf8());
        }
        if let Some(end) = window.find(END) {
            let mark = &text[..end + END.len_utf8()];
            // The end may belong to a later mark, after one without an end.
            if !mark[BEGIN.len_utf8()..].contains(BEGIN) {
                let known = self.by_mark.get(mark).filter(|known| !known.is_empty());
                return (known.cloned().unwrap_or_else(|| name_in(mark)), mark.len());
            }
        }
        match self.unended.iter().find(|mark| text.starts_with(**mark)) {
            Some(mark) => (self.by_mark[mark].clone(), mark.len()),
            None => (String::new(), first.len_utf8()),
        }
    }
}

/// The replacement for a reference.
fn stand_in(reference: Json<'_>, mark: &str) -> String {
    let links: Vec<String> = reference.items_of("items").filter_map(link).take(LINKS).collect();
    if !links.is_empty() {
        return links.join(" ");
    }
    if let Some(link) = link(reference) {
        return link;
    }
    let kind = reference.text_of("type").unwrap_or_default();
    let safe = reference.items_of("safe_urls").find_map(Json::text).and_then(address);
    if let Some(address) = safe.filter(|_| kind.contains("web")) {
        return linked(reference.text_of("title"), &address);
    }
    let named = name_in(mark);
    if named.is_empty() || !mark.contains("entity") {
        return named;
    }
    // The name as ChatGPT shows it.
    let alt = reference.text_of("alt").filter(|alt| !alt.is_empty());
    alt.map_or(named, str::to_owned)
}

fn link(source: Json<'_>) -> Option<String> {
    let address = address(source.text_of("url")?)?;
    Some(linked(source.first_of(&["title", "attribution", "name"]).and_then(Json::text), &address))
}

fn linked(title: Option<&str>, address: &str) -> String {
    let host = address.split('/').nth(2).unwrap_or(address);
    let title = title.map(str::trim).filter(|title| !title.is_empty()).unwrap_or(host);
    let title: String = title
        .chars()
        .map(|c| match c {
            '[' => '(',
            ']' => ')',
            c if c.is_control() || MARKS.contains(&c) => ' ',
            c => c,
        })
        .take(100)
        .collect();
    format!("[{title}]({address})")
}

/// A web address, escaped for Markdown's parentheses.
fn address(url: &str) -> Option<String> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    let plain =
        !url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"`\\".contains(c));
    (web && plain && url.len() <= 2000).then(|| url.replace('(', "%28").replace(')', "%29"))
}

/// The name in a mark that contains one, such as a place; empty for other marks.
fn name_in(mark: &str) -> String {
    let inner = mark.trim_matches(|c| MARKS.contains(&c));
    let mut fields = inner.split(BETWEEN);
    match (fields.next(), fields.next()) {
        (Some("entity"), Some(json)) => Document::parse(json)
            .ok()
            .and_then(|read| read.root().items().nth(1)?.text().map(str::to_owned))
            .unwrap_or_default(),
        (Some("url"), Some(title)) => match fields.next().and_then(address) {
            Some(address) => linked(Some(title), &address),
            None => title.to_owned(),
        },
        _ => String::new(),
    }
}

/// The last character boundary at or before byte `most`.
fn floor(text: &str, most: usize) -> usize {
    let most = most.min(text.len());
    (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str, metadata: &str) -> String {
        let read = Document::parse(metadata).unwrap();
        cleaned(text, Some(read.root()))
    }

    #[test]
    fn citation_marks_become_links_or_names_or_are_removed() {
        let cite = "\u{e200}cite\u{e202}turn0search1\u{e202}turn0search3\u{e201}";
        let entity = "\u{e200}entity\u{e202}[\"place\",\"Lake\",0]\u{e201}";
        let known = serde_json::json!({ "content_references": [
            { "matched_text": cite, "type": "grouped_webpages", "items": [
                { "title": "Herons [1]", "url": "https://example.com/heron_(bird)" },
                { "title": "No", "url": "javascript:alert(1)" },
            ]},
            { "matched_text": " ", "type": "sources_footnote" },
        ]})
        .to_string();
        for (text, metadata, expected) in [
            (format!("A heron {cite} by the {entity} here."), "{}", "A heron by the Lake here."),
            (format!("A heron {cite}."), "{}", "A heron."),
            (
                format!("A heron{cite}."),
                &*known,
                "A heron [Herons (1)](https://example.com/heron_%28bird%29).",
            ),
            ("A【4†source】, b 【11:0†a.pdf】.".to_owned(), "{}", "A, b."),
            ("「【重要】」と†".to_owned(), "{}", "「【重要】」と†"),
            (
                "日本【1†source】です。".to_owned(),
                r#"{"citations":[{"start_ix":2,"end_ix":12,"metadata":{"title":"T","url":"https://a.example/"}}]}"#,
                "日本 [T](https://a.example/)です。",
            ),
            (
                "a \u{e200}url\u{e202}Title\u{e202}https://a.example/\u{e201}".to_owned(),
                "{}",
                "a [Title](https://a.example/)",
            ),
            ("x \u{e203}range\u{e204} y \u{e200}cut off".to_owned(), "{}", "x range y cut off"),
            (
                "A: pretrained :contentReference[oaicite:0]{index=0} model :contentReference[oaicite:1]{index=1}.\n::contentReference[oaicite:2]{index=2}"
                    .to_owned(),
                "{}",
                "A: pretrained model.\n",
            ),
            (
                "See :contentReference[oaicite:0]{index=0}; :contentReference[oaicite:x]{index=0}"
                    .to_owned(),
                r#"{"content_references":[{"matched_text":":contentReference[oaicite:0]{index=0}","title":"T","url":"https://t.example/"}]}"#,
                "See [T](https://t.example/); :contentReference[oaicite:x]{index=0}",
            ),
            (
                "See \u{e200}url\u{e202}Tesla\u{e202}!".to_owned(),
                "{\"content_references\":[{\"type\":\"webpage\",\"title\":\"Tesla\",\"matched_text\":\"\u{e200}url\u{e202}Tesla\u{e202}\",\"safe_urls\":[\"https://t.example/\"]}]}",
                "See [Tesla](https://t.example/)!",
            ),
        ] {
            assert_eq!(clean(&text, metadata), expected, "{text}");
        }
    }

    #[test]
    fn numbered_citations_become_links_or_are_removed() {
        for (text, results, expected) in [
            (
                "Rinse it [citation:1]. Two cups [citation:2][citation:1], and so on[citation:9].",
                r#"[{"cite_index":1,"title":"Rice","url":"https://a.example/"},{"cite_index":2,"url":"https://b.example/"}]"#,
                "Rinse it [Rice](https://a.example/). Two cups [b.example](https://b.example/) \
                 [Rice](https://a.example/), and so on.",
            ),
            (
                "Sunny [citation:2]",
                r#"[{"url":"https://a.example/"},{"url":"https://b.example/"}]"#,
                "Sunny [b.example](https://b.example/)",
            ),
            (
                "Hello [citation:1] there [citation:5].",
                r#"[{"cite_index":1,"url":"javascript:alert(1)"}]"#,
                "Hello there.",
            ),
            ("a [citation:x] b [citation:", "[]", "a [citation:x] b [citation:"),
        ] {
            let read = Document::parse(results).unwrap();
            assert_eq!(numbered(text, read.root().items()), expected, "{text}");
        }
    }
}
