//! Protects this process and its files from other programs of the same machine.

#[cfg(target_os = "linux")]
mod environment;

use provider::Secret;
use rustix::fs::Mode;

use crate::config::Config;

/// The length from which a text is recognized as a secret wherever it is, in bytes.
const TELLING: usize = 8;

/// Must be called before any file is created, key is read or program is started.
///
/// Sets the umask, so that new files belong to the owner alone, whatever umask the shell had; the
/// store sets the modes of its own files as well. Also makes the process non-dumpable, so that no
/// other process of the same account can read its memory, its open files, or `/proc/PID/environ`.
/// As a consequence there are no core dumps, which the limit forbids as well, and a debugger or tracer
/// can attach only as root. Sources: PR_SET_DUMPABLE in prctl(2), ptrace(2), core(5).
pub fn begin() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Resource, Rlimit};
        use rustix::process::{set_dumpable_behavior, setrlimit};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            eprintln!("companion: other programs may read this one's memory: {error}");
        }
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        if let Err(error) = setrlimit(Resource::Core, none) {
            eprintln!("companion: a core dump is possible: {error}");
        }
    }
}

/// Removes the environment variables that contain a secret, so that `/proc/PID/environ` does not show
/// it for as long as the process lives, not even to root. Must be called after the configuration is
/// read, and before another thread uses the environment.
///
/// These are the variables whose value contains a secret of the configuration, and those that look
/// like secrets of other programs, which this one does not need.
pub fn forget_secrets(config: &Config) {
    #[cfg(target_os = "linux")]
    {
        let secrets = secrets(config);
        environment::forget(|name, value| {
            let has = |secret: &Secret| has_secret(value, secret.reveal().as_bytes());
            is_named_like_a_secret(name) || has_login(value) || secrets.iter().any(has)
        });
    }
    #[cfg(not(target_os = "linux"))]
    let _ = config;
}

/// The secrets that may have come from a variable.
fn secrets(config: &Config) -> Vec<Secret> {
    let keys = config.endpoints.iter().filter_map(|endpoint| endpoint.api_key.clone());
    let proxies = config.endpoints.iter().filter_map(|endpoint| endpoint.proxy.as_ref());
    let proxies = proxies.chain(&config.proxy).flat_map(provider_openai::ProxySetting::secrets);
    let at_provider = config.identity_provider.as_ref();
    let at_provider = at_provider.and_then(|provider| provider.settings.client_secret.clone());
    let all = keys.chain(config.api_key.clone()).chain(proxies).chain(at_provider);
    all.filter(|secret| !secret.reveal().is_empty()).collect()
}

/// Whether a variable's name says that it has a secret. Names of files with secrets are none.
fn is_named_like_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let parts = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDENTIALS"];
    let names = |part: &str| parts.contains(&part);
    name.split('_').any(names) && !name.ends_with("_FILE") || name == "PGPASSWORD"
}

/// Whether a value is an address with a login, as of a proxy or a database.
fn has_login(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let place = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next());
    place.flatten().is_some_and(|authority| authority.contains('@'))
}

/// Whether a value is the secret, or has it as a part. A short secret, such as the user of a login,
/// may be a part of any text by chance.
fn has_secret(value: &[u8], secret: &[u8]) -> bool {
    let is_part = || value.windows(secret.len()).any(|window| window == secret);
    value.trim_ascii() == secret || secret.len() >= TELLING && is_part()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_with_secrets_are_recognized() {
        for name in ["COMPANION_API_KEY", "OPENAI_API_KEY", "github_token", "AWS_SECRET_ACCESS_KEY"]
        {
            assert!(is_named_like_a_secret(name), "{name}");
        }
        for name in ["COMPANION_API_KEY_FILE", "HOME", "KEYBOARD", "LD_LIBRARY_PATH", "TOKENS"] {
            assert!(!is_named_like_a_secret(name), "{name}");
        }
        assert!(has_login(b"http://me:word@proxy:3128/"));
        assert!(!has_login(b"http://proxy:3128/a@b") && !has_login(b"me@host"));
        assert!(has_secret(b"Bearer sk-12345", b"sk-12345") && has_secret(b" me\n", b"me"));
        assert!(!has_secret(b"/home/me", b"me") && !has_secret(b"", b"a"));
    }
}
