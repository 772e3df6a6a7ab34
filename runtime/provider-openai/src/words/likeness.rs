//! Recognizes words that look like a key, an address, a path or an e-mail address; pure.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{ADDRESS, EMAIL, KEY, PATH, help, is_edge};

/// Beginnings of keys: OpenAI, Anthropic and many others, Stripe, Groq, xAI, Google, Hugging Face,
/// GitHub, AWS, Replicate, NVIDIA, Perplexity, Cerebras, JSON web tokens.
const KEYS: &[&str] = &[
    "sk-",
    "sk_",
    "pk-",
    "pk_",
    "rk_",
    "gsk_",
    "xai-",
    "aiza",
    "hf_",
    "ghp_",
    "gho_",
    "github_pat_",
    "akia",
    "r8_",
    "nvapi-",
    "pplx-",
    "csk-",
    "eyj",
];
/// Beginnings that ordinary words may have, too, so a digit must follow. Fireworks, and the ids of
/// accounts, projects and users at OpenAI and OpenRouter.
const IDS: &[&str] = &["fw_", "org-", "proj_", "proj-", "user_", "user-", "req_"];
/// The fewest characters that follow such a beginning in a key.
const KEY_REST: usize = 4;
/// A run of this many mixed letters and digits without a separator is random, hence a key.
const RUN: usize = 20;
/// The same for hexadecimal digits.
const HEX_RUN: usize = 12;

/// Endings of host names, beside the countries' endings of two letters.
const ENDS: &[&str] = &[
    "com",
    "net",
    "org",
    "edu",
    "gov",
    "mil",
    "int",
    "info",
    "biz",
    "dev",
    "app",
    "cloud",
    "online",
    "site",
    "tech",
    "xyz",
    "store",
    "page",
    "run",
    "host",
    "network",
    "systems",
    "services",
    "local",
    "localhost",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "svc",
    "cluster",
    "example",
    "invalid",
];

/// The length of the word at the beginning of `text`. A URL may contain characters that otherwise
/// end a word.
pub(super) fn end_of_word(text: &str) -> Option<usize> {
    let end = text.find(is_edge);
    let scheme = text.find("://").filter(|at| end.is_none_or(|end| *at < end));
    if scheme.is_none() {
        return end;
    }
    text.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'))
}

/// The replacement for a word that must not be shown.
pub(super) fn of(word: &str) -> Option<&'static str> {
    if help::is_page(word) {
        None
    } else if word.contains("://") || is_address(word) {
        Some(ADDRESS)
    } else if is_email(word) {
        Some(EMAIL)
    } else if is_path(word) {
        Some(PATH)
    } else {
        is_key(word).then_some(KEY)
    }
}

fn is_email(word: &str) -> bool {
    let Some((user, host)) = word.split_once('@') else { return false };
    !user.is_empty() && host.contains(|c: char| c.is_alphanumeric())
}

/// Whether a word contains a backslash, or a slash where a path would begin. A single slash between
/// letters is part of a model's name or of a list of choices, unless the word ends like a file.
fn is_path(word: &str) -> bool {
    if word.contains('\\') {
        return true;
    }
    let begins = word.char_indices().any(|(at, c)| {
        let before = word[..at].chars().next_back();
        let after = word[at + c.len_utf8()..].chars().next();
        c == '/'
            && before.is_none_or(|before| !before.is_alphanumeric() && before != '/')
            && after
                .is_some_and(|after| after.is_alphanumeric() || matches!(after, '.' | '_' | '~'))
    });
    let file = word.rsplit_once('/').and_then(|(_, last)| last.rsplit_once('.'));
    let is_file = file.is_some_and(|(name, end)| {
        !name.is_empty()
            && (1..=5).contains(&end.len())
            && end.chars().all(|c| c.is_ascii_alphabetic())
    });
    begins || is_file || word.contains("/home/") || word.contains("/usr/")
}

fn is_address(word: &str) -> bool {
    let authority = word.split('/').next().unwrap_or(word);
    // `user@host`, `1.2.3.4/24`, `fe80::1%eth0`.
    let bare = authority.split('%').next().unwrap_or(authority);
    if bare.parse::<Ipv6Addr>().is_ok() && bare.len() > 2 {
        return true;
    }
    has_ipv4(word) || is_host(authority)
}

fn has_ipv4(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_digit() && c != '.')
        .any(|part| part.trim_matches('.').parse::<Ipv4Addr>().is_ok())
}

/// A name with a known ending, `localhost`, or any name with a port.
fn is_host(authority: &str) -> bool {
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (authority, None),
    };
    let name = name.trim_end_matches('.').to_lowercase();
    let sound = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
        && name.chars().any(char::is_alphabetic);
    if !sound {
        return false;
    }
    let is_port = port.is_some_and(|port| {
        matches!(port.len(), 4..=5) && port.parse::<u16>().is_ok() && !name.contains('_')
    });
    let end = name.rsplit_once('.').filter(|(front, _)| !front.is_empty()).map(|(_, end)| end);
    let known = end.is_some_and(|end| {
        ENDS.contains(&end)
            || end.len() == 2 && end.chars().all(|c| c.is_ascii_alphabetic())
            || end.starts_with("xn--")
    });
    // `io`, `ai` and similar ones are endings of countries.
    name == "localhost" || is_port || known
}

/// Whether a part of an address is a key or an IP address.
pub(super) fn has_secret(text: &str) -> bool {
    is_key(text) || has_ipv4(text)
}

fn is_key(word: &str) -> bool {
    let lower = word.to_lowercase();
    let begins = KEYS.iter().any(|front| begins_with(&lower, front, false))
        || IDS.iter().any(|front| begins_with(&lower, front, true));
    // `abc***xyz`, `abc...xyz`.
    let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
    let masked = ["**", "...", "…", "••", "xxxx"].iter().any(|mask| inner.contains(mask))
        || word.contains("***");
    begins
        || masked
        || is_uuid(&lower)
        || word.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
}

/// Whether a part of the word begins with `front` and goes on like a key.
fn begins_with(word: &str, front: &str, needs_digit: bool) -> bool {
    word.match_indices(front).any(|(at, _)| {
        let starts = word[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        let rest: String = word[at + front.len()..].chars().take_while(|c| is_of_key(*c)).collect();
        let digits = !needs_digit || rest.contains(|c: char| c.is_ascii_digit());
        starts && digits && rest.chars().count() >= KEY_REST
    })
}

fn is_of_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '*' | '…')
}

fn is_random(run: &str) -> bool {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    let letters = run.len() - digits;
    let mixed = digits > 0 && letters > 0;
    let hex = run.chars().all(|c| c.is_ascii_hexdigit());
    run.len() >= RUN && mixed || run.len() >= HEX_RUN && mixed && hex || run.len() >= 2 * RUN
}

fn is_uuid(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_hexdigit() && c != '-').any(|part| {
        let lengths: Vec<_> = part.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12]
    })
}
