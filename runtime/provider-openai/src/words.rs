//! Makes an endpoint's error message safe to show to all users; pure.
//!
//! Error messages of real endpoints contain keys (masked or not), addresses, call stacks with
//! paths, e-mail addresses and account ids. Everything that looks like one of these is replaced,
//! and in doubt rather too much than too little (invariant 9). The addresses of pages for people
//! stay ([`help`]).

use protocol::limits::SAID_CHARS;
use provider::Secret;

use super::echo;

mod help;
mod likeness;

/// The most characters that are read. A word that crosses this limit is dropped as a whole.
const PLAIN_CHARS: usize = 4_000;

/// The replacements.
const KEY: &str = "[key]";
const ADDRESS: &str = "[address]";
const PATH: &str = "[path]";
const EMAIL: &str = "[e-mail]";

/// The secrets of this endpoint, which are replaced whatever they look like.
pub(crate) struct Known<'a> {
    pub(crate) secrets: Vec<&'a Secret>,
    /// The endpoint's host, authority and path, and its proxy's host.
    pub(crate) places: Vec<&'a str>,
}

/// Turns a text into one line without markup, control characters and repeated spaces.
pub(crate) fn plain(text: &str) -> String {
    let text = if text.trim_start().starts_with('<') { without_markup(text) } else { text.into() };
    let shown: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !hides(*c)).collect();
    let mut line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(PLAIN_CHARS) {
        let end = line[..end].rfind(' ').unwrap_or(0);
        line.truncate(end);
    }
    line
}

/// Replaces everything that looks like a key, an address, a path or an e-mail address.
pub(crate) fn cleaned(text: &str) -> String {
    let text = plain(text);
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let mut before = Before::default();
    while let Some(first) = rest.chars().next() {
        if is_edge(first) {
            clean.push(first);
            before.edge(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = likeness::end_of_word(rest).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        let bare = word.trim_end_matches(['.', ':', '!', '?']);
        match before.tells(bare).or_else(|| likeness::of(bare)) {
            Some(name) => clean.extend([name, &word[bare.len()..]]),
            None => clean.push_str(word),
        }
        before.word(word);
        rest = tail;
    }
    clean
}

/// Replaces the endpoint's own secrets in a [`cleaned`] text and cuts it to the limit. `None` if no
/// text is left, or if the key can still be recognized.
pub(crate) fn shown(cleaned: &str, known: &Known<'_>) -> Option<String> {
    let mut text = cleaned.to_owned();
    for secret in known.secrets.iter().filter(|secret| echo::is_secret(secret)) {
        text = text.replace(secret.reveal(), KEY);
        if echo::tells(&text, secret) {
            return None;
        }
    }
    // Shorter ones, such as `/v1`, reveal nothing.
    for place in known.places.iter().filter(|place| place.len() > 4) {
        text = without_pages_of(place, &text).replace(place, ADDRESS);
    }
    if let Some((end, _)) = text.char_indices().nth(SAID_CHARS) {
        let end = text[..end].char_indices().next_back().map_or(0, |(last, _)| last);
        text.truncate(end);
        text.push('…');
    }
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Removes addresses of pages at `place`. Replacing only the place would leave parts of them.
fn without_pages_of(place: &str, text: &str) -> String {
    let mut rest = text;
    let mut without = String::with_capacity(text.len());
    while let Some(at) = rest.find("https://") {
        let end = likeness::end_of_word(&rest[at..]).map_or(rest.len(), |end| at + end);
        let is_of_it = rest[at..end].to_lowercase().contains(&place.to_lowercase());
        without.push_str(&rest[..at]);
        without.push_str(if is_of_it { ADDRESS } else { &rest[at..end] });
        rest = &rest[end..];
    }
    without + rest
}

/// The text before a word, which may show what kind of word it is.
#[derive(Default)]
struct Before {
    word: String,
    /// Whether an equals sign or a colon is between the two.
    assigns: bool,
    quotes: bool,
}

impl Before {
    fn edge(&mut self, edge: char) {
        self.assigns |= edge == '=';
        self.quotes |= matches!(edge, '"' | '\'' | '`');
    }

    fn word(&mut self, word: &str) {
        self.assigns = word.ends_with(':');
        self.quotes = false;
        let word = word.trim_end_matches(':');
        if !word.is_empty() {
            self.word = word.to_lowercase();
        }
    }

    /// The replacement for a word after such text as `api_key=`, `"host": ` or `Bearer`.
    fn tells(&self, word: &str) -> Option<&'static str> {
        const KEYS: &[&str] = &[
            "api_key",
            "apikey",
            "api-key",
            "x-api-key",
            "password",
            "passwd",
            "secret",
            "token",
            "authorization",
        ];
        const PLACES: &[&str] =
            &["host", "hostname", "server", "url", "base_url", "api_base", "user", "username"];
        let before = self.word.as_str();
        if before == "bearer" && word.len() > 7 || before == "provided" && self.assigns {
            return Some(KEY);
        }
        if matches!(before, "enotfound" | "resolve" | "resolving") && word.len() > 1 {
            return Some(ADDRESS);
        }
        if !self.assigns || word.is_empty() {
            return None;
        }
        let sure = self.quotes || word.contains(|c: char| c.is_ascii_digit());
        let keys = KEYS.contains(&before) || before.ends_with("_key") || before == "key" && sure;
        if keys { Some(KEY) } else { PLACES.contains(&before).then_some(ADDRESS) }
    }
}

/// Whether a character separates words.
fn is_edge(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>')
        || matches!(
            c,
            ',' | ';' | '=' | '|' | '“' | '”' | '‘' | '’' | '«' | '»' | '、' | '。' | '「' | '」'
        )
}

/// Whether a character is invisible, or changes the direction of the text around it.
fn hides(c: char) -> bool {
    matches!(u32::from(c), 0xad | 0x61c | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xfeff)
}

/// The text of an HTML page, without its scripts and styles.
fn without_markup(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        text.push(' ');
        rest = &rest[open..];
        let skipped = ["script", "style"].into_iter().find(|name| begins_with(&rest[1..], name));
        let end = match skipped {
            Some(name) => find_end(rest, name),
            None => rest.find('>').map(|end| end + 1),
        };
        rest = end.map_or("", |end| &rest[end..]);
    }
    text.push_str(rest);
    [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text, |text, (entity, sign)| text.replace(entity, sign))
}

fn begins_with(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|front| front.eq_ignore_ascii_case(name))
}

/// The position after the closing tag with that name.
fn find_end(text: &str, name: &str) -> Option<usize> {
    let close = text.match_indices("</").find(|(at, _)| begins_with(&text[at + 2..], name))?.0;
    text[close..].find('>').map(|end| close + end + 1)
}

#[cfg(test)]
mod tests;
