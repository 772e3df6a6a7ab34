//! Recognizes addresses of pages for people, which errors often refer to; pure.
//!
//! Only addresses that are certainly such pages are kept: https, a public name, no login, no port,
//! no text that looks like a key and no path that looks like an API.

use super::likeness;

/// Labels of names in private networks, or of machines that serve programs.
const LABELS: &[&str] = &[
    "api", "gateway", "proxy", "llm", "gpu", "vpn", "internal", "intranet", "corp", "private",
    "local", "lan", "home", "staging",
];
/// Public endings of names, beside the countries' endings of two letters.
const ENDS: &[&str] = &["com", "org", "net", "dev", "edu", "gov"];
/// Parts of paths that belong to APIs.
const PATHS: &[&str] = &["/v1", "/v2", "/openai/", "/deployments/", "/chat/completions", "/api/"];
/// Names, or parts of names, of parameters with secrets.
const SECRETS: &[&str] =
    &["key", "token", "secret", "sig", "pass", "auth", "code", "session", "cred", "jwt", "user"];
/// The longest value of a parameter that is kept, in characters; keys are longer.
const VALUE: usize = 20;

/// Whether a word is the address of a page for people.
pub(super) fn is_page(word: &str) -> bool {
    let word = word.trim_end_matches([')', ']', '}', ',', ';', '.', '*', ':']);
    let Some(rest) = word.strip_prefix("https://") else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/#%?=&+".contains(c);
    if !rest.chars().all(is_plain) || likeness::has_secret(rest) {
        return false;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    is_public(host) && is_readable(&path.to_ascii_lowercase())
}

fn is_public(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let labels: Vec<_> = host.split('.').collect();
    let [front @ .., end] = labels.as_slice() else { return false };
    let is_country = end.len() == 2 && end.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_country || ENDS.contains(end))
        && (1..=2).contains(&front.len())
        && front.iter().all(|label| !label.is_empty() && !label.contains('%'))
        && !front.iter().any(|label| LABELS.contains(label) || label.starts_with("xn--"))
}

fn is_readable(path: &str) -> bool {
    let query = path.find('?').map_or("", |at| &path[at + 1..]);
    let parameters = query.split(['&', '#']).all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        value.len() <= VALUE
            && name.len() <= VALUE
            && !SECRETS.iter().any(|secret| name.contains(secret))
    });
    parameters && !PATHS.iter().any(|part| path.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_help_pages_are_kept() {
        for kept in [
            // OpenAI, LiteLLM, Google, pydantic, Microsoft, OpenRouter, Groq.
            "https://platform.openai.com/account/api-keys",
            "https://help.openai.com/en/articles/10910291-api-organization-verification",
            "https://docs.litellm.ai/docs/proxy/virtual_keys).",
            "https://ai.google.dev/gemini-api/docs/rate-limits",
            "https://errors.pydantic.dev/2.11/v/literal_error",
            "https://aka.ms/oai/quotaincrease,",
            "https://learn.microsoft.com/azure/ai?tabs=python#limits",
            "https://openrouter.ai/settings/credits",
            "https://console.groq.com/docs/reasoning",
        ] {
            assert!(is_page(kept), "{kept}");
        }
        for hidden in [
            "http://platform.openai.com/account",
            "https://me:secret@platform.openai.com/",
            "https://platform.openai.com:8443/x",
            "https://192.168.7.7/help",
            "https://localhost/help",
            "https://gpu-box/help",
            "https://gpu.canary.internal/help",
            "https://llm.firm.com/help",
            "https://a.b.c.firm.com/help",
            "https://api.openai.com/v1/chat/completions",
            "https://firm.openai.azure.com/openai/deployments/d",
            "https://docs.firm.com/x?key=hunter2",
            "https://docs.firm.com/x?t=sk-canary-0123456789",
            "https://docs.firm.com/x?t=abcdefghijklmnopqrstuvwxyz",
            "https://docs.firm.com/sk-canary-0123456789",
            "https://docs.firm.com/123e4567-e89b-12d3-a456-426614174000",
            "https://docs.firm.com/88dc28d0f030c55ed4ab77ed8faf0981",
            "https://docs.firm.com/x|/home/canary/key",
            "https://docs.firm.com/x,canary@firm.example",
            "https://xn--80ak6aa92e.com/",
            "https://.com/",
            "https://",
        ] {
            assert!(!is_page(hidden), "{hidden}");
        }
    }
}
