//! Removes from each line of the log what it must not hold: paths of this machine, the endpoint's
//! address, its key, and texts of users.
//!
//! The messages of libraries' errors contain such things (SQLite's a path, serde's the text that it
//! could not read), and logs are copied into bug reports. So every line is searched for them before
//! it is written. Standard output is not redacted: it gets the address at which the server listens,
//! and the output of `companion config` and `companion doctor`, which are for the owner and show
//! paths.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use provider_openai::ProxySetting;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::Config;

/// The shortest text in bytes that is replaced. A shorter one would be found by chance.
const NEEDLE_BYTES: usize = 5;

/// Beginnings of serde's messages that are followed by a quotation of the input. The ones with a
/// backslash are for logs in JSON, where quotation marks are escaped.
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
pub(super) struct Redactor {
    /// Pairs of a text and its replacement, the longer texts first.
    needles: Arc<[(String, &'static str)]>,
}

impl Redactor {
    /// A redactor for the paths, the endpoint and the key of this configuration.
    pub(super) fn new(config: &Config) -> Self {
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
        path(settings.model.prices_file.as_deref(), "<prices>");
        path(settings.openai.api_key_file.as_deref(), "<key file>");
        path(settings.oidc.oidc_client_secret_file.as_deref(), "<secret file>");
        path(settings.tls.tls_cert.as_deref(), "<certificate>");
        path(settings.tls.tls_key.as_deref(), "<certificate's key>");
        path(config.file.as_deref(), "<configuration>");
        path(std::env::home_dir().as_deref(), "~");
        let endpoints = &config.endpoints;
        for file in endpoints.iter().filter_map(|endpoint| endpoint.ca_file.as_deref()) {
            path(Some(file), "<certificates>");
        }
        let urls = endpoints.iter().map(|endpoint| &endpoint.base_url);
        for url in urls.chain(&config.base_url) {
            found.push((url.clone(), "<endpoint>"));
            let authority =
                url.parse::<axum::http::Uri>().ok().and_then(|uri| uri.into_parts().authority);
            found.extend(authority.map(|authority| (authority.to_string(), "<endpoint>")));
        }
        let keys = endpoints.iter().flat_map(|endpoint| {
            endpoint.api_key.iter().chain(endpoint.headers.iter().map(|(_, value)| value))
        });
        for key in keys.chain(&config.api_key) {
            found.push((key.reveal().to_owned(), "***"));
        }
        let at_provider = config.identity_provider.as_ref();
        if let Some(secret) =
            at_provider.and_then(|provider| provider.settings.client_secret.as_ref())
        {
            found.push((secret.reveal().to_owned(), "***"));
        }
        let proxies = endpoints.iter().filter_map(|endpoint| endpoint.proxy.as_ref());
        for secret in proxies.chain(&config.proxy).flat_map(ProxySetting::secrets) {
            found.push((secret.reveal().to_owned(), "<proxy>"));
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

    /// Replaces the texts, and leaves out what serde quotes.
    pub(super) fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
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

/// Replaces the quotations that follow `before` by `…`. `before` ends with the quotation mark.
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

/// Where a quotation ends, in bytes: at the first quotation mark that is not escaped. In a log line
/// of JSON the mark itself is escaped (`quote` is two bytes then), and each backslash is doubled.
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

/// Writes redacted lines to standard error.
#[derive(Clone, Debug)]
pub(super) struct Writer(pub Redactor);

impl Write for Writer {
    /// Redacts the bytes of one call. The subscriber writes each event with a single call.
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
    fn configured_texts_are_replaced_however_they_are_escaped() {
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
    fn input_that_serde_quotes_is_removed() {
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
