//! What no line of the log may hold: where things are on this machine, the endpoint's address,
//! its key, and what was said.
//!
//! Errors of libraries carry such things in their words (SQLite a path, serde the text that it
//! could not read), and a log is copied into bug reports. So every line is looked at once more
//! before it is written. The line that says where the server listens goes to standard output, and
//! `companion config` and `companion doctor` speak to the owner at the terminal: those show paths.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::fmt::MakeWriter;

use crate::config::Config;

/// A shorter text would be found where it means nothing.
const NEEDLE_BYTES: usize = 5;

/// After these words serde repeats what it was given.
const QUOTING: [&str; 6] = [
    "invalid type: string \"",
    "invalid value: string \"",
    "invalid type: string \\\"",
    "invalid value: string \\\"",
    "unknown variant `",
    "unknown field `",
];

/// Replaces what must not be shown. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Redactor {
    /// What is replaced, and by what; the longer ones first.
    needles: Arc<[(String, &'static str)]>,
}

impl Redactor {
    /// For what this configuration names.
    pub fn new(config: &Config) -> Self {
        let mut found = Vec::new();
        let mut path = |path: Option<&Path>, name| {
            let Some(path) = path else { return };
            let real = path.canonicalize().ok();
            let paths = std::path::absolute(path).ok().into_iter().chain(real);
            found.extend(paths.map(|path| (path.display().to_string(), name)));
        };
        let settings = &config.settings;
        path(Some(&config.data_dir), "<data folder>");
        path(Some(&config.model_file), "<model file>");
        path(config.model_file.parent(), "<model folder>");
        path(settings.local.model_dir.as_deref(), "<model folder>");
        path(settings.prompts.prompts_dir.as_deref(), "<prompts folder>");
        path(settings.openai.api_key_file.as_deref(), "<key file>");
        path(config.file.as_deref(), "<configuration>");
        path(std::env::home_dir().as_deref(), "~");
        if let Some(url) = &config.base_url {
            found.push((url.clone(), "<endpoint>"));
            let authority =
                url.parse::<axum::http::Uri>().ok().and_then(|uri| uri.into_parts().authority);
            found.extend(authority.map(|authority| (authority.to_string(), "<endpoint>")));
        }
        if let Some(key) = &config.api_key {
            found.push((key.reveal().to_owned(), "***"));
        }
        Self::of(found)
    }

    fn of(found: Vec<(String, &'static str)>) -> Self {
        let mut needles = Vec::new();
        for (needle, name) in found {
            let json = serde_json::to_string(&needle).unwrap_or_default();
            let json = json.trim_matches('"').to_owned();
            let debug = needle.escape_debug().to_string();
            needles.extend([needle, json, debug].map(|needle| (needle, name)));
        }
        needles.retain(|(needle, _)| needle.trim_end_matches('/').len() >= NEEDLE_BYTES);
        needles.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
        needles.dedup_by(|(a, _), (b, _)| a == b);
        Self { needles: needles.into() }
    }

    /// The text without them.
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for (needle, name) in self.needles.iter() {
            if clean.contains(needle.as_str()) {
                clean = Cow::Owned(clean.replace(needle.as_str(), name));
            }
        }
        for before in QUOTING {
            if clean.contains(before) {
                clean = Cow::Owned(without_quoted(&clean, before));
            }
        }
        clean
    }
}

/// Leaves out what stands in quotes after `before`, which ends with the quote.
fn without_quoted(text: &str, before: &str) -> String {
    let quote = &before[before.trim_end_matches(['"', '`', '\\']).len()..];
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(before) {
        let (kept, quoted) = rest.split_at(at + before.len());
        clean.push_str(kept);
        clean.push('…');
        rest = &quoted[end_of(quoted, quote)..];
    }
    clean.push_str(rest);
    clean
}

/// Where a quoted text ends: at the first quote that is not escaped. In a line of JSON the quotes
/// themselves are escaped, and each backslash is there twice.
fn end_of(quoted: &str, quote: &str) -> usize {
    let pair = 2 * quote.len();
    let mut from = 0;
    while let Some(at) = quoted[from..].find(quote) {
        let end = from + at;
        let escapes = quoted[..end].bytes().rev().take_while(|byte| *byte == b'\\').count();
        if escapes % pair == 0 {
            return end;
        }
        from = end + quote.len();
    }
    quoted.len()
}

/// Writes lines to standard error, each of them clean.
#[derive(Clone, Debug)]
pub struct Writer(pub Redactor);

impl Write for Writer {
    /// The subscriber writes an event with one call.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        io::stderr().lock().write_all(self.0.clean(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_is_replaced_in_each_spelling() {
        let redactor = Redactor::of(vec![
            ("/home/me/data".to_owned(), "<data folder>"),
            ("/home/me".to_owned(), "~"),
            ("/srv/\"odd\" dir".to_owned(), "<model folder>"),
            ("sk-canary-7".to_owned(), "***"),
            ("/".to_owned(), "~"),
        ]);
        for (line, clean) in [
            ("cannot open /home/me/data/companion.db", "cannot open <data folder>/companion.db"),
            ("in /home/me/x and /home/you", "in ~/x and /home/you"),
            ("key sk-canary-7.", "key ***."),
            ("at /srv/\"odd\" dir/m.gguf", "at <model folder>/m.gguf"),
            ("{\"at\":\"/srv/\\\"odd\\\" dir/m\"}", "{\"at\":\"<model folder>/m\"}"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(redactor.clean(line), clean);
        }
    }

    #[test]
    fn what_a_reader_of_json_could_not_read_is_not_repeated() {
        let redactor = Redactor::of(Vec::new());
        for (line, clean) in [
            (
                "invalid type: string \"my \\\"secret\\\" text\", expected u32 at line 1",
                "invalid type: string \"…\", expected u32 at line 1",
            ),
            ("unknown variant `secret`, expected `a`", "unknown variant `…`, expected `a`"),
            (
                "{\"error\":\"invalid value: string \\\"a \\\\\\\"secret\\\", expected\"}",
                "{\"error\":\"invalid value: string \\\"…\\\", expected\"}",
            ),
            ("invalid type: string \"cut off", "invalid type: string \"…"),
        ] {
            assert_eq!(redactor.clean(line), clean);
        }
    }
}
